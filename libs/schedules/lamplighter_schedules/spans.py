"""All the instants of a span in a zone whose clocks jump, by the same rules as the next one: see `firing`.

Between two jumps a wall clock is UTC plus an offset, so the instants are the matching days times the matching times
of day; at a jump, they are what the clocks pass over, or show again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from .changes import Stretch, stretches
from .wall import WallTimes

_SECOND = timedelta(seconds=1)

Blocks = Iterator[list[datetime]]
"""Instants in UTC, some at a time: each list is in the order of the whole."""


def fixed_instants(
    times: WallTimes, zone: ZoneInfo, low: datetime, high: datetime, *, newest_first: bool
) -> Blocks:
    """The instants in [low, high) of a job at fixed times. Both ends are whole seconds, in UTC."""
    for stretch in stretches(zone, low, high, newest_first=newest_first):
        # From here on the clocks show what they have not shown before: at a jump forward it lies before the
        # stretch, and what is skipped is due as the stretch starts; at a jump back it lies inside.
        fresh = stretch.start + (stretch.before - stretch.offset)
        skipping = fresh < stretch.start
        start = max(low, stretch.start + _SECOND if skipping else fresh)
        end = min(high, stretch.end)
        rest = times.instants(start, end, stretch.offset, newest_first=newest_first)
        jump = (
            [[stretch.start]] if skipping and low <= stretch.start < high and _lands(times, stretch) else []
        )
        yield from chain(rest, jump) if newest_first else chain(jump, rest)


def _lands(times: WallTimes, stretch: Stretch) -> bool:
    """Whether anything is due as the stretch starts: at that time of the clock, or at one that was skipped."""
    fresh = stretch.start + (stretch.before - stretch.offset)
    return any(times.instants(fresh, stretch.start + _SECOND, stretch.offset))


def elapsed_instants(
    times: WallTimes, zone: ZoneInfo, low: datetime, high: datetime, *, newest_first: bool
) -> Blocks:
    """The instants in [low, high) of a job that follows elapsed time. Both ends are whole seconds, in UTC."""
    for stretch in stretches(zone, low, high, newest_first=newest_first):
        start, end = max(low, stretch.start), min(high, stretch.end)
        yield from times.instants(start, end, stretch.offset, newest_first=newest_first)
