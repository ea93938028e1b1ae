"""Whether an instant is in some hours of the week, by the clocks of a zone."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from lamplighter_schedules import Blackout, parse_blackout
from lamplighter_schedules.zones import read_zone

_parsed = lru_cache(maxsize=4_096)(parse_blackout)


def within(periods: Iterable[str], timezone: str, instant: datetime) -> bool:
    """Whether any of them holds. `instant` is aware. Raises ScheduleError for what cannot be read."""
    # All are read, also where the first one holds: one that cannot be read is never passed over.
    hours: list[Blackout] = [_parsed(period) for period in periods]
    wall = instant.astimezone(read_zone(timezone))
    return any(window.holds(wall) for window in hours)
