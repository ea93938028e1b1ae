"""Deliveries that are gathered, and bodies too large for a message, on a real server."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from lamplighter_contracts import ids, subjects
from lamplighter_contracts.events import (
    Delivery,
    JobDue,
    JobQueued,
    JobSkipped,
    JobTriggered,
    SkipReason,
    TriggerDecided,
    TriggerKind,
    Trust,
)
from lamplighter_contracts.streams import DEAD, JOBS, SCHEDULER_TRIGGERS, TIMERS
from lamplighter_runtime.bodies import Bodies
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_scheduler.invariants import Fault
from lamplighter_scheduler.records import at
from tests.service.scheduler.test_reconciler import reconciler
from tests.service.scheduler.world import World, due, job, now, scheduler
from tests.support.crashing import QUICK, Point
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import until

HOUR = timedelta(hours=1)


def delivered(
    key: str, until_at: datetime | None = None, group: str = "", payload: object = None
) -> JobTriggered:
    accepted_at = now()
    return JobTriggered(
        job_id="deploy",
        execution_id=ids.execution_id(accepted_at, "deploy", key),
        kind=TriggerKind.WEBHOOK,
        key=key,
        accepted_at=accepted_at,
        payload=payload,
        delivery=Delivery(provider="github", delivery_id=key),
        group=group,
        gather_until=until_at,
    )


def skipped(records: Sequence[JobDue | JobSkipped]) -> list[JobSkipped]:
    return [record for record in records if isinstance(record, JobSkipped)]


# A burst, and deaths in the middle of it

BURST = 200
WINDOW = timedelta(seconds=15)
A_FEW = 5
DEATHS = ((Point.COMMIT_UNANSWERED, 2), (Point.AFTER_COMMIT, 3))


@pytest.fixture
def child(nats_server: Server, tmp_path: Path) -> Iterator[Child]:
    child = _scheduler(nats_server, tmp_path)
    yield child
    if child.alive:
        child.stop()


def _scheduler(server: Server, folder: Path, *arguments: str) -> Child:
    command = (sys.executable, "-m", "tests.support.crashing", *arguments)
    return Child("scheduler", command, {"NATS_URL": server.url}, folder / "log")


async def test_a_burst_in_two_groups_becomes_two_executions_whenever_a_scheduler_is_killed(
    world: World, nats_server: Server, child: Child, tmp_path: Path
) -> None:
    """Two die by themselves at steps of a decision, the third is killed amid the burst; the last one lives."""
    await provision_consumers(world.bus, QUICK)
    await world.write(job("deploy", overlap="allow", project="payments"))
    until_at = now() + WINDOW
    burst = [delivered(f"k{n}", until_at, "ab"[n % 2], {"n": n}) for n in range(BURST)]
    left = iter(burst)
    for point, at_pass in DEATHS:
        dying = _scheduler(nats_server, tmp_path, point, str(at_pass))
        dying.start()
        while dying.alive:
            await world.trigger(*islice(left, A_FEW))
            await until(partial(_is_heard_or_dead, world, dying), what=f"a death {point}")
    child.start()
    await world.trigger(*islice(left, A_FEW))
    await until(lambda: world.idle(SCHEDULER_TRIGGERS))
    for one in islice(left, BURST // 2):
        await world.trigger(one)
    child.kill()
    child.start()
    for one in left:
        await world.trigger(one)
    fired = await until(lambda: _fired(world, 2), seconds=30)
    await until(lambda: world.idle(SCHEDULER_TRIGGERS))

    records = await world.records()
    assert len(due(records)) == len(fired) == 2
    said = [payload["n"] for record in fired for payload in record.firing.payload["deliveries"]]
    assert sorted(said) == list(range(BURST))
    joined = {record.firing.key: record.into for record in skipped(records)}
    assert sorted([*joined, *(record.firing.key for record in fired)]) == sorted(one.key for one in burst)
    assert len(joined) == len(skipped(records)) == BURST - 2
    for record in fired:
        firing = record.firing
        assert (firing.gathered, firing.payload["omitted"], firing.trust) == (BURST // 2, 0, Trust.EXTERNAL)
        assert {payload["n"] % 2 for payload in firing.payload["deliveries"]} == {int(firing.key[1:]) % 2}
        assert Counter(joined.values())[record.execution_id] == BURST // 2 - 1
    assert {(r.reason, r.project) for r in skipped(records)} == {(SkipReason.COALESCED, "payments")}
    assert (await world.gate("deploy")).waiting == ()
    assert await world.stored(DEAD.name, "dead.>") == []


async def _is_heard_or_dead(world: World, child: Child) -> bool:
    return not child.alive or await world.idle(SCHEDULER_TRIGGERS)


async def _fired(world: World, count: int) -> list[JobDue]:
    found = due(await world.records())
    return found if len(found) >= count else []


# One by one


async def test_what_is_told_of_a_group(world: World, nats_server: Server) -> None:
    await world.write(job("deploy", project="payments"))
    async with scheduler(nats_server):
        until_at = now() + timedelta(seconds=2)
        first, second = delivered("a", until_at, payload={"n": 1}), delivered("b", until_at, payload={"n": 2})
        await world.trigger(first)
        await world.trigger(second)
        [fired] = await until(lambda: _fired(world, 1))
    [queued] = await world.told(JobQueued, subjects.job_queued("deploy"))
    assert (queued.execution_id, queued.project) == (first.execution_id, "payments")
    [mark] = await world.told(TriggerDecided, subjects.decided("deploy", "b"))
    assert (mark.outcome, mark.into) == ("skipped", first.execution_id)
    marks = await world.told(TriggerDecided, subjects.decided("deploy", "a"))
    assert [mark.outcome for mark in marks] == ["queued", "due"]
    assert fired.execution_id == first.execution_id
    assert fired.firing.delivery == first.delivery
    assert fired.decided_at >= until_at - timedelta(milliseconds=1)
    assert '"n": 2' in fired.asked


async def test_a_lost_timer_of_a_group_is_armed_again(world: World, nats_server: Server) -> None:
    until_at = (now() + HOUR).replace(microsecond=0)
    await world.write(job("deploy"))
    async with scheduler(nats_server):
        await world.trigger(delivered("a", until_at))
        await until(lambda: world.timers_are(deploy=at(until_at)))
    await world.bus.jetstream().purge_stream(TIMERS.name)
    assert (await reconciler(world.bus).reconcile()) == {Fault.TIMER_MISSING: 1}
    assert await world.timers_are(deploy=at(until_at))


async def test_what_is_not_there_any_more_is_counted(world: World, nats_server: Server) -> None:
    """The trigger of one was forgotten."""
    await world.write(job("deploy"))
    until_at = now() + timedelta(seconds=3)
    async with scheduler(nats_server):
        await world.trigger(*(delivered(key, until_at, payload=key) for key in "abc"))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        await world.bus.jetstream().purge_stream(JOBS.name, subject=subjects.trigger("deploy", "b"))
        [fired] = await until(lambda: _fired(world, 1))
    assert fired.firing.payload == {"count": 3, "deliveries": ["a", "c"], "omitted": 1}


async def test_a_large_group_is_read_back_as_far_as_there_is_room(world: World, nats_server: Server) -> None:
    await world.write(job("deploy"))
    until_at = now() + timedelta(seconds=5)
    async with scheduler(nats_server):
        for number in range(30):
            await world.trigger(delivered(f"k{number}", until_at, payload=f"{number} " + "x" * 100_000))
        [fired] = await until(lambda: _fired(world, 1), seconds=30)
    payload = fired.firing.payload
    assert (payload["count"], [text[:2] for text in payload["deliveries"]]) == (30, ["0 ", "1 "])
    assert payload["omitted"] == 28


# Large bodies


async def _large(world: World, key: str, said: object, until_at: datetime | None = None) -> JobTriggered:
    raw = json.dumps(said, indent=8).encode()
    reference = await Bodies(world.bus).put(key, raw, "application/json")
    return delivered(key, until_at).model_copy(update={"body": reference})


async def test_a_large_body_is_rendered_and_stays_out_of_the_message(
    world: World, nats_server: Server
) -> None:
    prompt = "Look at {{ payload.title }}"
    concurrency = {"overlap": "queue_all", "key": "payload.branch"}
    await world.write(job("deploy", prompt=prompt, concurrency=concurrency))
    said = {"title": "a title", "branch": "main", "more": ["y" * 100] * 10_000}
    async with scheduler(nats_server):
        came = [await _large(world, key, said) for key in ("a", "b")]
        await world.trigger(*came)
        [first] = await until(lambda: _fired(world, 1))
        await until(lambda: world.idle(SCHEDULER_TRIGGERS))
        assert [r.lane for r in (await world.gate("deploy")).running.values()] == ["main"]
        await world.finish(first)
        fired = await until(lambda: _fired(world, 2))
    for one, trigger in zip(fired, came, strict=True):
        assert one.asked == 'Look at <data name="payload.title">"a title"</data>'
        assert (one.firing.body, one.firing.payload) == (trigger.body, None)


async def test_a_large_body_that_is_gone_blocks_its_start(world: World, nats_server: Server) -> None:
    await world.write(job("deploy"))
    came = await _large(world, "a", ["y" * 100] * 3_000)
    await world.bus.jetstream().purge_stream("OBJ_bodies")
    async with scheduler(nats_server):
        await world.trigger(came)
        [record] = skipped(await until(lambda: world.records()))
    assert record.reason is SkipReason.BLOCKED
    assert "no longer kept" in record.detail


async def test_a_large_body_finds_room_among_others_where_it_is_mostly_blanks(
    world: World, nats_server: Server
) -> None:
    await world.write(job("deploy"))
    until_at = now() + timedelta(seconds=3)
    said = [{"n": n} for n in range(10_000)]
    async with scheduler(nats_server):
        await world.trigger(await _large(world, "a", said, until_at), delivered("b", until_at, payload={}))
        [fired] = await until(lambda: _fired(world, 1))
    assert fired.firing.payload == {"count": 2, "deliveries": [said, {}], "omitted": 0}
    assert fired.firing.body is None
