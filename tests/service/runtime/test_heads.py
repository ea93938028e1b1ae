"""What comes before and between the bodies of requests has bounds, on a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from lamplighter_runtime import heads
from lamplighter_runtime.heads import HEAD_BYTES, BoundedHeads
from lamplighter_runtime.service import Loops, Server
from tests.support.waiting import until

PIECE = b"x" * 32_768
OPENING = b"GET / HTTP/1.1\r\nHost: x\r\n"
DEADLINE = 15


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Reads all that comes, then answers."""
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(_app, port=0, http=BoundedHeads, lifespan="off", log_config=None)
    server = Server(config, Loops())
    serving = asyncio.create_task(server.serve())
    await until(lambda: _started(server), what="a server")
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def _started(server: Server) -> bool:
    return server.started


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def _answer(port: int, *parts: bytes) -> bytes:
    """All that is answered until the connection is closed."""
    async with _connected(port) as (reader, writer):
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "opening",
    [
        b"GET /",
        OPENING + b"X-Endless: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ",
    ],
    ids=["line", "header", "chunk extension", "trailer"],
)
async def test_what_has_no_end_is_cut_off(port: int, opening: bytes) -> None:
    async with _connected(port) as (_, writer):
        writer.write(opening)
        sent = 0
        try:
            while sent < 100 * HEAD_BYTES:
                writer.write(PIECE)
                await writer.drain()
                sent += len(PIECE)
        except ConnectionError:
            return
    pytest.fail("all of it was taken")


async def test_a_refusal_is_a_problem_document(port: int) -> None:
    large = await _answer(port, (OPENING + b"X-Large: ").ljust(HEAD_BYTES + 1, b"x"))
    broken = await _answer(port, b"NONSENSE\r\n\r\n")

    for answer, status in ((large, 431), (broken, 400)):
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"content-type: application/problem+json" in head
        assert json.loads(body)["status"] == status


async def test_a_large_body_and_many_requests_on_a_connection_are_no_head(port: int) -> None:
    size = 20 * HEAD_BYTES
    whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    closing = OPENING + b"Connection: close\r\n\r\n"

    answer = await _answer(port, whole, whole, closing)

    assert answer.count(b"HTTP/1.1 204") == 3


@pytest.mark.parametrize(
    "beginning", [b"", OPENING, b"GET / HTTP/1.1\r\n\r\nGET"], ids=["none", "half", "second"]
)
async def test_a_request_that_does_not_come_is_not_waited_for(
    port: int, beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.2)

    answer = await _answer(port, beginning)

    assert answer.count(b"HTTP/1.1 204") == beginning.count(b"\r\n\r\n")


async def test_a_request_that_is_worked_on_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "HEAD_SECONDS", 0.1)
    async with _connected(port) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.5)
        writer.write(b"x")
        assert (await reader.read()).startswith(b"HTTP/1.1 204")
