"""When the clocks of a zone jump. zoneinfo answers only for one instant, so a year is probed once and kept."""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

# Days between two looks at a zone. The shortest stretch between two changes since 1970 is 167 hours (Recife, 2000).
_PROBE = 6
_SECOND = timedelta(seconds=1)
_LONGEST_JUMP = timedelta(hours=24)
_LOOK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """From `at` on, in UTC, the wall clock shows UTC plus `offset`; before, it showed UTC plus `before`."""

    at: datetime
    before: timedelta
    offset: timedelta

    @property
    def wall(self) -> datetime:
        """What the wall clock shows at `at`, after the jump."""
        return self.at.replace(tzinfo=None) + self.offset

    @property
    def wall_before(self) -> datetime:
        """What it would have shown without the jump."""
        return self.at.replace(tzinfo=None) + self.before


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to just before `end`, in UTC, the wall clock shows UTC plus `offset`; before, UTC plus `before`."""

    start: datetime
    end: datetime
    before: timedelta
    offset: timedelta


def stretches(
    zone: ZoneInfo, low: datetime, high: datetime, *, newest_first: bool = False
) -> Iterator[Stretch]:
    """Stretches without a jump that cover [low, high). They are found one at a time, so a far end costs nothing.

    They begin a day earlier: a jump before `low` may be why the clocks show at `low` what they have shown before.
    """
    begin = low - _LONGEST_JUMP
    return _backward(zone, begin, high) if newest_first else _forward(zone, begin, high)


def _forward(zone: ZoneInfo, start: datetime, high: datetime) -> Iterator[Stretch]:
    offset = before = offset_at(zone, start)
    while start < high:
        end = min(start + _LOOK, high)
        change = first_change(zone, start, end)
        if change:
            yield Stretch(start, change.at, before, offset)
            start, before, offset = change.at, change.before, change.offset
        else:
            yield Stretch(start, end, before, offset)
            start, before = end, offset


def _backward(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[Stretch]:
    while begin < end:
        start = max(end - _LOOK, begin)
        # A stretch may not start soon after a jump, only at it: what the clocks show again belongs to the jump.
        change = _last_change(zone, start - _LONGEST_JUMP, end - _SECOND)
        if change:
            yield Stretch(change.at, end, change.before, change.offset)
            end = change.at
        else:
            offset = offset_at(zone, start)
            yield Stretch(start, end, offset, offset)
            end = start


def _last_change(zone: ZoneInfo, after: datetime, until: datetime) -> ClockChange | None:
    found = (
        change
        for year in range(until.year, after.year - 1, -1)
        for change in reversed(_changes_of(zone, year))
        if after < change.at <= until
    )
    return next(found, None)


def changes(zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[ClockChange]:
    """The jumps of the clocks in (after, until], both aware UTC."""
    for year in range(after.year, until.year + 1):
        for change in _changes_of(zone, year):
            if after < change.at <= until:
                yield change


def first_change(zone: ZoneInfo, after: datetime, until: datetime) -> ClockChange | None:
    """The first jump of the clocks in (after, until], both aware UTC."""
    return next(changes(zone, after, until), None)


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@lru_cache(maxsize=4096)
def _changes_of(zone: ZoneInfo, year: int) -> tuple[ClockChange, ...]:
    start, days = datetime(year, 1, 1, tzinfo=UTC), 365 + isleap(year)
    probes = [start + timedelta(days=day) for day in (*range(0, days, _PROBE), days)]
    offsets = [offset_at(zone, probe) for probe in probes]
    return tuple(
        ClockChange(_found_between(zone, low, high), before, after)
        for (low, high), (before, after) in zip(pairwise(probes), pairwise(offsets), strict=True)
        if before != after
    )


def _found_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first instant with the offset of `high`, to the second, where `low` has another."""
    after = offset_at(zone, high)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high
