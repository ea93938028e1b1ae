"""Readers of the same subjects share one reading, and each has every message once, wherever it joins and leaves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from nats.aio.client import Client

from lamplighter_contracts.streams import stream_of
from lamplighter_gateway.live import sharing
from lamplighter_gateway.live.sharing import SharedTail, Sharing
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tails import Entry
from tests.support.servers import Server
from tests.support.waiting import until

DEADLINE = 20
SUBJECT = "log.a"


@dataclass(frozen=True)
class Line:
    sequence: int
    text: str
    size: int = 1_000


class Reader:
    """How often a message was understood is counted: once for all."""

    def __init__(self) -> None:
        self.understood = 0

    def __call__(self, entry: Entry) -> Line:
        self.understood += 1
        return Line(entry.sequence, entry.body.decode())


@pytest.fixture
def read() -> Reader:
    return Reader()


@pytest.fixture
def shared(bus: Client) -> Sharing:
    return Sharing(bus)


async def put(bus: Client, first: int, last: int, subject: str = SUBJECT) -> None:
    for number in range(first, last):
        await publish(bus, Message(subject, str(number).encode()))


@asynccontextmanager
async def opened(
    shared: Sharing, read: Reader, after: int = 0, subject: str = SUBJECT
) -> AsyncIterator[SharedTail[Line]]:
    tail = SharedTail(shared, stream_of(subject).name, [subject], after, read)
    await tail.open()
    try:
        yield tail
    finally:
        await tail.close()


async def take(tail: SharedTail[Line], count: int) -> list[int]:
    taken: list[int] = []
    async with asyncio.timeout(DEADLINE):
        while len(taken) < count:
            taken += [int(one.text) for one in await tail.take()]
    return taken


async def consumers(bus: Client) -> int:
    found = json.loads((await bus.request("$JS.API.CONSUMER.NAMES.LOGS", b"", timeout=3)).data)
    return len(found["consumers"] or ())


async def test_many_read_the_past_and_the_present_for_the_price_of_one(
    bus: Client, shared: Sharing, read: Reader
) -> None:
    await put(bus, 0, 500)
    stacks = [opened(shared, read) for _ in range(50)]
    tails = await asyncio.gather(*(one.__aenter__() for one in stacks))
    assert {tail.behind for tail in tails} == {500}
    assert await asyncio.gather(*(take(tail, 500) for tail in tails)) == [list(range(500))] * 50
    assert {tail.behind for tail in tails} == {0}

    more = asyncio.gather(*(take(tail, 20) for tail in tails))
    await put(bus, 500, 520)
    assert await more == [list(range(500, 520))] * 50
    assert read.understood == 520
    assert await consumers(bus) == 1
    for one in stacks:
        await one.__aexit__(None, None, None)

    async def none_left() -> bool:
        return await consumers(bus) == 0

    await until(none_left)


async def test_who_comes_later_has_all_of_it(bus: Client, shared: Sharing, read: Reader) -> None:
    await put(bus, 0, 100)
    async with opened(shared, read) as first:
        await take(first, 100)
        async with opened(shared, read) as second, opened(shared, read, after=60) as third:
            assert (second.behind, third.behind) == (100, 40)
            assert await take(second, 100) == list(range(100))
            assert await take(third, 40) == list(range(60, 100))
        assert read.understood == 100
        await put(bus, 100, 101)
        assert await take(first, 1) == [100]


async def test_who_is_left_behind_begins_a_reading_of_its_own(
    bus: Client, shared: Sharing, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PORTION", 10)
    monkeypatch.setattr(shared, "room", lambda: 5_000)
    await put(bus, 0, 300)
    async with opened(shared, read) as slow, opened(shared, read) as fast:
        had = [int(one.text) for one in await slow.take()]
        assert await take(fast, 300) == list(range(300))
        assert had + await take(slow, 300 - len(had)) == list(range(300))
        await put(bus, 300, 310)
        assert await take(slow, 10) == await take(fast, 10) == list(range(300, 310))


async def test_who_knows_more_than_has_been_read_does_not_read_the_past(
    bus: Client, shared: Sharing, read: Reader
) -> None:
    await put(bus, 0, 300)
    async with opened(shared, read) as first:
        await first.take()
        async with opened(shared, read, after=290) as second:
            assert await take(second, 10) == list(range(290, 300))
            assert await consumers(bus) == 2
        assert read.understood < 300


async def test_one_that_gives_up_waiting_takes_nothing_from_the_others(
    bus: Client, shared: Sharing, read: Reader
) -> None:
    async with opened(shared, read) as impatient, opened(shared, read) as patient:
        waits, gives_up = asyncio.create_task(take(patient, 1)), asyncio.create_task(take(impatient, 1))
        reading = impatient._reading

        async def both_wait() -> bool:
            return reading is not None and reading._taking is not None

        await until(both_wait)
        gives_up.cancel()
        await put(bus, 0, 1)
        assert await waits == [0]
        assert await take(impatient, 1) == [0]


async def test_the_server_dies_in_the_middle(
    bus: Client, nats_server: Server, shared: Sharing, read: Reader
) -> None:
    # Of a stream that loses nothing to a kill; one of logs may lose its last moments.
    step = "execution.a.step"
    await put(bus, 0, 50, step)
    async with opened(shared, read, 0, step) as one, opened(shared, read, 0, step) as other:
        assert await take(one, 50) == await take(other, 50)
        await asyncio.to_thread(nats_server.kill_and_restart)

        async def stored() -> bool:
            try:
                await put(bus, 50, 51, step)
            except ConnectionError:
                return False
            return True

        await until(stored)
        assert (await take(one, 1))[-1] == (await take(other, 1))[-1] == 50
