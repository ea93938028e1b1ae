"""A dispatcher tells that it is there, how busy it is, and whether it takes work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import PRESENCE
from lamplighter_contracts.workers import DrainReply, DrainRequest, WorkerState
from lamplighter_dispatcher.presence import draining
from lamplighter_dispatcher.presence.draining import Draining
from lamplighter_dispatcher.presence.presence import Presence
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.provisioning import provision_streams
from lamplighter_runtime.settings import ServiceSettings
from lamplighter_runtime.tasks import end
from tests.support.servers import Server
from tests.support.waiting import until

NAME = "lab-7-ab12"


@dataclass
class Worker:
    running: int = 0
    draining: Draining = field(default_factory=Draining)
    changes: list[bool] = field(default_factory=list)

    def changed(self) -> None:
        self.changes.append(bool(self.draining))

    def state(self) -> WorkerState:
        now = datetime.now(UTC)
        return WorkerState(
            worker=NAME,
            host="lab",
            pid=7,
            version="1",
            queues=("default",),
            slots=4,
            running=self.running,
            draining=bool(self.draining),
            started_at=now,
            seen_at=now,
        )


async def told(bus: Client) -> WorkerState | None:
    last = await last_message(bus, PRESENCE.name, subjects.worker(NAME))
    return WorkerState.model_validate_json(last.body) if last else None


@asynccontextmanager
async def telling(bus: Client, worker: Worker, every_seconds: float) -> AsyncIterator[Presence]:
    presence = Presence(bus, worker.state, every_seconds)
    task = asyncio.create_task(presence.tell_for_ever())
    try:
        yield presence
    finally:
        await end([task])


async def test_it_tells_again_and_again_in_its_interval(bus: Client) -> None:
    async with telling(bus, Worker(), 0.05):
        first = await until(lambda: told(bus), what="a word of the worker")

        async def later() -> bool:
            again = await told(bus)
            return again is not None and again.seen_at > first.seen_at

        await until(later, seconds=5, what="another word")


async def test_it_tells_a_change_at_once(bus: Client) -> None:
    worker = Worker()
    async with telling(bus, worker, 3_600) as presence:
        await until(lambda: told(bus), what="a word of the worker")
        worker.running = 3
        presence.changed()

        async def busy() -> bool:
            state = await told(bus)
            return state is not None and state.running == 3

        await until(busy, seconds=5, what="news of what runs")


async def test_what_is_not_told_again_is_forgotten(bus: Client) -> None:
    async with telling(bus, Worker(), 3_600):
        await until(lambda: told(bus), what="a word of the worker")
        last = await last_message(bus, PRESENCE.name, subjects.worker(NAME))

    assert last is not None
    assert last.headers["Nats-TTL"] == "20s"


async def test_when_it_leaves_it_is_forgotten_soon(bus: Client) -> None:
    async with telling(bus, Worker(), 3_600):
        await until(lambda: told(bus), what="a word of the worker")
    last_word = await told(bus)

    assert last_word is None or last_word.draining

    async def gone() -> bool:
        return await told(bus) is None

    await until(gone, seconds=10, what="the end of what it said")


async def test_without_nats_it_goes_on_trying(bus: Client) -> None:
    async with telling(bus, Worker(), 0.05):
        await until(lambda: told(bus), what="a word of the worker")
        await bus.request(f"$JS.API.STREAM.DELETE.{PRESENCE.name}", b"")
        await provision_streams(bus)

        await until(lambda: told(bus), seconds=20, what="a word after the outage")


@pytest.fixture
async def drained(nats_server: Server, bus: Client) -> AsyncIterator[Worker]:
    """One that hears requests."""
    worker, broker = Worker(running=2), open_broker(ServiceSettings(nats_url=nats_server.url), "worker")
    draining.subscribe(broker, NAME, worker.draining, lambda: worker.running, worker.changed)
    await broker.start()
    yield worker
    await broker.stop()


async def ask(bus: Client, drain: bool) -> DrainReply:
    request = DrainRequest(worker=NAME, drain=drain, requested_by="Ann")
    headers = {"content-type": "application/json"}
    answer = await bus.request(
        subjects.drain(NAME), request.model_dump_json().encode(), timeout=5, headers=headers
    )
    return DrainReply.model_validate_json(answer.data)


async def test_it_is_drained_and_takes_work_again(bus: Client, drained: Worker) -> None:
    assert await ask(bus, drain=True) == DrainReply(outcome="draining", running=2)
    assert drained.draining
    assert await ask(bus, drain=True) == DrainReply(outcome="draining", running=2)
    assert await ask(bus, drain=False) == DrainReply(outcome="working", running=2)
    assert not drained.draining
    assert drained.changes == [True, True, False]


async def test_who_waits_to_take_work_waits_while_it_drains() -> None:
    draining = Draining()
    await asyncio.wait_for(draining.open(), 5)
    draining.turn(drain=True)
    await asyncio.wait_for(draining.closed(), 5)
    waiting = asyncio.create_task(draining.open())
    await asyncio.sleep(0)

    assert not waiting.done()

    draining.turn(drain=False)
    await asyncio.wait_for(waiting, 5)
