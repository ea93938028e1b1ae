"""Where the next page begins, as a word that clients hand back and need not understand."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INSTANT_BYTES = 8
_MOST_NUMBER = 1 << 53


class InvalidQuery(ValueError):
    """The question is wrong, and would be the next time. The message says how."""


class Place(NamedTuple):
    """Of a record in the ledger: its nominal instant, to the millisecond, and its execution."""

    at: datetime
    execution_id: str


def cursor_after(execution_id: str) -> str:
    return _word(UUID(execution_id).bytes)


def read_cursor(cursor: str) -> str:
    """The execution id that the page follows. Raises `InvalidQuery`."""
    try:
        return str(UUID(bytes=_bytes(cursor)))
    except ValueError:
        raise _no_cursor(cursor) from None


def cursor_after_place(place: Place) -> str:
    milliseconds = (place.at - _EPOCH) // _MILLISECOND
    return _word(milliseconds.to_bytes(_INSTANT_BYTES, signed=True) + UUID(place.execution_id).bytes)


def read_place(cursor: str) -> Place:
    """The place in the ledger that the page follows. Raises `InvalidQuery`."""
    try:
        found = _bytes(cursor)
        at = _EPOCH + int.from_bytes(found[:_INSTANT_BYTES], signed=True) * _MILLISECOND
        return Place(at, str(UUID(bytes=found[_INSTANT_BYTES:])))
    except (ValueError, OverflowError):
        raise _no_cursor(cursor) from None


def cursor_after_number(number: int) -> str:
    return _word(number.to_bytes(_INSTANT_BYTES))


def read_number(cursor: str) -> int:
    """The number of the record that the page follows. Raises `InvalidQuery`."""
    try:
        found = _bytes(cursor)
    except ValueError:
        raise _no_cursor(cursor) from None
    if len(found) != _INSTANT_BYTES:
        raise _no_cursor(cursor)
    return min(int.from_bytes(found), _MOST_NUMBER)


def _word(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor + "==")
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _no_cursor(cursor: str) -> InvalidQuery:
    return InvalidQuery(
        f"the cursor {cursor[:100]!r} is not one of ours: take 'next_cursor' of the page before"
    )
