"""ETags of what is read, and 304 for who has it already (RFC 9110, 13.1.2): in one place, for every route."""

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

DIGEST_BYTES = 6
_KEPT = frozenset({b"cache-control", b"next-cursor", b"link", b"lamplighter-history"})
"""What stands in a 304 too."""


class Conditional:
    """An answer's ETag is the revision of what it shows, where it has one, and a digest of the answer itself: what it
    says of last and next runs changes without a revision."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        asked = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
        start: Message | None = None

        async def send_on(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_json(message):
                start = message
                return
            if start is not None:
                head, start = start, None
                if not message.get("more_body"):
                    head, message = _judged(head, message, ",".join(asked))
                await send(head)
            await send(message)

        await self._app(scope, receive, send_on)


def _is_json(start: Message) -> bool:
    return start["status"] == 200 and (b"content-type", b"application/json") in _lower(start["headers"])


def _judged(start: Message, body: Message, asked: str) -> tuple[Message, Message]:
    """With its ETag; without its body, where the caller has it."""
    headers = _lower(start["headers"])
    revision = next((value.decode().strip('"') for name, value in headers if name == b"etag"), "")
    digest = hashlib.blake2b(body.get("body", b""), digest_size=DIGEST_BYTES).hexdigest()
    etag = f'"{revision}-{digest}"' if revision else f'"{digest}"'
    others = [(name, value) for name, value in headers if name != b"etag"]
    told = (b"etag", etag.encode())
    if not _has(asked, etag):
        return {**start, "headers": [*others, told]}, body
    kept = [(name, value) for name, value in others if name in _KEPT]
    return {**start, "status": 304, "headers": [*kept, told]}, {**body, "body": b""}


def _has(asked: str, etag: str) -> bool:
    """By weak comparison, as If-None-Match has it."""
    given = [one.strip().removeprefix("W/") for one in asked.split(",")]
    return etag in given or "*" in given


def _lower(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers]
