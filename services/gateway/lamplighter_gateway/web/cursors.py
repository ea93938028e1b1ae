"""Where a page ended: opaque to callers, and good whatever is made or ends meanwhile (keyset pagination)."""

import base64
import binascii
import json

from lamplighter_gateway.catalog.orders import Place

MOST_CHARACTERS = 2_000


def written(sort: str, place: Place) -> str:
    """The cursor that leads to what comes after `place` in that order."""
    text = json.dumps([sort, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read(cursor: str) -> tuple[str, Place] | None:
    """The order and the place; None for what is no cursor of ours."""
    if len(cursor) > MOST_CHARACTERS or not cursor.isascii():
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    match found:
        case [str(sort), str() | int() as key, str(object_id)]:
            return sort, (key, object_id)
        case _:
            return None
