"""From a schedule, a trigger or an end to what is recorded, on a real server."""

from datetime import timedelta

from lamplighter_contracts import ids, subjects
from lamplighter_contracts.events import JobDue, JobSkipped, SkipReason, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.streams import JOBS, SCHEDULER_ENDS, SCHEDULER_TICKS, SCHEDULER_TRIGGERS
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message
from lamplighter_scheduler.records import at
from tests.service.scheduler.world import (
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
from tests.support.servers import Server
from tests.support.waiting import until


async def test_a_schedule_fires_and_arms_its_next_timer(world: World, nats_server: Server) -> None:
    instant = last_minute()
    await world.write(job("report", daily_at(instant)))

    async with scheduler(nats_server):
        [record] = await until(lambda: world.records("report"))
        await until(lambda: world.timers_are(report=at(instant + timedelta(days=1))))

    assert isinstance(record, JobDue)
    assert record.execution_id == ids.execution_id(instant, "report", rfc3339(instant))
    assert (record.firing.kind, record.firing.nominal_at) == (TriggerKind.SCHEDULE, instant)
    assert record.job.revision > 0
    gate = await world.gate("report")
    assert gate.cursor == instant
    assert list(gate.running) == [record.execution_id]


async def test_a_trigger_becomes_due_and_its_end_makes_room(world: World, nats_server: Server) -> None:
    await world.write(job("deploy"))
    async with scheduler(nats_server):
        await world.trigger(triggered("deploy", "first"))
        [first] = due(await until(lambda: world.records()))
        await world.trigger(triggered("deploy", "second"))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        await world.finish(first)
        await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.trigger(triggered("deploy", "third"))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))

    records = await world.records()
    assert keys(records) == ["first", "second", "third"]
    assert keys(due(records)) == ["first", "third"]
    [second] = [record for record in records if isinstance(record, JobSkipped)]
    assert second.reason is SkipReason.OVERLAP
    assert first.execution_id in second.detail


async def test_a_start_that_was_cancelled_before_it_was_decided_keeps_no_place(
    world: World, nats_server: Server
) -> None:
    await world.write(job("deploy"))
    cancelled = triggered("deploy", "k")
    async with scheduler(nats_server):
        await world.cancel_unstarted(cancelled)
        await until(lambda: _is_delivered(world))
        await world.trigger(cancelled)
        await until(lambda: world.records())
        await until(lambda: world.idle(SCHEDULER_ENDS))
    assert (await world.gate("deploy")).running == {}


async def _is_delivered(world: World) -> bool:
    info = await world.bus.jetstream().consumer_info(SCHEDULER_ENDS.stream.name, SCHEDULER_ENDS.durable)
    return info.delivered is not None and info.delivered.consumer_seq > 0


async def test_an_allowing_job_starts_as_often_as_asked(world: World, nats_server: Server) -> None:
    await world.write(job("lookup", overlap="allow"))
    async with scheduler(nats_server):
        await world.trigger(*(triggered("lookup", f"k{n}") for n in range(50)))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
    records = await world.records()
    assert len(due(records)) == len(records) == 50
    assert not any(record.gated for record in due(records))


async def test_what_comes_again_changes_nothing(world: World, nats_server: Server) -> None:
    instant = last_minute()
    await world.write(job("report", daily_at(instant)))
    event = triggered("report", "k")
    async with scheduler(nats_server):
        await until(lambda: world.records())
        for _ in range(3):
            await world.trigger(event)
            await world.tick("report", "report")
            await until(lambda: world.idle(SCHEDULER_TRIGGERS, SCHEDULER_TICKS))
        [first] = due(await world.records())
        await world.finish(first)
        await world.finish(first)
        await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.trigger(event)
        await world.tick("report")
        await until(lambda: world.idle(SCHEDULER_TRIGGERS, SCHEDULER_TICKS))

    assert keys(await world.records()) == [rfc3339(instant), "k"]
    assert (await world.gate("report")).running == {}
    assert await world.timer("report") == at(instant + timedelta(days=1))


async def test_an_early_tick_fires_nothing_and_arms_again(world: World, nats_server: Server) -> None:
    instant = last_minute() + timedelta(hours=1)
    async with scheduler(nats_server):
        await world.write(job("report", daily_at(instant), scheduled_from=now()))
        await until(lambda: world.timers_are(report=at(instant)))
        await world.bus.jetstream().purge_stream("TIMERS", subject="timer.job.report")
        await world.tick("report")
        await until(lambda: world.timers_are(report=at(instant)))
    assert await world.records() == []
    assert (await world.gate("report")).cursor is None


async def test_nats_is_never_early(world: World, nats_server: Server) -> None:
    """A tick before its instant would only be armed again: 250 ms lost each time."""
    instant = now() + timedelta(milliseconds=1_234)
    headers = {"Nats-Schedule": at(instant), "Nats-Schedule-Target": "tick.job.x"}
    await world.put([Message("timer.job.x", b"", headers)])
    tick = await until(lambda: last_message(world.bus, "TIMERS", "tick.job.x"))
    assert tick.stored_at - instant > timedelta(milliseconds=-2)


async def test_what_was_missed_is_recorded(world: World, nats_server: Server) -> None:
    """Two schedules: the last occurrence was due just now, two were due while nobody looked."""
    latest = last_minute()
    missed = [latest - timedelta(minutes=90), latest - timedelta(minutes=60)]
    await world.write(job("report", *map(daily_at, [*missed, latest])))
    async with scheduler(nats_server):
        await until(lambda: world.records())

    records = await world.records()
    assert keys(records) == [rfc3339(instant) for instant in (*missed, latest)]
    assert [getattr(record, "reason", None) for record in records] == [
        SkipReason.MISSED, SkipReason.MISSED, None,
    ]  # fmt: skip


async def test_poison_goes_to_the_dead_and_holds_up_no_other(world: World, nats_server: Server) -> None:
    await world.write(job("deploy", overlap="allow"))
    await world.put([Message("trigger.job.deploy.rubbish", b"{not json")])
    await world.trigger(triggered("deploy", "k"))
    async with scheduler(nats_server):
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        grave = await until(lambda: last_message(world.bus, "DEAD", "dead.JOBS.scheduler-triggers"))
    assert grave.body == b"{not json"
    assert keys(await world.records()) == ["k"]


async def test_a_trigger_of_no_known_job_is_recorded(world: World, nats_server: Server) -> None:
    await world.trigger(triggered("nobody", "k"))
    async with scheduler(nats_server):
        [record] = await until(lambda: world.records())
    assert isinstance(record, JobSkipped)
    assert record.reason is SkipReason.DELETED


async def test_a_key_starts_again_once_its_start_is_forgotten_whatever_mark_that_left(
    world: World, nats_server: Server
) -> None:
    """What waited was marked anew when its turn came: that mark outlives its trigger by as much."""
    await world.write(job("deploy"))
    first = triggered("deploy", "again")
    second = first.model_copy(update={"execution_id": ids.execution_id(now(), "deploy", "later")})
    async with scheduler(nats_server):
        await world.trigger(first)
        [begun] = due(await until(lambda: world.records()))
        await world.finish(begun)
        await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.bus.jetstream().purge_stream(JOBS.name, subject=subjects.trigger("deploy", "again"))
        await world.trigger(second)
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        await world.trigger(second)
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
    fired = [record.execution_id for record in due(await world.records())]
    assert fired == [first.execution_id, second.execution_id]
