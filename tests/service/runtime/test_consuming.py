"""Handled and acknowledged, repeated later, or set aside with the reason: nothing else, and nothing lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError

from lamplighter_contracts import streams
from lamplighter_runtime import consuming, pulls
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.consuming import Handle, Received, consume
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.settings import ServiceSettings
from tests.support.consumers import unsettled
from tests.support.servers import Server
from tests.support.waiting import until

CONSUMER = replace(streams.SCHEDULER_TRIGGERS, ack_wait=timedelta(seconds=2))
GRAVE = "dead.JOBS.scheduler-triggers"


def read(message: Msg) -> int | None:
    """The number in a message; `skip` is none of our business."""
    return None if message.data == b"skip" else int(message.data)


@asynccontextmanager
async def consuming_with(bus: Client, handle: Handle[int], most: int = 500) -> AsyncIterator[None]:
    await provision_consumers(bus, [CONSUMER])
    task = asyncio.create_task(consume(bus, CONSUMER, read, handle, most=most))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def put(bus: Client, *bodies: str) -> None:
    for body in bodies:
        await bus.jetstream().publish("trigger.job.a.x", body.encode())


class Seen:
    """Remembers what it was given, and fails as it is told to."""

    def __init__(self, fails: dict[int, list[Exception]] | None = None) -> None:
        self.numbers: list[int] = []
        self.fails = fails or {}

    async def __call__(self, batch: Sequence[Received[int]]) -> None:
        for one in batch:
            if self.fails.get(one.event):
                raise self.fails[one.event].pop(0)
        self.numbers += [one.event for one in batch]


async def test_all_are_handled_once_and_acknowledged(bus: Client) -> None:
    seen = Seen()
    await put(bus, *(str(n) for n in range(300)), "skip")
    async with consuming_with(bus, seen, most=50):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
    assert sorted(seen.numbers) == list(range(300))


async def _is(answer: Awaitable[int], wanted: int) -> bool:
    return await answer == wanted


async def test_poison_is_set_aside_with_the_reason_and_holds_up_no_other(bus: Client) -> None:
    seen = Seen()
    await put(bus, "1", "rubbish", "2")
    async with consuming_with(bus, seen):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))

    assert sorted(seen.numbers) == [1, 2]
    grave = await last_message(bus, "DEAD", GRAVE)
    assert grave is not None
    assert grave.body == b"rubbish"
    assert grave.headers["Lamplighter-Subject"] == "trigger.job.a.x"
    assert "invalid literal" in grave.headers["Lamplighter-Reason"]


async def test_one_failure_in_a_batch_does_not_fail_the_others(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "BACKOFF_SECONDS", (0.05, 0.05, 0.05, 0.05))
    seen = Seen({3: [RuntimeError("once"), RuntimeError("twice")]})
    await put(bus, "1", "2", "3", "4")
    async with consuming_with(bus, seen):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
    assert sorted(seen.numbers) == [1, 2, 3, 4]


async def test_what_fails_five_times_is_set_aside(bus: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "BACKOFF_SECONDS", (0.05, 0.05, 0.05, 0.05))
    seen = Seen({1: [RuntimeError(f"try {n}") for n in range(20)]})
    await put(bus, "1", "2")
    async with consuming_with(bus, seen):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))

    assert seen.numbers == [2]
    grave = await last_message(bus, "DEAD", GRAVE)
    assert grave is not None
    assert "failed 5 times" in grave.headers["Lamplighter-Reason"]


async def test_an_outage_is_nobodys_poison(bus: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "BACKOFF_SECONDS", (0.05, 0.05, 0.05, 0.05))
    seen = Seen({1: [ConnectionError("no store") for _ in range(12)]})
    await put(bus, "1")
    async with consuming_with(bus, seen):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
    assert seen.numbers == [1]
    assert await last_message(bus, "DEAD", GRAVE) is None


async def test_poison_too_large_for_its_grave_is_set_aside_without_its_body(bus: Client) -> None:
    seen = Seen()
    await put(bus, "1", "x" * streams.MESSAGE_LIMIT, "2")
    async with consuming_with(bus, seen):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))

    assert sorted(seen.numbers) == [1, 2]
    grave = await last_message(bus, "DEAD", GRAVE)
    assert grave is not None
    assert grave.body == b""
    assert grave.headers["Lamplighter-Sequence"] == "2"
    assert "at most" in grave.headers["Lamplighter-Left-Out"]


async def test_no_more_bytes_are_held_at_a_time_than_may_be(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulls, "PORTION_BYTES", 20_000)
    monkeypatch.setattr(pulls, "PAUSE_SECONDS", 60)
    sizes: list[int] = []

    async def weigh(batch: Sequence[Received[int]]) -> None:
        sizes.append(sum(len(one.message.data) for one in batch))

    await put(bus, *(str(n).rjust(3_000) for n in range(100)))
    async with consuming_with(bus, weigh):
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
    assert sum(sizes) == 300_000
    assert max(sizes) <= 2 * 20_000


async def test_a_reader_whose_connection_is_closed_for_good_says_so(
    bus: Client, nats_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """nats-py closes for ever at the first error that it does not know: the process must not sit there deaf."""
    monkeypatch.setattr(pulls, "SILENCE_SECONDS", 0.5)
    await provision_consumers(bus, [CONSUMER])
    client = await open_broker(ServiceSettings(nats_url=nats_server.url), "test").connect()
    task = asyncio.create_task(consume(client, CONSUMER, read, Seen()))
    await client.close()
    with pytest.raises(ConnectionClosedError):
        await asyncio.wait_for(task, 10)


async def test_two_readers_share_and_neither_repeats(bus: Client) -> None:
    one, two = Seen(), Seen()
    async with consuming_with(bus, one, most=10), consuming_with(bus, two, most=10):
        await put(bus, *(str(n) for n in range(200)))
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
    assert sorted(one.numbers + two.numbers) == list(range(200))


async def test_it_goes_on_after_the_server_was_killed(bus: Client, nats_server: Server) -> None:
    seen = Seen()
    async with consuming_with(bus, seen):
        await put(bus, "1")
        await until(lambda: _is(unsettled(bus, CONSUMER), 0))
        nats_server.kill_and_restart()

        async def again() -> bool:
            return bus.is_connected and bus.stats["reconnects"] > 0

        await until(again)
        await put(bus, "2")
        await until(lambda: _is(unsettled(bus, CONSUMER), 0), seconds=30)
    assert set(seen.numbers) == {1, 2}


async def test_what_was_begun_is_finished_when_the_loop_is_cancelled(bus: Client) -> None:
    begun, release = asyncio.Event(), asyncio.Event()
    finished: list[int] = []

    async def slow(batch: Sequence[Received[int]]) -> None:
        begun.set()
        await release.wait()
        finished.extend(one.event for one in batch)

    await provision_consumers(bus, [CONSUMER])
    task = asyncio.create_task(consume(bus, CONSUMER, read, slow))
    await put(bus, "1")
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    asyncio.get_running_loop().call_later(0.05, release.set)
    await asyncio.wait([task])

    assert finished == [1]
    await until(lambda: _is(unsettled(bus, CONSUMER), 0))
