"""What waits for room, for its time, or for a pause to end, on a real server."""

import json
from datetime import timedelta
from itertools import pairwise

from nats.aio.msg import Msg

from lamplighter_contracts import subjects
from lamplighter_contracts.calendars import Calendar, DaysEntry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import JobQueued, JobSkipped, SkipReason, TriggerDecided
from lamplighter_contracts.streams import SCHEDULER_ENDS, SCHEDULER_TRIGGERS
from lamplighter_contracts.timing import Concurrency, Exclusions, Missed, MissedPolicy, Overlap, Pause
from lamplighter_runtime.messages import Message
from lamplighter_scheduler.records import at
from tests.service.scheduler.world import (
    Record,
    World,
    due,
    job,
    keys,
    last_minute,
    now,
    scheduler,
    triggered,
)
from tests.support.servers import Server
from tests.support.waiting import heard, until


async def test_queued_triggers_fire_one_after_the_other_with_their_payload(
    world: World, nats_server: Server
) -> None:
    await world.write(job("deploy", overlap="queue_all"))
    async with scheduler(nats_server):
        await world.trigger(*(triggered("deploy", f"k{n}", {"n": n}) for n in range(4)))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        for n in range(4):
            fired = due(await world.records())
            assert [record.firing.payload for record in fired] == [{"n": m} for m in range(n + 1)]
            await world.finish(fired[-1])
            await until(lambda: world.idle(SCHEDULER_ENDS))

    queued = await world.told(JobQueued, subjects.job_queued("deploy"))
    assert keys(queued) == ["k1", "k2", "k3"]
    assert all(event.firing.payload is not None for event in queued)
    marks = await world.told(TriggerDecided, subjects.decided("deploy", "k2"))
    assert [mark.outcome for mark in marks] == ["queued", "due"]
    assert (await world.gate("deploy")).waiting == ()


async def test_a_replaced_execution_is_asked_to_stop_and_the_newest_follows_it(
    world: World, nats_server: Server
) -> None:
    asked: list[str] = []

    async def on_cancel(message: Msg) -> None:
        asked.append(json.loads(message.data)["execution_id"])

    await world.bus.subscribe(subjects.CANCEL_EXECUTION, cb=on_cancel)
    await heard(world.bus)
    await world.write(job("deploy", overlap="replace"))
    async with scheduler(nats_server):
        await world.trigger(triggered("deploy", "first"))
        [first] = due(await until(lambda: world.records()))
        for key in ("second", "third"):
            await world.trigger(triggered("deploy", key))
            await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        await world.finish(first)
        await until(lambda: world.idle(SCHEDULER_ENDS))

    records = await world.records()
    assert keys(due(records)) == ["first", "third"]
    [replaced] = [record for record in records if isinstance(record, JobSkipped)]
    assert (replaced.firing.key, replaced.reason) == ("second", SkipReason.REPLACED)
    assert asked == [first.execution_id]


async def test_each_value_of_the_key_has_its_own_lane(world: World, nats_server: Server) -> None:
    concurrency = Concurrency(overlap=Overlap.SKIP, key="payload.branch")
    await world.write(job("deploy", concurrency=concurrency))
    async with scheduler(nats_server):
        await world.trigger(
            *(triggered("deploy", f"{branch}{n}", {"branch": branch}) for branch in "ab" for n in range(2))
        )
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
    assert sorted(keys(due(await world.records()))) == ["a0", "b0"]


async def test_what_was_missed_is_caught_up_with_at_its_pace(world: World, nats_server: Server) -> None:
    """Five occurrences are overdue: the last three fire a second after one another, on timers of NATS."""
    missed = Missed(policy=MissedPolicy.ALL, limit=3, every_seconds=1, window_seconds=3_600)
    anchor = (now() - timedelta(minutes=27, seconds=30)).replace(microsecond=0)
    schedule = f"@every 5m from {anchor.isoformat()}"
    await world.write(job("report", schedule, overlap="allow", missed=missed, scheduled_from=anchor))
    async with scheduler(nats_server):
        fired = due(await until(lambda: _several(world, 3)))

    assert all(record.firing.caught_up for record in fired)
    assert [r.firing.nominal_at for r in fired] == sorted(r.firing.nominal_at for r in fired)
    gaps = [later.decided_at - earlier.decided_at for earlier, later in pairwise(fired)]
    assert all(gap >= timedelta(milliseconds=900) for gap in gaps)
    skipped = [record for record in await world.records() if isinstance(record, JobSkipped)]
    assert [record.reason for record in skipped] == [SkipReason.MISSED, SkipReason.MISSED]


async def _several(world: World, count: int) -> list[Record] | None:
    records = await world.records()
    return records if len(due(records)) >= count else None


async def test_what_a_pause_passed_over_is_one_record(world: World, nats_server: Server) -> None:
    paused = Pause(
        paused_at=now() - timedelta(minutes=31), resumed_at=now() - timedelta(seconds=1), note="quiet"
    )
    await world.write(job("report", "* * * * *", pause=paused, scheduled_from=now() - timedelta(minutes=31)))
    async with scheduler(nats_server):
        [record] = [r for r in await until(lambda: world.records()) if isinstance(r, JobSkipped)]
    assert (record.reason, "quiet" in record.detail) == (SkipReason.PAUSED, True)
    assert record.count in (30, 31)
    assert record.first_at is not None


async def test_a_pause_with_an_end_arms_the_first_occurrence_after_it(
    world: World, nats_server: Server
) -> None:
    until_at = last_minute() + timedelta(hours=2)
    pause = Pause(paused_at=now(), until=until_at)
    await world.write(job("report", "* * * * *", pause=pause, scheduled_from=now()))
    async with scheduler(nats_server):
        await until(lambda: world.timers_are(report=at(until_at)))


async def test_calendars_of_job_and_environment_leave_occurrences_out(
    world: World, nats_server: Server
) -> None:
    """The calendar is read when it is needed: no timer depends on it."""
    today = now().date()
    made = now()
    days = DaysEntry(first=today - timedelta(days=1), last=today + timedelta(days=1), name="Inventory")
    calendar = Calendar(
        calendar_id="closed", name="Closed days", entries=(days,), created_at=made, updated_at=made
    )
    environment = Environment(
        environment_id="plant",
        name="Plant",
        exclusions=Exclusions(calendars=("closed",)),
        created_at=made,
        updated_at=made,
    )
    await world.put(
        [
            Message(subjects.catalog("calendars", "closed"), calendar.model_dump_json().encode()),
            Message(subjects.catalog("environments", "plant"), environment.model_dump_json().encode()),
        ]
    )
    before = last_minute() - timedelta(seconds=1)
    await world.write(
        job("direct", "* * * * *", exclusions=Exclusions(calendars=("closed",)), scheduled_from=before),
        job("within", "* * * * *", environment="plant", scheduled_from=before),
        job("outside", "* * * * *", scheduled_from=before),
    )
    async with scheduler(nats_server):
        await until(lambda: _decided(world, "direct", "within", "outside"))
    for job_id in ("direct", "within"):
        record = (await world.records(job_id))[0]
        assert isinstance(record, JobSkipped)
        assert record.reason is SkipReason.CALENDAR
        assert "Inventory" in record.detail
    assert due(await world.records("outside"))


async def _decided(world: World, *job_ids: str) -> bool:
    return all([await world.records(job_id) for job_id in job_ids])


async def test_a_prompt_is_rendered_once_and_knows_what_came_before(
    world: World, nats_server: Server
) -> None:
    prompt = "Before: {{ previous.result }}. Branch: {{ payload.branch }}"
    await world.write(job("report", prompt=prompt))
    async with scheduler(nats_server):
        await world.trigger(triggered("report", "k1", {"branch": "{{ job.name }}"}))
        [first] = due(await until(lambda: world.records()))
        await world.finish(first, result="all is well {{ job.name }}")
        await until(lambda: world.idle(SCHEDULER_ENDS))
        await world.trigger(triggered("report", "k2", {"branch": "main"}), triggered("report", "k3", {}))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))

    records = await world.records()
    assert "{{ job.name }}" in first.asked
    [_, second] = due(records)
    assert "all is well {{ job.name }}" in second.asked
    [blocked] = [record for record in records if isinstance(record, JobSkipped)]
    assert blocked.reason in (SkipReason.BLOCKED, SkipReason.OVERLAP)
