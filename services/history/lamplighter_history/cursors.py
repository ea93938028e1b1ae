"""Where the next page begins, as a word that clients hand back and need not understand."""

import base64
import binascii
from uuid import UUID


class InvalidQuery(ValueError):
    """The question is wrong, and would be the next time. The message says how."""


def cursor_after(execution_id: str) -> str:
    return base64.urlsafe_b64encode(UUID(execution_id).bytes).decode().rstrip("=")


def read_cursor(cursor: str) -> str:
    """The execution id that the page follows. Raises `InvalidQuery`."""
    try:
        return str(UUID(bytes=base64.urlsafe_b64decode(cursor + "==")))
    except (ValueError, binascii.Error):
        raise InvalidQuery(
            f"the cursor {cursor[:100]!r} is not one of ours: take 'next_cursor' of the page before"
        ) from None
