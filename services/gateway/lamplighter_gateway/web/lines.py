"""A list as lines of JSON (NDJSON): all of it, page by page, so that no more than one page is in memory."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from lamplighter_gateway.web.problems import Problem, document_of, problem_of, unavailable
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tasks import end

log = get_logger()

MEDIA_TYPE = "application/x-ndjson"
HEADERS = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]

Documents = Sequence[dict[str, Any]]


class Lines(Response[bytes]):
    """An answer that is sent as it is made."""

    def __init__(
        self, first: Documents, rest: AsyncGenerator[Documents, None], leaving: asyncio.Event
    ) -> None:
        super().__init__(b"")
        self._sending = _Sending(first, rest, leaving)

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        return self._sending


class _Sending(ASGIResponse):
    """What goes wrong before the first page is a problem as everywhere; later, it is the last line: `{"problem": ...}`.

    A reader that is slow holds back the pages to come: the next one is made when the last one has been taken.
    """

    def __init__(
        self, first: Documents, rest: AsyncGenerator[Documents, None], leaving: asyncio.Event
    ) -> None:
        super().__init__()
        self._first, self._rest, self._leaving = first, rest, leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send, scope["path"]))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end([sending, gone])
            await self._rest.aclose()

    async def _send(self, send: Send, path: str) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        try:
            async for documents in self._pages():
                body = b"".join(map(_line, documents))
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except Exception as error:
            # Whatever it was, the reader has to hear that this is not all.
            problem = problem_of(error)
            if problem.word == "internal":
                log.exception("list.broke", path=path)
            body = _line({"problem": document_of(problem, path)})
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pages(self) -> AsyncIterator[Documents]:
        yield self._first
        async for documents in self._rest:
            if self._leaving.is_set():
                raise _leaving()
            yield documents


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _leaving() -> Problem:
    return unavailable("The gateway was told to stop: ask another one, or this one again.")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
