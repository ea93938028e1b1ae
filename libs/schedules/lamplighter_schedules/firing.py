"""The next instant in a zone whose clocks jump, by the rules of Debian's cron (cron(8), daylight saving).

A job at a fixed time that the clocks skip runs once, right after the jump, however long the jump (Debian gives
up beyond three hours; a weekly job must not lose its week where a zone skips a day). In a repeated hour it runs
in the first pass. A job with a wildcard second, minute or hour follows elapsed time: whatever the clock shows,
when it shows it.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .changes import first_change, offset_at
from .wall import WallTimes

_SECOND = timedelta(seconds=1)


def next_fixed(times: WallTimes, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant strictly after `after` (aware UTC) of a job at fixed times, in UTC."""
    wall = after.astimezone(zone).replace(tzinfo=None)
    while True:
        wall = times.after(wall)
        due = first_shown(wall, zone)
        # In the second pass of a repeated hour, `wall` was shown before.
        if due > after:
            return due


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks first show the naive time `wall`, or jump past it. In UTC."""
    due = wall.replace(tzinfo=zone).astimezone(UTC)
    if due.astimezone(zone).replace(tzinfo=None) == wall:
        return due
    # PEP 495: of a time that was skipped, fold=1 lies before the jump and fold=0 after it.
    jump = first_change(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), due)
    return jump.at if jump else due


def next_elapsed(times: WallTimes, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant strictly after `after` (aware UTC) of a job that follows elapsed time, in UTC."""
    offset = offset_at(zone, after)
    wall = after.replace(tzinfo=None) + offset
    match = times.after(wall)
    while True:
        due = (match - offset).replace(tzinfo=UTC)
        change = first_change(zone, after, due)
        if change is None:
            return due
        # A jump that stays between `wall` and `match` leaves `match` the next; any other asks anew.
        if not wall < change.wall <= match:
            match = times.after(change.wall - _SECOND)
        after, wall, offset = change.at, change.wall, change.offset
