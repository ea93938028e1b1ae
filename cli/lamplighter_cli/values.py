"""How the values of options are read. What cannot be read is refused before anything is asked."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import typer

from lamplighter_cli import moments, spans


class Every(NamedTuple):
    seconds: int
    start: datetime | None


def reading(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """`read` as an option takes it: what it raises becomes a line that names the option."""

    def value(text: str) -> Any:
        try:
            return read(text)
        except ValueError as wrong:
            raise typer.BadParameter(str(wrong)) from None

    return value


def _number(text: str) -> int:
    given = text.strip()
    if not (given.isascii() and given.isdecimal() and int(given) > 0):
        raise ValueError(f"{text!r} is not a whole number of 1 or more")
    return int(given)


def _amount(text: str) -> int | float:
    try:
        given = float(text)
    except ValueError:
        given = math.nan
    if not (math.isfinite(given) and given >= 0):
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return int(given) if given.is_integer() else given


def _every(text: str) -> Every:
    length, _, start = text.strip().partition(" from ")
    found = Every(spans.seconds(length), moments.read(start) if start else None)
    if not found.seconds:
        raise ValueError(f"{text!r} is no time at all: write a span such as 90s, 15m or 2h")
    return found


span = reading(spans.seconds)
moment = reading(moments.read)
number = reading(_number)
amount = reading(_amount)
every = reading(_every)


def word(text: str) -> str:
    """One of several words: `queue-one` and `queue_one` are the same."""
    return text.strip().lower().replace("-", "_")
