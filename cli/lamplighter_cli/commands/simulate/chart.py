"""A load over time as bars of plain characters."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

_MINUTES = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 43_200, 525_600, 52_560_000)
SPANS = tuple(timedelta(minutes=minutes) for minutes in _MINUTES)
"""The last holds every range that has a meaning."""


class Bar(NamedTuple):
    at: datetime
    load: int


def bars(load: Iterable[Bar], most: int) -> tuple[timedelta, list[Bar]]:
    """The greatest load in each of at most `most` equal spans, from the first to the last that has any.

    The spans count from midnight of the first day, in the zone that its time has.
    """
    points = sorted(load)
    if not points:
        return SPANS[0], []
    origin = points[0].at.replace(hour=0, minute=0, second=0, microsecond=0)
    span = next(one for one in SPANS if _places(points, origin, one) <= most)
    first = (points[0].at - origin) // span
    greatest = [0] * _places(points, origin, span)
    for at, count in points:
        place = (at - origin) // span - first
        greatest[place] = max(greatest[place], count)
    return span, [Bar(origin + (first + place) * span, count) for place, count in enumerate(greatest)]


def _places(points: Sequence[Bar], origin: datetime, span: timedelta) -> int:
    return (points[-1].at - origin) // span - (points[0].at - origin) // span + 1


def lengths(counts: Sequence[int], width: int) -> list[int]:
    """How long each bar is: the greatest fills `width`, and what is not nothing shows."""
    greatest = max(counts, default=0) or 1
    return [max(count * width // greatest, 1 if count else 0) for count in counts]
