"""When the clocks of a zone jump. zoneinfo answers only for one instant, so a year is probed once and kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

# The shortest stretch between two changes since 1970 is 167 hours (Recife, 2000).
_PROBE = timedelta(hours=24)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class ClockChange:
    """From `at` on, in UTC, the wall clock shows UTC plus `offset`."""

    at: datetime
    offset: timedelta

    @property
    def wall(self) -> datetime:
        """What the wall clock shows at `at`, after the jump."""
        return self.at.replace(tzinfo=None) + self.offset


def first_change(zone: ZoneInfo, after: datetime, until: datetime) -> ClockChange | None:
    """The first jump of the clocks in (after, until], both aware UTC."""
    for year in range(after.year, until.year + 1):
        for change in _changes_of(zone, year):
            if after < change.at <= until:
                return change
    return None


def offset_at(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@lru_cache(maxsize=4096)
def _changes_of(zone: ZoneInfo, year: int) -> tuple[ClockChange, ...]:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    probes = [start + _PROBE * day for day in range((end - start) // _PROBE + 1)]
    offsets = [offset_at(zone, probe) for probe in probes]
    return tuple(
        ClockChange(_found_between(zone, low, high), after)
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
