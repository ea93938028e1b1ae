"""Until when what leaves an occurrence out goes on: so that a long absence is passed over in one leap."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import Blackout, Exclusions

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_MINUTES_A_DAY = 24 * 60


def released(times: Timetable, instant: datetime) -> datetime:
    """Up to here everything from `instant` on is left out; `instant` itself where that cannot be told."""
    ends = (end for exclusions in times.exclusions for end in _ends(exclusions, instant))
    return max(ends, default=instant)


def _ends(exclusions: Exclusions, instant: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(exclusions.timezone)
    wall = instant.astimezone(zone)
    for days in exclusions.dates:
        if days.first <= wall.date() <= days.last and days.last < date.max:
            yield _midnight(days.last + _DAY, zone)
    for calendar in exclusions.calendars:
        entry = calendar.entry_at(instant, wall.date())
        if entry is not None:
            yield entry.end if isinstance(entry.end, datetime) else _midnight(entry.end, zone)
    for blackout in exclusions.blackouts:
        end = _end_of_hours(blackout, wall, zone)
        # Where the clocks jump in between, they may show an hour that the blackout does not have.
        if end is not None and end.astimezone(zone).utcoffset() == wall.utcoffset():
            yield end


def _end_of_hours(blackout: Blackout, wall: datetime, zone: ZoneInfo) -> datetime | None:
    minute = wall.weekday() * _MINUTES_A_DAY + wall.hour * 60 + wall.minute
    end = next((end for start, end in blackout.spans if start <= minute < end), None)
    if end is None:
        return None
    whole = wall.replace(second=0, microsecond=0, tzinfo=None)
    return _earliest(whole + (end - minute) * _MINUTE, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _earliest(datetime.combine(day, time.min), zone)


def _earliest(wall: datetime, zone: ZoneInfo) -> datetime:
    """No later than the clocks first show `wall`, or skip it."""
    return min(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
