"""A value as JSON on one line: as much of it as is ever shown, at a cost that does not grow with the value."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .vocabulary import DEEPEST_DATA, LARGEST_DATA

_LONGEST_NUMBER = 1_024
"""Bits. Python takes long over the decimal digits of a number of many more, or refuses."""

_JSON = json.JSONEncoder(ensure_ascii=False)


class Wrapped:
    """A value with parts, as the engine has it."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value


def bare(value: Any) -> Any:
    return value._value if isinstance(value, Wrapped) else value  # noqa: SLF001


def as_json(value: Any) -> tuple[str, bool]:
    """The text, and whether something was left out of it."""
    value = bare(value)
    if _fits(value):
        return _JSON.encode(value), False
    copy = _Copy()
    return _JSON.encode(copy.of(value, 0)), copy.cut


def _fits(value: Any) -> bool:
    """Whether all of it is surely shown: most values are, and need no copy."""
    room, level = LARGEST_DATA, [value]
    for _ in range(DEEPEST_DATA):
        below: list[Any] = []
        for part in level:
            room -= 1 + _weight(part)
            if room < 0:
                return False
            if type(part) is dict:
                below.extend(part)
                below.extend(part.values())
            elif type(part) is list:
                below.extend(part)
        if not below:
            return True
        level = below
    return False


def _weight(part: Any) -> int:
    """In characters, at most. What is not JSON as it is, is too heavy."""
    kind = type(part)
    if kind is str or kind is list or kind is dict:
        return len(part)
    if kind is int:
        return int(part.bit_length())
    return 0 if part is None or kind in (bool, float) else LARGEST_DATA


class _Copy:
    """A copy of what fits. It is counted in characters, before any is escaped."""

    def __init__(self) -> None:
        self.room = LARGEST_DATA
        self.cut = False

    def of(self, value: Any, depth: int) -> Any:
        self.room -= 1
        match bare(value):
            case str() as text:
                return self._text(text)
            case dict() as pairs:
                return {
                    self._text(str(key)): self.of(pairs[key], depth + 1)
                    for key in self._fitting(pairs, depth)
                }
            case list() | tuple() as elements:
                return [self.of(element, depth + 1) for element in self._fitting(elements, depth)]
            case None | bool() | float() as plain:
                return plain
            case int() as number:
                return number if number.bit_length() <= _LONGEST_NUMBER else self._text(hex(number))
            case other:
                return self._text(str(other))

    def _fitting(self, parts: Iterable[Any], depth: int) -> Iterator[Any]:
        for part in parts:
            if self.room <= 0 or depth == DEEPEST_DATA:
                self.cut = True
                return
            yield part

    def _text(self, text: str) -> str:
        fits = text[: max(self.room, 0)]
        self.cut = self.cut or len(fits) < len(text)
        self.room -= len(text)
        return fits
