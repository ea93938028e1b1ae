"""A list as lines: page by page, as fast as it is read, and no longer than somebody reads it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from lamplighter_gateway.web.lines import Documents, Lines
from lamplighter_gateway.web.problems import unavailable

SCOPE: Any = {"type": "http", "path": "/api/v1/jobs"}
DEADLINE = 5


class Wire:
    """What an ASGI server is to an answer: a reader that takes what it is given, and may leave."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.may_send, self.gone = asyncio.Event(), asyncio.Event()
        self.may_send.set()

    async def send(self, message: Any) -> None:
        await self.may_send.wait()
        self.sent.append(message)

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def lines(self) -> list[Any]:
        body = b"".join(one["body"] for one in self.sent if one["type"] == "http.response.body")
        return [json.loads(line) for line in body.splitlines()]


class Pages:
    """Pages of two, and how many of them were asked for."""

    def __init__(self, count: int, failure: Exception | None = None) -> None:
        self.count, self.failure, self.asked, self.closed = count, failure, 0, False

    async def rest(self) -> AsyncGenerator[Documents, None]:
        try:
            while self.asked < self.count:
                self.asked += 1
                yield [{"page": self.asked}, {"page": self.asked}]
            if self.failure:
                raise self.failure
        finally:
            self.closed = True


def answer(pages: Pages, leaving: asyncio.Event | None = None) -> Any:
    lines = Lines([{"page": 0}], pages.rest(), leaving or asyncio.Event())
    return lines.to_asgi_response(None, None)


async def test_all_pages_are_lines_and_then_it_ends() -> None:
    wire, pages = Wire(), Pages(2)

    await asyncio.wait_for(answer(pages)(SCOPE, wire.receive, wire.send), DEADLINE)

    assert [line["page"] for line in wire.lines] == [0, 1, 1, 2, 2]
    assert wire.sent[0]["headers"][0] == (b"content-type", b"application/x-ndjson")
    assert wire.sent[-1]["more_body"] is False
    assert pages.closed


async def test_the_last_line_says_what_went_wrong() -> None:
    for failure, word in ((unavailable("It is away."), "unavailable"), (RuntimeError("secret"), "internal")):
        wire = Wire()
        await asyncio.wait_for(answer(Pages(1, failure))(SCOPE, wire.receive, wire.send), DEADLINE)
        assert [line.get("page") for line in wire.lines] == [0, 1, 1, None]
        assert wire.lines[-1]["problem"]["type"].endswith(f"/{word}")
        assert "secret" not in json.dumps(wire.lines)
        assert wire.sent[-1]["more_body"] is False


async def test_no_page_is_asked_for_before_the_last_one_is_taken() -> None:
    wire, pages = Wire(), Pages(1_000)
    wire.may_send.clear()
    sending = asyncio.create_task(answer(pages)(SCOPE, wire.receive, wire.send))
    for _ in range(100):
        await asyncio.sleep(0)
    assert pages.asked == 0
    wire.may_send.set()
    await asyncio.wait_for(sending, DEADLINE)
    assert pages.asked == 1_000


async def test_whoever_goes_ends_it() -> None:
    wire, pages = Wire(), Pages(1_000_000)
    wire.may_send.clear()
    sending = asyncio.create_task(answer(pages)(SCOPE, wire.receive, wire.send))
    for _ in range(10):
        await asyncio.sleep(0)
    wire.gone.set()

    await asyncio.wait_for(sending, DEADLINE)

    assert pages.asked <= 1


async def test_a_gateway_that_leaves_says_so() -> None:
    wire, pages, leaving = Wire(), Pages(1_000), asyncio.Event()
    leaving.set()

    await asyncio.wait_for(answer(pages, leaving)(SCOPE, wire.receive, wire.send), DEADLINE)

    assert wire.lines[-1]["problem"]["status"] == 503
    assert len(wire.lines) == 2
