"""The outermost layer: headers that every answer carries, HEAD, and one log line a request. Never a body, never a
token."""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import ExitStack
from typing import Any

from lamplighter_gateway.access.callers import Caller
from lamplighter_runtime.logs import get_logger

log = get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

DENIED = "lamplighter.denied"
"""In the scope of a request that was denied: the word of the problem."""

CLOSING = "lamplighter.closing"
"""In the scope of every request: what is given back when it is over, however it ended."""

HEADERS = {
    "x-content-type-options": "nosniff",
    # Answers are data: a browser that shows one runs nothing and fetches nothing for it. A page of ours says itself
    # what it needs.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    # Answers are of this moment and may be secret: nobody keeps them.
    "cache-control": "no-store",
}
STRICT_TRANSPORT = {"strict-transport-security": "max-age=31536000"}

_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged when they fail."""


class Edge:
    def __init__(self, app: Asgi, *, is_secure: bool = False) -> None:
        """`is_secure`: browsers reach us over https, and shall never do otherwise."""
        self._app = app
        told = HEADERS | (STRICT_TRANSPORT if is_secure else {})
        self._headers = [(name.encode(), value.encode()) for name, value in told.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, began, status = scope["method"], time.monotonic(), 0
        if method == "HEAD":
            # In a copy: the server has to know what it was asked.
            scope = {**scope, "method": "GET"}

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._completed(message["headers"])
            await send(message)

        try:
            with ExitStack() as closing:
                scope[CLOSING] = closing
                await (self._head if method == "HEAD" else self._app)(scope, receive, send_on)
        finally:
            _note(scope, method, status, time.monotonic() - began)

    async def _head(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As GET (RFC 9110, 9.3.2), of which nothing but the head is sent; an endless body ends at once."""
        begun = False

        async def receive_until_begun() -> Message:
            return {"type": "http.disconnect"} if begun else await receive()

        async def send_head(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receive_until_begun, send_head)

    def _completed(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """What an answer says itself stands."""
        given = list(given)
        names = {name.lower() for name, _ in given}
        return [*given, *(header for header in self._headers if header[0] not in names)]


def _note(scope: Scope, method: str, status: int, seconds: float) -> None:
    if scope["path"] in _QUIET and status < 500:
        return
    caller = scope.get("auth")
    denied = {"denied": scope[DENIED]} if DENIED in scope else {}
    log.info(
        "request",
        method=method,
        # The template and not the path: ids, and what people type, stay out of the log.
        route=scope.get("path_template", "none"),
        status=status,
        ms=round(seconds * 1000, 1),
        actor=caller.actor if isinstance(caller, Caller) else None,
        **denied,
    )
