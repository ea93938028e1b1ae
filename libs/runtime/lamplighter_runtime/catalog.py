"""An object of the catalog, as the last message of its key has it."""

from typing import TypeVar

from lamplighter_contracts.envelope import OPERATION_HEADER
from lamplighter_contracts.fields import Model
from lamplighter_runtime.latest import Last

M = TypeVar("M", bound=Model)


def read_item(model: type[M], last: Last | None) -> M | None:
    """With its revision; None where there is no object, or only the marker of its end.

    Raises pydantic's `ValidationError`.
    """
    if last is None or OPERATION_HEADER in last.headers:
        return None
    item = model.model_validate_json(last.body)
    # Frozen, but nobody else has it yet: a copy would take as long as a fifth of the reading.
    object.__setattr__(item, "revision", last.sequence)
    return item
