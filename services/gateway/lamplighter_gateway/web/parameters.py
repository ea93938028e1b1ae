"""Query parameters, read with every wrong one named at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from lamplighter_contracts.fields import Instant, rfc3339
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.web.instants import STRANGE, is_strange
from lamplighter_gateway.web.problems import invalid

E = TypeVar("E", bound=StrEnum)

SHOWN = 100
"""Characters of a wrong word that are told back."""

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
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
            self.wrong(name, f"must be a number from {least} to {most}")
            return default
        return int(text)

    def flag(self, name: str) -> bool | None:
        text = self.text(name)
        if text is not None and text.lower() not in _BOOLEANS:
            self.wrong(name, "must be true or false")
        return _BOOLEANS.get((text or "").lower())

    def instant(self, name: str) -> datetime | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            # A plus sign that nobody escaped has become a blank.
            instant = _INSTANT.validate_python(text.replace(" ", "+"))
        except ValidationError:
            self.wrong(name, "must be a time with its offset, such as '2026-12-01T09:00:00Z'")
            return None
        if is_strange(instant):
            self.wrong(name, STRANGE)
        return instant

    def span(self) -> tuple[datetime | None, datetime | None]:
        """`from` and `until`, which comes after it."""
        start, end = self.instant("from"), self.instant("until")
        if start is not None and end is not None and start >= end:
            self.wrong("until", f"must be after 'from', {rfc3339(start)}")
        return start, end

    def choices(self, name: str, words: type[E]) -> tuple[E, ...]:
        """Several words, with commas between them."""
        given = [word for word in (self.text(name) or "").split(",") if word]
        known = [word.value for word in words]
        if strange := [word for word in given if word not in known]:
            self.wrong(name, f"is {strange[0][:SHOWN]!r}; allowed are {', '.join(known)}")
            return ()
        return tuple(words(word) for word in given)

    def word(self, name: str, known: Sequence[str]) -> str | None:
        text = self.text(name)
        if text is not None and text not in known:
            self.wrong(name, f"is {text[:SHOWN]!r}; allowed are {', '.join(known)}")
            return None
        return text

    def check(self) -> None:
        if self._errors:
            raise invalid(self._errors)

    def wrong(self, name: str, problem: str) -> None:
        self._errors.append(FieldError(field=name, problem=problem))
