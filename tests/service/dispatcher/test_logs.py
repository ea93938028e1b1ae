"""The log of an attempt on a real NATS that may be away: complete and in order, or the gap is shown."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from nats.aio.client import Client

from lamplighter_contracts.executions import LogStream
from lamplighter_dispatcher.attempt import logbook, scribe
from lamplighter_dispatcher.attempt.allowance import END_MARKER
from lamplighter_dispatcher.attempt.lines import LINE_LIMIT
from lamplighter_dispatcher.attempt.logbook import Logbook, read_log_end
from lamplighter_dispatcher.attempt.scribe import Censor, Scribe
from lamplighter_dispatcher.outcomes import LogEnd, StopReason
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.service.dispatcher.world import World
from tests.support.partition import Partition, partition
from tests.support.waiting import until

OUT = LogStream.STDOUT
ROOM = 1 << 20


@pytest.fixture
async def between(world: World) -> AsyncIterator[Partition]:
    async with partition(world.url) as between:
        yield between


@pytest.fixture
async def far(between: Partition) -> AsyncIterator[Client]:
    """A connection through the partition."""
    broker = open_broker(ServiceSettings(nats_url=between.url), "test")
    yield await broker.connect()
    between.heal()
    await asyncio.wait_for(broker.stop(), 15)


async def test_lines_are_stored_before_the_end_and_nothing_runs_when_idle(world: World, bus: Client) -> None:
    execution = str(uuid4())
    book = Logbook(bus, execution, 1, ROOM)
    assert book._flush is None
    book.add(OUT, ["one", "two"])
    await world.said(execution, "two")
    await _idle_of(book)
    book.add(OUT, ["three"])
    assert await book.close(Stop().at_once) == LogEnd(lines=3, sequence=2, batches=2)
    assert [line.number for line in await world.lines(execution)] == [1, 2, 3]
    assert await read_log_end(bus, execution) == LogEnd(lines=3, sequence=2)


async def test_the_worst_that_escaping_does_to_a_batch_still_fits_a_message(
    world: World, bus: Client
) -> None:
    execution = str(uuid4())
    book = Logbook(bus, execution, 1, ROOM)
    book.add(OUT, ["\x1b" * LINE_LIMIT] * 8 + ["\x1b"] * 10_000, source="s" * 64)
    end = await book.close(Stop().at_once)
    assert (end.lines, end.lost) == (10_008, 0)
    assert [line.number for line in await world.lines(execution)] == list(range(1, 10_009))


async def test_an_outage_costs_no_line_and_no_order(world: World, between: Partition, far: Client) -> None:
    execution = str(uuid4())
    book = Logbook(far, execution, 1, ROOM)
    for n in range(200):
        book.add(OUT, [f"line {n}"])
        if n == 50:
            between.cut()
        if n == 150:
            between.heal()
        await asyncio.sleep(0.005)
    end = await book.close(Stop().at_once)
    assert (end.lines, end.lost) == (200, 0)
    assert await world.texts(execution) == [f"line {n}" for n in range(200)]


async def test_lines_that_could_not_be_stored_leave_a_word(
    world: World, between: Partition, far: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "STORE_SECONDS", 0)
    execution = str(uuid4())
    book = Logbook(far, execution, 1, ROOM)
    book.add(OUT, ["kept"])
    await world.said(execution, "kept")
    between.cut()
    book.add(OUT, ["lost", "lost"])
    await _idle_of(book)
    between.heal()
    await _connected(far)
    book.add(OUT, ["kept again"])
    end = await book.close(Stop().at_once)
    assert (end.lines, end.lost) == (4, 2)
    assert [(line.number, line.stream, line.text) for line in await world.lines(execution)] == [
        (1, "stdout", "kept"),
        (3, "system", "lines 2 to 3 are missing here: they could not be stored"),
        (4, "stdout", "kept again"),
    ]


async def test_what_is_not_stored_at_the_end_is_counted(
    between: Partition, far: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "CLOSE_SECONDS", 0.5)
    book = Logbook(far, str(uuid4()), 1, ROOM)
    between.blackhole()
    book.add(OUT, ["a", "b", "c"])
    assert await book.close(Stop().at_once) == LogEnd(lines=3, sequence=0, lost=3, batches=1)


async def test_the_end_waits_for_nats_unless_the_run_has_to_be_over_at_once(
    between: Partition, far: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "HURRY_SECONDS", 0.2)
    patient, hurried, stop = Logbook(far, str(uuid4()), 1, ROOM), Logbook(far, str(uuid4()), 1, ROOM), Stop()
    between.cut()
    patient.add(OUT, ["a"])
    hurried.add(OUT, ["a"])
    waiting = asyncio.create_task(patient.close(Stop().at_once))
    stop.request(StopReason.SHUTDOWN)
    assert (await asyncio.wait_for(hurried.close(stop.at_once), 5)).lost == 1
    between.heal()
    assert (await asyncio.wait_for(waiting, 15)).lost == 0


async def test_a_process_is_held_up_for_a_while_and_then_its_output_is_left_out(
    world: World, between: Partition, far: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "PATIENCE_SECONDS", 0.3)
    execution = str(uuid4())
    censor = Censor(Logbook(far, execution, 1, most_waiting=200))
    hand = Scribe(censor)
    between.blackhole()
    await hand.write(OUT, b"kept\n" * 10)
    await hand.write(OUT, b"left out\n")
    # Held up once, and not again for each write: these two would wait for longer than the test does.
    monkeypatch.setattr(scribe, "PATIENCE_SECONDS", 600)
    async with asyncio.timeout(30):
        await hand.write(OUT, b"left out\n")
        await hand.write(OUT, b"left out\n")
    between.heal()
    await asyncio.wait_for(censor.logbook.room(), 10)
    await hand.write(OUT, b"after\n")
    end = await censor.close(Stop().at_once)
    texts = [line.text for line in await world.lines(execution)]
    marker = "3 lines (27 bytes) are left out here: they could not be stored as fast as they came"
    assert texts == ["kept"] * 10 + [marker, "after"]
    assert (end.lines, end.lost) == (12, 0)


async def test_after_the_total_the_log_says_that_it_stops(
    world: World, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.attempt.allowance.BYTES_IN_ALL", 100_000)
    execution = str(uuid4())
    censor = Censor(Logbook(bus, execution, 1, ROOM))
    hand = Scribe(censor)
    for _ in range(5):
        await hand.write(OUT, b"x" * 49_967 + b"\n")
    hand.close()
    await censor.close(Stop().at_once)
    texts = [line.text[:40] for line in await world.lines(execution)]
    assert texts[2] == END_MARKER[:40]
    assert texts[3].startswith("3 lines (149,904 bytes) are left out")
    assert len(texts) == 4


async def _idle_of(book: Logbook) -> None:
    async def ask() -> bool:
        return book._flush is None

    await until(ask, what="the end of the flush")


async def _connected(client: Client) -> None:
    async def ask() -> bool:
        return client.is_connected

    await until(ask, what="the connection")
