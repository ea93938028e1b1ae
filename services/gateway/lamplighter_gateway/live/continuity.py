"""Whether the lines of a log follow each other: what is missing, and what was there before. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class Numbered(Protocol):
    @property
    def number(self) -> int: ...


L = TypeVar("L", bound=Numbered)


@dataclass(frozen=True, slots=True)
class Missing:
    """The lines `first` to `last` of an attempt cannot be shown."""

    attempt: int
    first: int
    last: int


@dataclass
class Continuity:
    """Lines count from 1 within each attempt.

    A reading `from_start` knows where to expect the first; one that resumes learns it from the batch at which it
    resumes (`seed`), or else from the first that comes.
    """

    from_start: bool
    _last: dict[int, int] = field(default_factory=dict)

    def seed(self, attempt: int, number: int) -> None:
        """The caller has everything up to this line."""
        self._last[attempt] = max(number, self._last.get(attempt, 0))

    def admit(self, attempt: int, lines: Sequence[L]) -> tuple[Missing | None, list[L]]:
        """What is missing before these lines, and those of them that are new."""
        if not self.from_start and not self._last and lines:
            self.seed(attempt, lines[0].number - 1)
        last = self._last.setdefault(attempt, 0)
        fresh = [line for line in lines if line.number > last]
        if not fresh:
            return None, []
        self._last[attempt] = fresh[-1].number
        first = fresh[0].number
        return (Missing(attempt, last + 1, first - 1) if first > last + 1 else None), fresh

    def missing_at_end(self, attempt: int, lines: int) -> Missing | None:
        """What is missing of an attempt that is known to have had so many lines."""
        last = self._last.get(attempt, 0)
        return Missing(attempt, last + 1, lines) if lines > last else None
