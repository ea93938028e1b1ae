"""`2026-12-25` and `2026-12-24..2027-01-01`: local days on which a job must not run."""

import re
from dataclasses import dataclass
from datetime import date

from .errors import ScheduleError

_DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?", re.ASCII)
_EXAMPLES = "such as '2026-12-25', or '2026-12-24..2027-01-01' for all the days from one to the other"


@dataclass(frozen=True, slots=True)
class DateRange:
    """The local days from `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}..{self.last}"


def parse_dates(text: str) -> DateRange:
    """The day or days that `text` names. Raises ScheduleError."""
    found = _DATES.fullmatch(text.strip())
    if found is None:
        raise _refusal(text, f"cannot be read: write a day as year-month-day, {_EXAMPLES}")
    first = _day(found[1], text)
    last = _day(found[2], text) if found[2] else first
    if last < first:
        raise _refusal(text, f"end before they begin: write the earlier day first, '{last}..{first}'")
    return DateRange(first, last)


def _day(written: str, text: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _refusal(text, f"name a day that does not exist, {written}: write one {_EXAMPLES}") from None


def _refusal(text: str, problem: str) -> ScheduleError:
    return ScheduleError("exclude_dates", f"The dates {text!r} {problem}.")
