"""Objects of one kind in the order of one of their fields, kept as changes come: a page is never a sort of them all."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Place = tuple[Any, str]
"""Where an object stands: by the field that it is ordered by, and among equals by its id."""

KeyOf = Callable[[Any], Any]


class Order:
    """Made of what there is, then told of each change. Any two of `key_of`'s values must compare."""

    def __init__(self, key_of: KeyOf, items: Iterable[tuple[str, Any]]) -> None:
        self._key_of = key_of
        self._places: list[Place] = sorted((key_of(item), object_id) for object_id, item in items)

    def change(self, object_id: str, before: Any | None, after: Any | None) -> None:
        """`before` is what was there under this id until now, `after` what is there now."""
        was = None if before is None else (self._key_of(before), object_id)
        now = None if after is None else (self._key_of(after), object_id)
        if was == now:
            return
        if was is not None:
            del self._places[bisect_left(self._places, was)]
        if now is not None:
            insort(self._places, now)

    def walk(self, after: Place | None, *, backwards: bool) -> Iterator[str]:
        """The ids behind a place, whether or not anything stands there still. Nothing may change meanwhile."""
        places = self._places
        if backwards:
            end = len(places) if after is None else bisect_left(places, after)
            return (places[number][1] for number in range(end - 1, -1, -1))
        begin = 0 if after is None else bisect_left(places, after)
        if after is not None and begin < len(places) and places[begin] == after:
            begin += 1
        return (places[number][1] for number in range(begin, len(places)))
