"""Which days of a month match: croniter's part. A month is told by its shape alone, so 28 answers are all there are."""

from calendar import monthrange
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache, lru_cache

from croniter import CroniterBadDateError, croniter

from .cron import Cron
from .fields import Field

_WEEK = 7


class Days:
    """The days that a day of month and a weekday match, month by month. Shared by all that write the same two."""

    __slots__ = ("_by_shape", "_day", "_either", "_weekday")

    def __init__(self, day: Field, weekday: Field, either: bool) -> None:
        self._day, self._weekday, self._either = day, weekday, either
        self._by_shape: dict[tuple[int, int], tuple[int, ...]] = {}

    def of(self, year: int, month: int) -> tuple[int, ...]:
        """The matching days of that month, ascending."""
        return self._of_shape(*_shape(year, month))

    def ever_in(self, month: int) -> bool:
        """Whether that month has a matching day in any year: in four centuries it begins on every weekday."""
        # 2000 was a leap year, and so has the longest February.
        _, length = _shape(2000, month)
        shortest = 28 if month == 2 else length
        return any(
            self._of_shape(first, days) for first in range(_WEEK) for days in range(shortest, length + 1)
        )

    def _of_shape(self, first: int, length: int) -> tuple[int, ...]:
        found = self._by_shape.get((first, length))
        if found is None:
            found = self._by_shape[first, length] = self._matching(first, length)
        return found

    def _matching(self, first: int, length: int) -> tuple[int, ...]:
        if self._day.text == self._weekday.text == "*":
            return tuple(range(1, length + 1))
        begin = _month_of(first, length)
        asked = (
            [("*", _listed(self._weekday)), (_listed(self._day), "*")]
            if self._either
            else [(_listed(self._day), _listed(self._weekday))]
        )
        return tuple(sorted({day for pair in asked for day in _days_in(begin, length, *pair)}))


def days_of(cron: Cron) -> Days:
    return _shared(cron.day, cron.weekday, cron.either_day)


@lru_cache(maxsize=4096)
def _shared(day: Field, weekday: Field, either: bool) -> Days:
    return Days(day, weekday, either)


@lru_cache(maxsize=4096)
def _shape(year: int, month: int) -> tuple[int, int]:
    """The weekday of the first, counted from Sunday as cron does, and the number of days."""
    monday_based, length = monthrange(year, month)
    return (monday_based + 1) % _WEEK, length


@cache
def _month_of(first: int, length: int) -> datetime:
    """The beginning of a month of that shape: within 28 years there is each of them."""
    months = ((year, month) for year in range(2000, 2028) for month in range(1, 13))
    year, month = next(found for found in months if _shape(*found) == (first, length))
    return datetime(year, month, 1)  # noqa: DTZ001 - wall time has no zone


def _days_in(begin: datetime, length: int, day: str, weekday: str) -> Iterator[int]:
    """The days of one month that croniter finds, on naive times: it never sees a zone.

    Day or weekday is two questions to it: asked as one, it drops the day of `1 * 1#1`.
    """
    end = begin + timedelta(days=length)
    search = croniter(f"0 0 {day} * {weekday}", begin - timedelta(seconds=1), day_or=False)
    with suppress(CroniterBadDateError):
        for found in search.all_next(datetime):
            if found >= end:
                return
            yield found.day


def _listed(field: Field) -> str:
    """In plain lists, so that every one of croniter's own readings of a range is out of play."""
    if field.text == "*":
        return "*"
    # croniter has no LW; its 31W is held to the length of the month and so means the same.
    marks = ("31W" if mark == "LW" else mark for mark in field.marks)
    return ",".join([*map(str, field.numbers), *marks])
