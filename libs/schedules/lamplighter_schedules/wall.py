"""The matching times of a wall clock that never jumps: the next one, or all of a span."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import lru_cache

from .cron import Cron
from .days import days_of

_SECOND, _HOUR = timedelta(seconds=1), timedelta(hours=1)
_HOURS = tuple(timedelta(hours=hour) for hour in range(24))
# Made once, so that the offsets of any schedule are references to these.
_SECONDS = tuple(timedelta(seconds=second) for second in range(3600))


class WallTimes:
    """The wall times that a cron expression matches."""

    __slots__ = ("_cron", "_days")

    def __init__(self, cron: Cron) -> None:
        self._cron, self._days = cron, days_of(cron)

    def ever(self) -> bool:
        """Whether there is any match at all."""
        return any(self._days.ever_in(month) for month in self._cron.month.numbers)

    def after(self, wall: datetime) -> datetime:
        """The first match strictly after the naive time `wall`. Raises OverflowError where the calendar ends."""
        cron = self._cron
        if wall.month in cron.month.numbers and wall.day in self._days.of(wall.year, wall.month):
            later = self._later(wall.hour, wall.minute, wall.second)
            if later:
                return datetime(wall.year, wall.month, wall.day, *later)  # noqa: DTZ001 - wall time has no zone
        hour, minute, second = cron.hour.numbers[0], cron.minute.numbers[0], cron.second.numbers[0]
        return datetime(*self._day_after(wall), hour, minute, second)  # noqa: DTZ001

    def _later(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The first matching time of day after that second."""
        hours, minutes, seconds = (
            self._cron.hour.numbers,
            self._cron.minute.numbers,
            self._cron.second.numbers,
        )
        if hour in hours:
            if minute in minutes and second < seconds[-1]:
                return hour, minute, seconds[bisect_right(seconds, second)]
            if minute < minutes[-1]:
                return hour, minutes[bisect_right(minutes, minute)], seconds[0]
        if hour < hours[-1]:
            return hours[bisect_right(hours, hour)], minutes[0], seconds[0]
        return None

    def _day_after(self, wall: datetime) -> tuple[int, int, int]:
        year, month, day = wall.year, wall.month, wall.day
        while year <= MAXYEAR:
            if month in self._cron.month.numbers:
                days = self._days.of(year, month)
                if days and day < days[-1]:
                    return year, month, days[bisect_right(days, day)]
            year, month, day = (year, month + 1, 0) if month < 12 else (year + 1, 1, 0)
        raise OverflowError("no match before the calendar ends")

    def instants(
        self, low: datetime, high: datetime, offset: timedelta, *, newest_first: bool = False
    ) -> Iterator[list[datetime]]:
        """The instants in [low, high), in UTC, of the matches of a clock that shows UTC plus `offset`.

        They come in lists, an hour of the clock each: whole seconds cost a list's item, not a search.
        """
        if low >= high:
            return
        turn = -1 if newest_first else 1
        within = _within_hour(self._cron.minute.numbers, self._cron.second.numbers)[::turn]
        hours = [_HOURS[hour] for hour in self._cron.hour.numbers][::turn]
        for wall_midnight in self._midnights(low + offset, high + offset - _SECOND, turn):
            midnight = wall_midnight - offset
            for hour in hours:
                start = midnight + hour
                if low <= start and start + _HOUR <= high:
                    yield [start + after for after in within]
                elif low - _HOUR < start < high:
                    yield [start + after for after in _between(within, low - start, high - start, turn)]

    def _midnights(self, first: datetime, last: datetime, turn: int) -> Iterator[datetime]:
        """The beginnings of the matching days from that of `first` to that of `last`, as if they were UTC."""
        for year in range(first.year, last.year + 1)[::turn]:
            for month in self._cron.month.numbers[::turn]:
                if not (first.year, first.month) <= (year, month) <= (last.year, last.month):
                    continue
                low = first.day if (year, month) == (first.year, first.month) else 1
                high = last.day if (year, month) == (last.year, last.month) else 31
                for day in self._days.of(year, month)[::turn]:
                    if low <= day <= high:
                        yield datetime(year, month, day, tzinfo=UTC)


@lru_cache(maxsize=1024)
def _within_hour(minutes: tuple[int, ...], seconds: tuple[int, ...]) -> tuple[timedelta, ...]:
    return tuple(_SECONDS[60 * minute + second] for minute in minutes for second in seconds)


def _between(
    within: tuple[timedelta, ...], low: timedelta, high: timedelta, turn: int
) -> tuple[timedelta, ...]:
    """Those in [low, high) of an hour that lies only partly in a span."""
    ascending = within[::turn]
    return ascending[bisect_left(ascending, low) : bisect_left(ascending, high)][::turn]
