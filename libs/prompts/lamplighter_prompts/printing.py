"""What each `{{ }}` of a prompt prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import PromptError
from .facts import Facts
from .labels import labelled
from .notation import as_json
from .readings import Budget
from .vocabulary import LARGEST_RESULT

MISSING = object()
"""What stands for an expression without a value: the engine would hand over None, as for a null."""


@dataclass(frozen=True)
class Print:
    """A `{{ }}` as it is written, and whether it mentions data from outside."""

    written: str
    line: int
    is_data: bool


class Printer:
    """The printer of one rendering."""

    def __init__(self, facts: Facts, prints: Sequence[Print], budget: Budget) -> None:
        self.facts = facts
        self.budget = budget
        self._prints = prints
        self._room = LARGEST_RESULT

    def printed(self, value: Any, index: int) -> str:
        """Raises PromptError where there is no value, or no room for it."""
        asked = self._prints[index]
        self.budget.take()
        if value is MISSING:
            raise no_value(asked.line, asked.written)
        text = labelled(asked.written, value) if asked.is_data else plain(value)
        self._room -= len(text)
        if self._room < 0:
            raise too_large()
        return text


def plain(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)[0]


def no_value(line: int, what: str) -> PromptError:
    advice = 'where it may be absent, write `| default("...")` after it.'
    return PromptError(f"Line {line}: `{what}` has no value this time: {advice}")


def too_large() -> PromptError:
    return PromptError(
        f"The prompt becomes larger than {LARGEST_RESULT // 1024} KiB: print less of its data."
    )
