"""Several schedulers, redeliveries and kills: each occurrence exactly once."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from nats.aio.client import Client

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.streams import SCHEDULER_CATALOG, SCHEDULER_TICKS, SCHEDULER_TRIGGERS
from lamplighter_runtime.consuming import Received
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.pulls import Pull
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.handlers import Handlers, read_trigger
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers
from tests.service.scheduler.world import (
    Record,
    World,
    daily_at,
    due,
    job,
    keys,
    last_minute,
    now,
    scheduler,
    triggered,
)
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import until

JOBS = 30


def each_once(records: list[Record], wanted: set[tuple[str, str]]) -> bool:
    found = Counter((record.job_id, record.firing.key) for record in records)
    return set(found) == wanted and set(found.values()) == {1}


async def flood(world: World, triggers: int) -> set[tuple[str, str]]:
    """Half the jobs skip overlaps, half allow them; all have an occurrence due. Everything is said twice."""
    instant = last_minute()
    ids = [f"job-{n}" for n in range(JOBS)]
    await world.write(
        *(job(i, daily_at(instant), overlap="skip" if n % 2 else "allow") for n, i in enumerate(ids))
    )
    events = [triggered(ids[n % JOBS], f"k{n}") for n in range(triggers)]
    for portion in range(0, triggers, 60):
        await world.trigger(*events[portion : portion + 60])
        await world.tick(*ids[::3])
        await world.trigger(*events[portion : portion + 60])
    return {(i, rfc3339(instant)) for i in ids} | {(event.job_id, event.key) for event in events}


async def test_two_schedulers_decide_each_occurrence_once(world: World, nats_server: Server) -> None:
    async with AsyncExitStack() as schedulers:
        for _ in range(2):
            await schedulers.enter_async_context(scheduler(nats_server))
        wanted = await flood(world, 300)
        await until(lambda: world.idle(SCHEDULER_TRIGGERS, SCHEDULER_TICKS), seconds=30)
        await until(lambda: _count(world, len(wanted)), seconds=30)

    records = await world.records()
    assert each_once(records, wanted)
    assert Counter(record.job_id for record in due(records) if record.gated) == {
        f"job-{n}": 1 for n in range(1, JOBS, 2)
    }


async def _count(world: World, wanted: int) -> bool:
    return len(await world.records()) >= wanted


async def test_a_trigger_whose_acknowledgement_was_lost_is_known(world: World, nats_server: Server) -> None:
    """Decided and not acknowledged; then it comes again, to another scheduler."""
    await world.write(job("deploy", overlap="allow"))
    await world.trigger(*(triggered("deploy", f"k{n}") for n in range(5)))
    await provision_consumers(world.bus, [SCHEDULER_TRIGGERS])
    pull = Pull(world.bus, SCHEDULER_TRIGGERS)
    await pull.open()
    taken = [message for _ in range(5) for message in await pull.take(1)]
    await _handlers(world.bus).on_job_triggered(
        [Received(read_trigger(m), m.subject, m.metadata.sequence.stream, 1, m) for m in taken]
    )
    for message in taken:
        await message.nak()
    await pull.close()

    async with scheduler(nats_server):
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
    assert keys(await world.records()) == [f"k{n}" for n in range(5)]


def _handlers(bus: Client) -> Handlers:
    states = States(bus)
    return Handlers(states, Firings(bus, states, now), Timers(bus, states))


@pytest.fixture
def process(nats_server: Server, tmp_path: Path) -> Iterator[Child]:
    child = Child(
        "scheduler",
        (sys.executable, "-m", "lamplighter_scheduler"),
        {"NATS_URL": nats_server.url},
        tmp_path / "log",
    )
    yield child
    if child.alive:
        child.stop()


QUICK = [
    replace(consumer, ack_wait=timedelta(seconds=1))
    for consumer in (SCHEDULER_CATALOG, SCHEDULER_TRIGGERS, SCHEDULER_TICKS)
]
"""What a killed scheduler had taken comes again after a second, not after thirty."""


async def test_a_killed_scheduler_loses_and_repeats_nothing(world: World, process: Child) -> None:
    wanted = await flood(world, 900)

    async def has_decided(part: int) -> int:
        await provision_consumers(world.bus, QUICK)
        decided = len(await world.records())
        return decided if decided >= part else 0

    async def settled() -> bool:
        await provision_consumers(world.bus, QUICK)
        return await world.idle(*QUICK)

    decided = 0
    for _ in range(3):
        process.start()
        part = min(decided + 1, len(wanted))
        decided = await until(lambda part=part: has_decided(part))  # type: ignore[misc]
        process.kill()
    process.start()
    await until(lambda: has_decided(len(wanted)), seconds=30)
    await until(settled, seconds=30)
    assert each_once(await world.records(), wanted)


async def test_a_scheduler_that_is_told_to_stop_ends_well(world: World, process: Child) -> None:
    process.start()
    await world.write(job("deploy"))
    await world.trigger(triggered("deploy", "k"))
    await until(lambda: world.records())
    assert process.stop() == 0
    assert "Traceback" not in process.output()
