"""Workers that die, stall, or leave: who runs it next, and that it ends once."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelRequest
from lamplighter_contracts.executions import ExecutionStarted
from lamplighter_contracts.streams import dispatcher_due
from lamplighter_dispatcher.cancelling import cancel
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.messages import Stored
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.pulls import Pull
from tests.service.dispatcher.test_stops import FAMILY, STUBBORN
from tests.service.dispatcher.world import QUEUE, World, gone, now, processes_with, running_dispatcher
from tests.support.partition import partition
from tests.support.processes import Child
from tests.support.waiting import until

ONCE = """
import os, time
print("ready", os.environ["LAMP_ATTEMPT"], flush=True)
if os.environ["LAMP_ATTEMPT"] == "1": time.sleep(600)
"""


@contextmanager
def alive(child: Child) -> Iterator[Child]:
    child.start()
    try:
        yield child
    finally:
        if child.alive:
            child.signal(signal.SIGCONT)
            child.kill()


async def test_a_killed_worker_leaves_nothing_and_another_makes_the_next_attempt(world: World) -> None:
    await world.python("family", FAMILY + ONCE)
    with alive(world.child("first")) as first:
        execution = await world.fire("family")
        await world.said(execution, "ready 1")
        assert len(processes_with(execution)) >= 5
        with alive(world.child("second")) as second:
            first.kill()
            await gone(execution, seconds=2)
            await world.started(execution, attempt=2, seconds=20)
            final = await world.finished(execution)
            assert second.stop() == 0
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert world.kinds(execution) == ["started", "started", "finished"]
    assert processes_with(execution) == []


async def test_what_a_dead_worker_left_on_disk_goes_when_the_next_one_starts(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    with alive(world.child("first")) as first:
        execution = await world.fire("stubborn")
        await world.said(execution, "ready")
        first.kill()
    runs = world.work / "runs"
    assert len(list(runs.iterdir())) == 1
    (left,) = runs.iterdir()
    async with running_dispatcher(world, attempts=1):
        assert not left.exists()
        assert (await world.finished(execution)).reason == "lost"
    assert list(runs.iterdir()) == []


async def test_a_stalled_worker_finds_itself_fenced(world: World) -> None:
    await world.python("stubborn", ONCE)
    with alive(world.child("first")) as stalled:
        execution = await world.fire("stubborn")
        await world.said(execution, "ready 1")
        stalled.signal(signal.SIGSTOP)
        async with running_dispatcher(world):
            final = await world.finished(execution)
            stalled.signal(signal.SIGCONT)
            await gone(execution, seconds=2)
            await _logged(stalled, "execution.fenced")
            await world.all_settled()
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert world.kinds(execution) == ["started", "started", "finished"]


async def test_a_superseded_worker_stops_and_writes_nothing(world: World) -> None:
    await world.python("slow", ONCE)
    async with running_dispatcher(world, lease_seconds=20):
        execution = await world.fire("slow")
        first = await world.started(execution)
        await world.said(execution, "ready 1")
        second = first.model_copy(update={"attempt": 2, "worker": "another"})
        expected = world.statuses[execution][0][0]
        assert isinstance(await Statuses(world.bus, "another").write(second, expected, now()), Stored)
        await gone(execution, seconds=3)
        assert world.kinds(execution) == ["started", "started"]
    assert world.kinds(execution) == ["started", "started"]


async def test_after_so_many_deaths_it_is_lost(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    execution = ""
    for attempt in (1, 2):
        with alive(world.child(f"worker-{attempt}", attempts=2)) as worker:
            execution = execution or await world.fire("stubborn")
            await world.started(execution, attempt)
            await world.said(execution, "ready")
            worker.kill()
    async with running_dispatcher(world, attempts=2):
        final = await world.finished(execution)
        await world.all_settled()
    assert (final.outcome, final.reason, final.attempt) == ("failed", "lost", 2)
    last = await world.bus.jetstream().get_last_msg("LOGS", subjects.log(execution))
    assert (final.log_lines, final.log_sequence) == (1, last.seq)


async def test_a_cancel_outlives_the_worker(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    with alive(world.child("first")) as first:
        execution = await world.fire("stubborn")
        await world.said(execution, "ready")
        first.signal(signal.SIGSTOP)
        request = CancelRequest(execution_id=execution, job_id="job-1", requested_by="Ann")
        assert (await cancel(world.bus, Statuses(world.bus, "another"), request)).outcome == "accepted"
        async with running_dispatcher(world):
            final = await world.finished(execution)
            await world.all_settled()
        assert (final.outcome, final.attempt) == ("cancelled", 1)
        first.signal(signal.SIGCONT)
        await gone(execution, seconds=2)
    assert world.kinds(execution) == ["started", "cancelling", "finished"]


async def test_two_workers_run_each_of_200_once(world: World) -> None:
    async with running_dispatcher(world, slots=32), running_dispatcher(world, slots=32):
        executions = await world.fire_many([world.due() for _ in range(200)])
        await world.all_finished(executions)
        await world.all_settled()
    assert [world.kinds(execution) for execution in executions] == [["started", "finished"]] * 200
    workers = {e.worker for x in executions for e in world.events(x) if isinstance(e, ExecutionStarted)}
    assert len(workers) == 2


async def test_a_worker_holds_no_more_than_it_has_slots(world: World) -> None:
    await world.python("stubborn", STUBBORN)
    async with running_dispatcher(world, slots=2):
        executions = await world.fire_many([world.due("stubborn") for _ in range(5)])
        await until(lambda: _running(world, executions, 2), what="two runs")
        info = await world.bus.jetstream().consumer_info("JOBS", "dispatcher-default")
        assert (info.num_ack_pending, info.num_pending) == (2, 3)
        for execution in executions:
            await world.cancel(execution)
        await world.all_finished(executions)


async def test_a_claim_that_another_has_just_made_is_left_alone(world: World, bus: Client) -> None:
    """Its due event comes for the first time, and yet somebody runs it: after a lease without a word it is dead."""
    due, began = world.due(), time.monotonic()
    start = ExecutionStarted(
        execution_id=due.execution_id, job_id="job-1", attempt=1, worker="another", started_at=now()
    )
    assert isinstance(await Statuses(bus, "another").write(start, 0, now()), Stored)
    async with running_dispatcher(world, lease_seconds=1.5, heartbeat_seconds=0.5):
        await world.fire_many([due])
        final = await world.finished(due.execution_id)
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert time.monotonic() - began > 1.5


async def test_a_worker_that_leaves_finishes_what_ends_in_time(world: World) -> None:
    await world.python("brief", "import time; print('ready', flush=True); time.sleep(1); print('done')")
    with alive(world.child("first", shutdown_seconds=10)) as first:
        execution = await world.fire("brief")
        await world.said(execution, "ready")
        assert await asyncio.to_thread(first.stop) == 0
    assert (await world.finished(execution)).result == "ready\ndone"
    assert await world.left() == 0


async def test_a_worker_that_leaves_hands_back_the_rest_at_once(world: World) -> None:
    await world.python("family", FAMILY + ONCE)
    slow = {"lease_seconds": 60, "heartbeat_seconds": 1, "shutdown_seconds": 1}
    with alive(world.child("first", **slow)) as first:
        execution = await world.fire("family")
        await world.said(execution, "ready 1")
        with alive(world.child("second", **slow)):
            leaving = asyncio.create_task(asyncio.to_thread(first.stop))
            await world.started(execution, attempt=2, seconds=10)
            final = await world.finished(execution)
            assert await leaving == 0
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert processes_with(execution) == []


async def test_to_be_handed_back_is_no_death(world: World) -> None:
    """However often: a rolling restart must not use up the attempts of a long run."""
    await world.python("slow", STUBBORN)
    brief = {"lease_seconds": 60, "heartbeat_seconds": 1, "shutdown_seconds": 0, "attempts": 2}
    execution = await world.fire("slow")
    for attempt in range(1, 5):
        with alive(world.child(f"worker-{attempt}", **brief)) as worker:
            await world.started(execution, attempt)
            await world.said(execution, "ready")
            assert await asyncio.to_thread(worker.stop) == 0
    assert world.kinds(execution) == ["started", "started"] * 4
    assert world.finals(execution) == []
    with alive(world.child("last", **brief)):
        assert (await world.started(execution, attempt=5)).deaths == 0
        await world.cancel(execution)
        await world.finished(execution)


async def test_a_delivery_that_comes_late_takes_nothing_from_who_runs_it(world: World, bus: Client) -> None:
    """As it does from the socket of a process that was stalled, when the next delivery has long been claimed."""
    due = world.due()
    await world.fire_many([due])
    await provision_consumers(bus, [dispatcher_due(QUEUE)])
    pull = Pull(bus, dispatcher_due(QUEUE))
    await pull.open()
    (message,) = await pull.take(1)
    await message.nak()
    await pull.close()
    claim = ExecutionStarted(
        execution_id=due.execution_id,
        job_id="job-1",
        attempt=1,
        worker="another",
        started_at=now(),
        delivery=9,
    )
    assert isinstance(await Statuses(bus, "another").write(claim, 0, now()), Stored)
    async with running_dispatcher(world, lease_seconds=60, heartbeat_seconds=1, slots=1):

        async def delivered() -> bool:
            info = await bus.jetstream().consumer_info("JOBS", f"dispatcher-{QUEUE}")
            return info.delivered is not None and info.delivered.consumer_seq == 2

        await until(delivered)
        # There is one slot, so the next one runs when the first has been dealt with.
        await world.finished(await world.fire())
    assert world.kinds(due.execution_id) == ["started"]


async def test_workers_that_come_and_go_in_a_burst_hold_nothing_back(world: World) -> None:
    """What was on its way to one that leaves goes to another at once, and not after the lease."""
    slow = {"lease_seconds": 60, "heartbeat_seconds": 1, "slots": 16}
    async with running_dispatcher(world, **slow):
        executions = await world.fire_many([world.due() for _ in range(3_000)])
        for _ in range(4):
            async with running_dispatcher(world, **slow):
                await world.started(executions[0])
        await world.all_finished(executions, seconds=20)
        await world.all_settled(seconds=5)
    assert Counter(tuple(world.kinds(execution)) for execution in executions) == {
        ("started", "finished"): 3_000
    }


async def test_out_of_reach_of_nats_a_worker_kills_what_it_runs_and_another_takes_over(world: World) -> None:
    await world.python("slow", ONCE)
    async with partition(world.url) as between:
        with alive(world.child("first", nats_url=between.url)) as first:
            execution = await world.fire("slow")
            await world.said(execution, "ready 1")
            between.blackhole()
            cut_off = time.monotonic()
            await gone(execution, seconds=6)
            assert time.monotonic() - cut_off >= 2 - 0.4
            async with running_dispatcher(world):
                final = await world.finished(execution)
                between.heal()
                await _logged(first, "execution.fenced")
                await world.all_settled()
    assert (final.outcome, final.attempt) == ("completed", 2)
    assert world.kinds(execution) == ["started", "started", "finished"]


async def test_an_end_waits_for_nats(world: World) -> None:
    await world.python("brief", "import time; print('ready', flush=True); time.sleep(1)")
    async with partition(world.url) as between:
        with alive(world.child("first", nats_url=between.url, lease_seconds=30)) as first:
            execution = await world.fire("brief")
            await world.said(execution, "ready")
            between.cut()
            await _logged(first, "execution.waits")
            between.heal()
            final = await world.finished(execution)
            assert await asyncio.to_thread(first.stop) == 0
    assert (final.outcome, final.attempt) == ("completed", 1)
    assert world.kinds(execution) == ["started", "finished"]


async def _running(world: World, executions: list[str], number: int) -> bool:
    return sum(world.kinds(execution) == ["started"] for execution in executions) == number


async def _logged(child: Child, event: str) -> None:
    async def ask() -> bool:
        return event in child.output()

    await until(ask, what=f"{event} in the log of {child.name}")
