"""What a line of output, or a message of an executor, says about the work: progress, its result, or neither. Pure.

`telling` passes it on to a session.
"""

from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from lamplighter_contracts.executors import Progress, Result
from lamplighter_contracts.usage import Usage

LINE_LIMIT: Final = 64 * 1024
"""Bytes of one line. A longer one is log."""
MOST_USED: Final = 10**12
"""Of anything that one report counts. More is nonsense, and would not fit where sums are kept."""

_WORDS = frozenset({"step", "usage", "effect", "result"})

Said = TypeVar("Said", Progress, Result)


def read_line(text: str) -> Progress | Result | None:
    """None where it is log.

    A JSON object with `result` is a result, completed unless its `outcome` is failed; otherwise one with `step`,
    `usage` or `effect` is progress. With a value of a wrong type it is neither.
    """
    if not text.startswith("{"):
        return None
    try:
        said = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    words = _WORDS & said.keys()
    if not words or any(said[word] is None for word in words):
        return None
    return _as(Result, {"outcome": "completed"} | said) if "result" in words else _as(Progress, said)


def is_sane(usage: Usage | None) -> bool:
    """Whether it can be added to others: there are numbers that no run can reach, infinity among them."""
    return usage is None or all(value <= MOST_USED for value in usage.model_dump().values())


def _as(model: type[Said], said: object) -> Said | None:
    try:
        made = model.model_validate(said)
    except ValidationError:
        return None
    return made if is_sane(made.usage) else None
