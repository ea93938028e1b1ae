"""What was lost behind the scheduler's back is found and repaired, and nothing is done twice."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.gates import Gate, Running
from lamplighter_contracts.streams import DUE_TTL
from lamplighter_planning.rulings import Asked
from lamplighter_runtime.latest import subject_pages
from lamplighter_runtime.messages import Message
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.invariants import GRACE, Fault
from lamplighter_scheduler.reconciler import Reconciler
from lamplighter_scheduler.records import at
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers
from tests.service.scheduler.world import World, daily_at, job, last_minute, now, scheduler, triggered
from tests.support.servers import Server
from tests.support.waiting import until

SOON = last_minute() + timedelta(hours=1)


def reconciler(bus: Client, ahead: timedelta = 2 * GRACE) -> Reconciler:
    """By a clock that runs ahead, so that what was just done counts as settled."""

    def clock() -> datetime:
        return now() + ahead

    states = States(bus)
    return Reconciler(bus, states, Firings(bus, states, clock), Timers(bus, states), clock)


async def test_lost_timers_are_armed_again_by_a_scheduler_at_work(world: World, nats_server: Server) -> None:
    ids = [f"job-{n}" for n in range(40)]
    wanted: dict[str, str | None] = {job_id: at(SOON) for job_id in ids}
    await world.write(*(job(job_id, daily_at(SOON), scheduled_from=now()) for job_id in ids))
    async with scheduler(nats_server, reconcile_seconds=1):
        await until(lambda: world.timers_are(**wanted))
        await world.bus.jetstream().purge_stream("TIMERS")
        await until(lambda: world.timers_are(**wanted))
    assert await world.records() == []


async def test_each_kind_of_wrong_timer_is_repaired_once(world: World) -> None:
    await world.write(
        job("missing", daily_at(SOON), scheduled_from=now()),
        job("wrong", daily_at(SOON), scheduled_from=now()),
        job("paused", daily_at(SOON), enabled=False),
        job("right", daily_at(SOON), scheduled_from=now()),
    )
    await Timers(world.bus, States(world.bus)).review(["right"])
    await world.put(armed(job_id) for job_id in ("wrong",))
    await world.put(armed(job_id) for job_id in ("paused",))
    await world.put(armed(job_id) for job_id in ("gone",))

    repairs = await reconciler(world.bus).reconcile()

    assert repairs == Counter({Fault.TIMER_SUPERFLUOUS: 2, Fault.TIMER_MISSING: 1, Fault.TIMER_WRONG: 1})
    assert await world.timers_are(missing=at(SOON), wrong=at(SOON), right=at(SOON), paused=None, gone=None)
    assert await reconciler(world.bus).reconcile() == Counter()


def armed(job_id: str) -> Message:
    headers = {"Nats-Schedule": at(SOON + timedelta(days=3)), "Nats-Schedule-Target": subjects.tick(job_id)}
    return Message(subjects.timer(job_id), b"", headers)


async def test_an_execution_whose_end_was_missed_leaves_the_gate(world: World) -> None:
    await world.write(job("deploy"))
    firings = Firings(world.bus, States(world.bus), now)
    await _fire(world, firings)
    [record] = await world.records()
    assert await reconciler(world.bus).reconcile() == Counter()

    await world.finish(record)  # type: ignore[arg-type]
    assert await reconciler(world.bus).reconcile() == Counter({Fault.END_MISSED: 1})
    assert (await world.gate("deploy")).running == {}


async def _fire(world: World, firings: Firings) -> None:
    await firings.settle([Asked("deploy", triggers=(triggered("deploy", "k"),))])


async def test_an_execution_that_nobody_ever_claimed_leaves_the_gate(world: World) -> None:
    await world.write(job("deploy"))
    waiting, expired = now() - DUE_TTL + 10 * GRACE, now() - DUE_TTL - GRACE
    running = {"waiting": Running(since=waiting), "expired": Running(since=expired)}
    gate = Gate(job_id="deploy", running=running)
    await world.put([Message(subjects.gate("deploy"), gate.model_dump_json().encode())])

    assert await reconciler(world.bus).reconcile() == Counter({Fault.DUE_EXPIRED: 1})
    assert list((await world.gate("deploy")).running) == ["waiting"]


async def test_a_job_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    await world.write(
        *(job(f"job-{n}", daily_at(SOON), scheduled_from=now()) for n in range(5)),
        job("unreadable", "whenever"),
    )
    await world.put([Message(subjects.catalog("jobs", "rubbish"), b"{")])
    assert await reconciler(world.bus).reconcile() == Counter({Fault.TIMER_MISSING: 5})


@pytest.mark.parametrize("size", [700, 3_000])
async def test_pages_reach_every_subject_once(world: World, size: int) -> None:
    """More than a multi-get of a wildcard would answer for."""
    wanted = {subjects.catalog("jobs", f"job-{n}") for n in range(2_500)}
    for _ in range(2):
        await world.put(Message(subject, b"x") for subject in wanted)
    pages = [page async for page in subject_pages(world.bus, "KV_catalog", "$KV.catalog.jobs.*", size)]
    assert max(map(len, pages)) <= size
    assert sorted(subject for page in pages for subject in page) == sorted(wanted)


async def test_no_subject_is_no_page(world: World) -> None:
    assert [page async for page in subject_pages(world.bus, "TIMERS", "timer.job.*")] == []
