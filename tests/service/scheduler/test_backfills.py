"""The occurrences of a past range, fired within a bound of their own, on a real server."""

from datetime import timedelta

from lamplighter_contracts import subjects
from lamplighter_contracts.events import (
    BackfillCancelled,
    BackfillRequested,
    JobBackfill,
    JobDue,
    TriggerKind,
)
from lamplighter_contracts.streams import DEAD, SCHEDULER_BACKFILLS, SCHEDULER_ENDS
from tests.service.scheduler.world import World, due, job, last_minute, now, scheduler
from tests.support.servers import Server
from tests.support.waiting import until

START = last_minute() - timedelta(days=3)
CANCELLED = BackfillCancelled(backfill_id="bf-1", job_id="report", requested_at=now(), requested_by="ann")


def requested(total: int, max_parallel: int) -> BackfillRequested:
    return BackfillRequested(
        backfill_id="bf-1",
        job_id="report",
        after_at=START,
        until_at=START + timedelta(hours=total),
        total=total,
        max_parallel=max_parallel,
        requested_at=now(),
        requested_by="ann",
    )


def backfilled(records: list[JobDue]) -> list[JobDue]:
    return [record for record in records if record.firing.kind is TriggerKind.BACKFILL]


async def _phases(world: World) -> list[str]:
    return [event.phase for event in await world.told(JobBackfill, subjects.job_backfill("report"))]


async def test_a_range_is_fired_within_its_bound_and_completed(world: World, nats_server: Server) -> None:
    await world.write(job("report", "0 * * * *", scheduled_from=now()))
    async with scheduler(nats_server):
        order = requested(5, max_parallel=2)
        await world.order(order)
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))
        finished = 0
        while finished < 5:
            fired = backfilled(due(await world.records()))
            assert len(fired) == min(finished + 2, 5)
            await world.finish(fired[finished])
            finished += 1
            await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.order(order)
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))

    fired = backfilled(due(await world.records()))
    hours = [START.replace(minute=0) + timedelta(hours=n) for n in range(1, 6)]
    assert [record.firing.nominal_at for record in fired] == hours
    assert {record.firing.backfill_id for record in fired} == {"bf-1"}
    assert await _phases(world) == ["started", "completed"]
    gate = await world.gate("report")
    assert (gate.backfills, gate.running) == ((), {})


async def test_a_cancelled_backfill_fires_no_more(world: World, nats_server: Server) -> None:
    await world.write(job("report", "0 * * * *", scheduled_from=now()))
    async with scheduler(nats_server):
        await world.order(requested(50, max_parallel=3))
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))
        await world.order(CANCELLED)
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))
        fired = backfilled(due(await world.records()))
        for record in fired:
            await world.finish(record)
        await until(lambda: world.idle(SCHEDULER_ENDS))

    assert len(backfilled(due(await world.records()))) == len(fired) == 3
    assert await _phases(world) == ["started", "cancelled"]
    assert all("ann" in running.stopping for running in (await world.gate("report")).running.values())


async def test_a_backfill_whose_end_was_heard_of_first_never_begins(
    world: World, nats_server: Server
) -> None:
    """Two replicas share the orders: one may hear of the end while the other still reads the beginning."""
    await world.write(job("report", "0 * * * *", scheduled_from=now()))
    async with scheduler(nats_server):
        await world.order(CANCELLED)
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))
        await world.order(requested(5, max_parallel=2))
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))

    assert await world.records() == []
    assert (await world.gate("report")).backfills == ()


async def test_the_end_of_a_backfill_that_is_over_changes_nothing(world: World, nats_server: Server) -> None:
    await world.write(job("report", "0 * * * *", scheduled_from=now()))
    async with scheduler(nats_server):
        await world.order(requested(1, max_parallel=1))
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))
        await world.finish(backfilled(due(await world.records()))[0])
        await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.order(CANCELLED)
        await until(lambda: world.idle(SCHEDULER_BACKFILLS))

    assert await _phases(world) == ["started", "completed"]
    assert await world.stored(DEAD.name, "dead.>") == []
