"""Workers and servers that die around an approval, a retry or a seat: it goes on and ends once, and no seat is lost
or given twice."""

import asyncio
import signal
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from nats.errors import Error as NatsError

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import AgentLimits
from lamplighter_contracts.control import AnswerReply, CancelRequest
from lamplighter_contracts.executions import Approval, ExecutionStarted, ExecutionStatus
from lamplighter_contracts.jobs import Approvals, Retry
from lamplighter_contracts.seats import Seats
from lamplighter_contracts.streams import EXECUTIONS, dispatcher_resume
from lamplighter_dispatcher.cancelling import cancel
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message, Stored
from lamplighter_runtime.publishing import publish
from tests.service.dispatcher.test_deaths import _logged, alive
from tests.service.dispatcher.test_parking import USE, agent, answer, waiting
from tests.service.dispatcher.world import QUEUE, World, now, running_dispatcher
from tests.support import servers
from tests.support.consumers import unsettled
from tests.support.dying import Point
from tests.support.processes import Child
from tests.support.scripted.runner import ENTRY_POINT

ONE_SEAT = AgentLimits(concurrent=1)
SOON = Retry(attempts=3, first_seconds=1, factor=1)
RETRYING = (Point.BEFORE_RETRYING, Point.AFTER_RETRYING)
UNPARKED = (Point.BEFORE_PARKING, Point.SEATED)


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.entry_points", lambda group: [ENTRY_POINT])


def dying(world: World, name: str, point: Point | None = None, **changes: Any) -> Child:
    arguments = (sys.executable, "-m", "tests.support.dying", *([point.value] if point else []))
    return replace(world.child(name, **changes), arguments=arguments)


async def insist(world: World, approval: Approval) -> AnswerReply:
    """Approve until somebody replies."""
    while True:
        try:
            return await asyncio.wait_for(answer(world, approval, approved=True), 4)
        except (TimeoutError, NatsError):
            await asyncio.sleep(0.05)


async def seated(world: World, agent_id: str) -> set[str]:
    last = await last_message(world.bus, EXECUTIONS.name, subjects.seats("agent", agent_id))
    return set(Seats.model_validate_json(last.body).seated) if last else set()


def at_once(world: World, executions: list[str]) -> int:
    """The most of them that ran at the same time, by their statuses."""
    told = sorted((at, event.kind, x) for x in executions for at, event in world.statuses.get(x, ()))
    running: set[str] = set()
    most = 0
    for _at, kind, execution in told:
        (running.add if kind == "started" else running.discard)(execution)
        most = max(most, len(running))
    return most


@pytest.mark.parametrize("point", [point for point in Point if point not in RETRYING])
async def test_a_worker_dies_on_the_way_of_an_approval(world: World, point: Point) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE, {"say": "after"}], limits=ONE_SEAT)
    with alive(dying(world, "first", point)):
        execution = await world.fire("cleaner")
        with alive(dying(world, "second")) if point in UNPARKED else nullcontext():
            parked = await waiting(world, execution, seconds=20)
            with alive(dying(world, "third")):
                assert (await insist(world, parked.pending[0])).outcome in ("recorded", "answered")
                if point is Point.AFTER_GOING_ON:
                    # Nobody knows whether the action was done: the next attempt asks anew.
                    await insist(world, (await waiting(world, execution, count=2)).pending[0])
                final = await world.finished(execution, seconds=25)
    assert final.outcome == ExecutionStatus.COMPLETED
    lines = [(line.number, line.text) for line in await world.lines(execution)]
    assert lines[-2:] == [(1, "before"), (2, "after")]
    assert len(world.finals(execution)) == 1
    # Of what waited twice the word to go on is kept until the second deadline.
    assert await unsettled(world.bus, dispatcher_resume(QUEUE)) == (point is Point.AFTER_GOING_ON)


@pytest.mark.parametrize("point", [*RETRYING, Point.SEATED, Point.BEFORE_LEAVING])
async def test_a_worker_dies_around_a_retry_and_its_seat(world: World, point: Point) -> None:
    await agent(world, "flaky", [{"fail": "unavailable"}], [{"say": "ok"}], limits=ONE_SEAT)
    with alive(dying(world, "first", point)) as first:
        executions = [await world.fire("flaky", retry=SOON) for _ in range(2)]
        assert first.process is not None
        await asyncio.to_thread(first.process.wait, 15)
        async with running_dispatcher(world):
            await world.all_finished(executions, seconds=40)
            await world.all_settled()
    assert [world.finals(execution)[0].outcome for execution in executions] == ["completed"] * 2
    assert at_once(world, executions) == 1
    assert await seated(world, "flaky") == set()


async def test_a_zombie_leaves_the_seat_to_who_took_over(world: World) -> None:
    await agent(world, "slow", [{"sleep": 60}], [{"say": "second"}, {"sleep": 60}], limits=ONE_SEAT)
    with alive(dying(world, "first")) as stalled:
        execution = await world.fire("slow")
        await world.started(execution)
        stalled.signal(signal.SIGSTOP)
        async with running_dispatcher(world):
            await world.started(execution, attempt=2)
            other = await world.fire("slow")
            stalled.signal(signal.SIGCONT)
            await _logged(stalled, "execution.fenced")
            # It leaves after it has left its seat.
            assert await asyncio.to_thread(stalled.stop) == 0
            assert await seated(world, "slow") == {execution}
            assert world.kinds(other) == []
            await world.cancel(execution)
            await world.started(other)
            await world.cancel(other)
            await world.all_finished([execution, other])


async def test_a_duplicate_takes_no_seat_from_who_runs_it(world: World) -> None:
    """As it comes when NATS was killed, and has forgotten that it had been delivered."""
    await agent(world, "slow", [{"sleep": 60}], limits=ONE_SEAT)
    due = world.due("slow")
    taken = Seats(kind="agent", object_id="slow", seated={due.execution_id: int(now().timestamp())})
    await publish(world.bus, Message(subjects.seats("agent", "slow"), taken.model_dump_json().encode()))
    claim = ExecutionStarted(
        execution_id=due.execution_id, job_id="job-1", attempt=1, worker="another", started_at=now()
    )
    assert isinstance(await Statuses(world.bus, "another").write(claim, 0, now()), Stored)
    async with running_dispatcher(world, lease_seconds=60, heartbeat_seconds=1, slots=1):
        await world.fire_many([due])
        # There is one slot, so the next one runs when the first has been dealt with.
        await world.finished(await world.fire())
        assert await seated(world, "slow") == {due.execution_id}
    assert world.kinds(due.execution_id) == ["started"]


async def test_a_cancel_that_outlives_the_worker_keeps_what_was_approved(world: World) -> None:
    await agent(world, "cleaner", [USE, {"say": "goes on"}, {"sleep": 60}])
    with alive(dying(world, "first")) as first:
        execution = await world.fire("cleaner")
        approval = (await waiting(world, execution)).pending[0]
        await insist(world, approval)
        await world.said(execution, "goes on")
        first.signal(signal.SIGSTOP)
        request = CancelRequest(execution_id=execution, job_id="job-1", requested_by="Ann")
        await cancel(world.bus, Statuses(world.bus, "another"), request)
        first.kill()
        async with running_dispatcher(world):
            final = await world.finished(execution)
            assert (await answer(world, approval, approved=False)).outcome == "answered"
    assert (final.outcome, [one.state for one in final.approvals]) == ("cancelled", ["approved"])


async def test_nats_is_killed_while_some_wait_and_some_are_tried_again(
    world: World, nats_server: servers.Server
) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE])
    await agent(world, "flaky", [{"fail": "unavailable"}], [{"say": "ok"}])
    later = Retry(attempts=3, first_seconds=6, factor=1)
    async with running_dispatcher(world, slots=4), running_dispatcher(world, slots=4):
        answered = [await world.fire("cleaner") for _ in range(10)]
        silent = [await world.fire("cleaner", approvals=Approvals(wait_seconds=8)) for _ in range(5)]
        flaky = [await world.fire("flaky", retry=later) for _ in range(5)]
        approvals = [(await waiting(world, execution)).pending[0] for execution in answered]
        for execution in silent:
            await waiting(world, execution)
        before = [asyncio.create_task(insist(world, approval)) for approval in approvals[:5]]
        await asyncio.to_thread(nats_server.kill_and_restart)
        replies = await asyncio.gather(*before, *(insist(world, approval) for approval in approvals[5:]))
        await world.all_finished([*answered, *silent, *flaky], seconds=40)
    assert {reply.outcome for reply in replies} <= {"recorded", "answered"}
    assert {world.finals(execution)[0].result for execution in answered} == {"shell done"}
    assert {world.finals(execution)[0].approvals[0].state for execution in silent} == {"expired"}
    assert {world.finals(execution)[0].attempt for execution in flaky} == {2}
    assert {len(world.finals(execution)) for execution in [*answered, *silent, *flaky]} == {1}


async def test_the_deadline_passes_while_nobody_is_there(world: World, nats_server: servers.Server) -> None:
    await agent(world, "cleaner", [USE])
    async with running_dispatcher(world):
        execution = await world.fire("cleaner", approvals=Approvals(wait_seconds=5))
        approval = (await waiting(world, execution)).pending[0]
    await asyncio.to_thread(nats_server.kill_and_restart)
    await asyncio.sleep((approval.deadline_at - now()).total_seconds())
    async with running_dispatcher(world):
        assert "nobody approved it" in (await world.finished(execution)).result
        await world.all_settled()
