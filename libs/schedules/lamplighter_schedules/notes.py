"""What a person should know of the clocks on the day of an occurrence: a change that skipped or doubled its time."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from .changes import ClockChange, changes
from .zones import read_zone

_NEAR = timedelta(hours=48)
_LISTED = 3


def clock_note(
    instant: datetime, timezone: str, *, skipped: Sequence[datetime] = (), first: bool = False
) -> str:
    """A sentence without its full stop for the occurrence `instant` (UTC), or "" where the clocks do not matter.

    `skipped` are the wall times that a jump at `instant` passed over and that are due there instead; `first`,
    whether it is the first occurrence after the jump of its day.
    """
    wall = instant.astimezone(read_zone(timezone)).replace(tzinfo=None)
    change = _change_of_day(instant, timezone)
    if change is None:
        return ""
    forward = change.offset > change.before
    direction, day = "forward" if forward else "back", wall.date()
    if forward and skipped:
        missing = f"{_listed(skipped, day)} {'does' if len(skipped) == 1 else 'do'} not exist"
        once = "once, " if len(skipped) > 1 else ""
        return f"clocks go forward {_when(change, day)}: {missing}, so it runs {once}at {_shown(wall, day)}"
    if not forward and change.wall <= wall < change.wall_before:
        which = "first" if instant < change.at else "second"
        return f"clocks go back {_when(change, day)}: {_shown(wall, day)} comes twice, this is the {which}"
    if first and change.at <= instant:
        moved = f"at {_shown(change.wall_before, day)} to {_shown(change.wall, day)}"
        return f"the first after the clocks went {direction} {moved}"
    return ""


def latest_jump(instant: datetime, timezone: str) -> datetime | None:
    """When the clocks last jumped before or at `instant`, where that is of its local day."""
    change = _change_of_day(instant, timezone)
    return change.at if change and change.at <= instant else None


def _change_of_day(instant: datetime, timezone: str) -> ClockChange | None:
    """The change whose local day, by the clocks before or after it, is that of `instant`."""
    zone = read_zone(timezone)
    day = instant.astimezone(zone).date()
    near = changes(zone, instant - _NEAR, instant + _NEAR)
    return next((c for c in near if day in (c.wall.date(), c.wall_before.date())), None)


def _when(change: ClockChange, day: date) -> str:
    at = change.wall_before
    return f"at {_shown(at, day)}" + (" on this day" if at.date() == day else "")


def _listed(walls: Sequence[datetime], day: date) -> str:
    shown = [_shown(wall, day) for wall in walls]
    if len(shown) == 1:
        return shown[0]
    return (
        f"{shown[0]} to {shown[-1]}" if len(shown) > _LISTED else f"{', '.join(shown[:-1])} and {shown[-1]}"
    )


def _shown(wall: datetime, day: date) -> str:
    """The time of day, with its date where that is not `day`."""
    time = wall.strftime("%H:%M:%S").removesuffix(":00")
    return time if wall.date() == day else f"{wall.date()} {time}"
