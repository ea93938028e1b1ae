"""The next matching time on a wall clock that never jumps: croniter's part, on naive times only.

With aware times croniter fires a fixed hour twice when the clocks go back, so it never sees a zone.
"""

from collections.abc import Iterator
from copy import copy
from datetime import datetime

from croniter import CroniterBadDateError, croniter

from .cron import Cron
from .fields import Field

_ANY = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time has no zone


class WallTimes:
    """The wall times that a cron expression matches."""

    def __init__(self, cron: Cron) -> None:
        self._searches = [croniter(expression, _ANY, day_or=False) for expression in _searched(cron)]

    def after(self, wall: datetime) -> datetime:
        """The first match strictly after the naive time `wall`, on the minute."""
        minute = wall.replace(second=0, microsecond=0, fold=0)
        # A copy each time: a croniter is a cursor, and schedules are shared between threads.
        found: list[datetime] = [
            copy(search).get_next(datetime, start_time=minute) for search in self._searches
        ]
        return min(found)

    def ever(self) -> bool:
        """Whether there is any match at all, within the fifty years that croniter looks ahead."""
        try:
            self.after(_ANY)
        except CroniterBadDateError:
            return False
        return True


def _searched(cron: Cron) -> Iterator[str]:
    """What to ask croniter, in plain lists, so that every one of its own readings of a range is out of play.

    Day or weekday is two questions: asked as one, croniter drops the day of `1 * 1#1`, and looks fifty years
    ahead for a day that never comes.
    """
    time = f"{_listed(cron.minute)} {_listed(cron.hour)}"
    month = _listed(cron.month)
    if not cron.either_day:
        yield f"{time} {_listed(cron.day)} {month} {_listed(cron.weekday)}"
        return
    if cron.day_exists:
        yield f"{time} {_listed(cron.day)} {month} *"
    yield f"{time} * {month} {_listed(cron.weekday)}"


def _listed(field: Field) -> str:
    if field.text == "*":
        return "*"
    # croniter has no LW; its 31W is held to the length of the month and so means the same.
    marks = ("31W" if mark == "LW" else mark for mark in field.marks)
    return ",".join([*map(str, field.numbers), *marks])
