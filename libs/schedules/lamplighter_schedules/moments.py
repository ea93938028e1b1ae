"""One moment as people write it: `2026-12-01T09:00:00Z`, or `2026-12-01 09:00` by the clocks of a zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .errors import ScheduleError
from .firing import first_shown

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_EXAMPLES = "such as '2026-12-01T09:00:00Z', or '2026-12-01 09:00' for the local time"


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is in UTC. `wall` is what was written, naive, where that was a local time."""

    at: datetime
    wall: datetime | None


def read_moment(text: str, zone: ZoneInfo, expression: str) -> Moment:
    """The moment that `text` names. A local time that the clocks skip is right after the jump, and one that they
    show twice is the first. Raises ScheduleError about `expression`, which holds `text`.
    """
    written = _read(text, expression)
    if not _FIRST_YEAR <= written.year <= _LAST_YEAR:
        raise _refusal(expression, f"{text!r} is not in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    if written.tzinfo is None:
        return Moment(first_shown(written, zone), written)
    return Moment(written.astimezone(UTC), None)


def _read(text: str, expression: str) -> datetime:
    if not _MOMENT.fullmatch(text.upper()):
        raise _refusal(expression, f"{text!r} is not a date and a time to the minute or second")
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise _refusal(expression, f"{text!r} names a day or a time of day that does not exist") from None


def _refusal(expression: str, problem: str) -> ScheduleError:
    return ScheduleError(
        "schedule", f"The schedule {expression!r} cannot be read: {problem}; write one {_EXAMPLES}."
    )


def rfc3339(at: datetime) -> str:
    """An instant in UTC to the second: `2026-12-01T09:00:00Z`."""
    return f"{at.replace(tzinfo=None).isoformat()}Z"
