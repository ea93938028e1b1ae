"""Which of many spans holds a point: in the time of one search, however many there are and however they overlap."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Generic, TypeVar

Point = TypeVar("Point", int, datetime)
Item = TypeVar("Item")


class Coverage(Generic[Point, Item]):
    """Half-open spans, each with the item it stands for."""

    def __init__(self, spans: Iterable[tuple[Point, Point, Item]]) -> None:
        self._starts: list[Point] = []
        # Beside each start, of all the spans that have begun by then, the one that ends last: no other can hold a
        # point that it does not.
        self._furthest: list[tuple[Point, Item]] = []
        for start, end, item in sorted(spans, key=lambda span: span[0]):
            before = self._furthest[-1] if self._furthest else None
            self._starts.append(start)
            self._furthest.append(before if before and before[0] >= end else (end, item))

    def at(self, point: Point) -> Item | None:
        """The item of a span that holds `point`: of several, the one that ends last."""
        begun = bisect_right(self._starts, point)
        if not begun:
            return None
        end, item = self._furthest[begun - 1]
        return item if point < end else None
