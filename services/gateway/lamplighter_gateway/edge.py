"""The outermost layer: headers that every answer carries, and one log line a request. Never a body, never a token."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from lamplighter_gateway.access import Caller
from lamplighter_runtime.logs import get_logger

log = get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

_NOSNIFF = (b"x-content-type-options", b"nosniff")
_NO_STORE = (b"cache-control", b"no-store")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged when they fail."""


class Edge:
    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            _note(scope, status, time.monotonic() - began)


def _completed(headers: Any) -> list[tuple[bytes, bytes]]:
    """Answers are of this moment and may be secret: nobody keeps them."""
    given = list(headers)
    stored = any(name.lower() == b"cache-control" for name, _ in given)
    return [*given, _NOSNIFF] if stored else [*given, _NOSNIFF, _NO_STORE]


def _note(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"] in _QUIET and status < 500:
        return
    caller = scope.get("auth")
    log.info(
        "request",
        method=scope["method"],
        # The template and not the path: ids, and what people type, stay out of the log.
        route=scope.get("path_template", "none"),
        status=status,
        ms=round(seconds * 1000, 1),
        token=caller.token_id if isinstance(caller, Caller) else None,
    )
