"""Query parameters, read with every wrong one named at once."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.problems import invalid

E = TypeVar("E", bound=StrEnum)

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Parameters:
    """Reads one after the other, then `check` raises for all that were wrong."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self._query = query
        self._errors: list[FieldError] = []

    def text(self, name: str) -> str | None:
        return self._query.get(name) or None

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
            self._wrong(name, f"must be a number from {least} to {most}")
            return default
        return int(text)

    def flag(self, name: str) -> bool | None:
        text = self.text(name)
        if text is not None and text.lower() not in _BOOLEANS:
            self._wrong(name, "must be true or false")
        return _BOOLEANS.get((text or "").lower())

    def choices(self, name: str, words: type[E]) -> tuple[E, ...]:
        """Several words, with commas between them."""
        given = [word for word in (self.text(name) or "").split(",") if word]
        known = [word.value for word in words]
        if strange := [word for word in given if word not in known]:
            self._wrong(name, f"is {strange[0]!r}; allowed are {', '.join(known)}")
            return ()
        return tuple(words(word) for word in given)

    def check(self) -> None:
        if self._errors:
            raise invalid(self._errors)

    def _wrong(self, name: str, problem: str) -> None:
        self._errors.append(FieldError(field=name, problem=problem))
