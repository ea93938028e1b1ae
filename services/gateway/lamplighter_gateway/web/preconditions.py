"""Revisions as HTTP tells them: ETag, If-Match and If-None-Match (RFC 9110, 13.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.web.problems import Problem, invalid


def etag(revision: int) -> str:
    return f'"{revision}"'


def read_if_match(header: str | None) -> int | None:
    """The revision that the caller has read; None for "any". Raises a `Problem` for another thing.

    An answer's ETag has behind its hyphen how the answer looked, which may change without a new revision.
    """
    text = (header or "*").strip()
    if text == "*":
        return None
    number, hyphen, seen = text.removeprefix("W/").strip('"').partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or (hyphen and not seen):
        raise invalid([FieldError(field="If-Match", problem='must be the ETag of an answer, such as "42"')])
    return int(number)


def match_revision(name: str, given: int | None, current: int) -> None:
    """Raises a `Problem` where the caller decided on another revision than the one there is."""
    if given is not None and given != current:
        detail = f"{name!r} is at revision {current}, your If-Match says {given}: read it again, then decide."
        raise Problem("stale", detail, headers={"ETag": etag(current)})


@dataclass(frozen=True)
class Conditions:
    """Of a PUT: `revision` is what it is to replace, None for any. `there` and `unless_there` say whether it has to be
    there already, or must not be."""

    revision: int | None = None
    there: bool = False
    unless_there: bool = False

    def check(self, name: str, current: int) -> None:
        """`current` is 0 where there is none. Raises `Problem`."""
        if self.unless_there and current:
            detail = f"There is a {name!r} already, and 'If-None-Match: *' makes a new one only."
            raise Problem("stale", detail, headers={"ETag": etag(current)})
        if self.there and not current:
            raise Problem("stale", f"There is no {name!r} yet, and your If-Match says that there is.")
        match_revision(name, self.revision, current)


ANY = Conditions()


def read_conditions(headers: Mapping[str, str]) -> Conditions:
    """Raises `Problem`."""
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if if_none_match is not None and if_none_match.strip() != "*":
        raise invalid(
            [FieldError(field="If-None-Match", problem="must be * here, which makes a new one only")]
        )
    return Conditions(read_if_match(if_match), if_match is not None, if_none_match is not None)
