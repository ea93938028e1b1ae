"""Revisions as HTTP tells them: ETag and If-Match (RFC 9110, 13.1)."""

from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.problems import Problem, invalid


def etag(revision: int) -> str:
    return f'"{revision}"'


def read_if_match(header: str | None) -> int | None:
    """The revision that the caller has read; None for "any". Raises a `Problem` for another thing."""
    text = (header or "*").strip()
    if text == "*":
        return None
    number = text.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise invalid([FieldError(field="If-Match", problem='must be the ETag of an answer, such as "42"')])
    return int(number)


def match_revision(name: str, given: int | None, current: int) -> None:
    """Raises a `Problem` where the caller decided on another revision than the one there is."""
    if given is not None and given != current:
        detail = f"{name!r} is at revision {current}, your If-Match says {given}: read it again, then decide."
        raise Problem("stale", detail, headers={"ETag": etag(current)})
