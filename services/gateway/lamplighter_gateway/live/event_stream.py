"""An endless answer: sent until it ends, its reader goes, or the gateway is told to stop."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tasks import end

log = get_logger()

GOODBYE_SECONDS = 1.0
AT_ONCE_BYTES = 64 << 10
"""What is copied for a reader at a time. The rest of a large event stays what all its readers share."""

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # A proxy that gathers the stream would hold back its events.
    (b"x-accel-buffering", b"no"),
]


class EventStream(ASGIResponse):
    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        leaving: asyncio.Event,
        is_allowed: Callable[[], bool],
        *,
        close: Callable[[], Awaitable[None]] | None = None,
        farewell: Callable[[], bytes] = bytes,
    ) -> None:
        """`is_allowed` is asked before each chunk: whose token was revoked, or expired, hears nothing more.
        `farewell` is the last that is said where the gateway goes."""
        super().__init__()
        self._chunks, self._leaving, self._is_allowed = chunks, leaving, is_allowed
        self._close, self._farewell = close, farewell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        gone = asyncio.create_task(_disconnected(receive))
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait([sending, gone, leaving], return_when=asyncio.FIRST_COMPLETED)
            reader_is_there, is_cut = not gone.done(), not sending.done()
        finally:
            await end([sending, gone, leaving])
            await self._chunks.aclose()
            if self._close is not None:
                await self._close()
        if reader_is_there:
            await _say_goodbye(send, self._farewell() if is_cut and self._is_allowed() else b"")

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        try:
            async for chunk in self._chunks:
                if not self._is_allowed():
                    return
                for start in range(0, len(chunk), AT_ONCE_BYTES):
                    body = chunk[start : start + AT_ONCE_BYTES]
                    await send({"type": "http.response.body", "body": body, "more_body": True})
        except Exception:
            # The reader comes again, and goes on after its last event.
            log.exception("live.broke")


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say_goodbye(send: Send, farewell: bytes) -> None:
    """A reader that does not read is not waited for."""
    try:
        last = {"type": "http.response.body", "body": farewell, "more_body": False}
        await asyncio.wait_for(send(last), GOODBYE_SECONDS)  # type: ignore[arg-type]
    except TimeoutError:
        log.debug("live.abandoned")
