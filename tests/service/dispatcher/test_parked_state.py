"""What is kept of a parked execution: large, damaged, changed underneath, and of many at once."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import AgentLimits
from lamplighter_contracts.control import AnswerReply
from lamplighter_contracts.executions import ExecutionFinished, ExecutionStatus, ExecutionWaiting
from lamplighter_contracts.jobs import TeamExecutor
from lamplighter_contracts.policies import Conditions, Effect, PolicyAction, Rule
from lamplighter_planning.obstacles import LARGEST_DUE, too_large
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.dispatcher.test_parking import USE, agent, answer, policy, waiting
from tests.service.dispatcher.world import World, running_dispatcher
from tests.support.scripted.runner import ENTRY_POINT
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.entry_points", lambda group: [ENTRY_POINT])


@pytest.fixture
async def dispatcher(world: World) -> AsyncIterator[None]:
    async with running_dispatcher(world, slots=4):
        yield


async def approve(world: World, execution: str) -> AnswerReply:
    return await answer(world, (await waiting(world, execution)).pending[0], approved=True)


async def test_five_megabytes_are_kept(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{**USE, "keep": 5_000_000}, {"say": "after"}])
    execution = await world.fire("cleaner")
    await approve(world, execution)
    assert (await world.finished(execution)).outcome == ExecutionStatus.COMPLETED


async def test_what_is_too_large_to_be_kept_fails(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{**USE, "keep": 10_000_000}])
    final = await world.finished(await world.fire("cleaner"))
    assert (final.outcome, final.reason) == ("failed", "runner")
    assert "It cannot wait for an approval" in final.detail


async def test_the_largest_due_event_is_parked_and_resumed(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    due = world.due("cleaner", payload="")
    size = len(due.job.model_dump_json()) + len(due.firing.model_dump_json()) + len('""')
    firing = due.firing.model_copy(update={"payload": "x" * (LARGEST_DUE - size)})
    assert too_large(due.job, firing, "") is None
    await world.fire_many([due.model_copy(update={"firing": firing})])
    await approve(world, due.execution_id)
    assert (await world.finished(due.execution_id)).outcome == ExecutionStatus.COMPLETED


async def test_it_may_not_ask_for_more_than_its_statuses_can_tell(world: World, dispatcher: None) -> None:
    words = "ü" * 4_000
    acts = [{"use": "shell", "arguments": {"argv": [words, str(number)]}} for number in range(60)]
    await agent(world, "asker", acts)
    execution = await world.fire("asker")
    for number in range(1, 61):

        async def told(number: int = number) -> ExecutionWaiting | ExecutionFinished | None:
            match world.events(execution)[-1:]:
                case [ExecutionWaiting(approvals=approvals) as waits] if len(approvals) == number:
                    return waits
                case [ExecutionFinished() as finished]:
                    return finished
            return None

        event: ExecutionWaiting | ExecutionFinished = await until(told, what=f"approval {number}")
        if isinstance(event, ExecutionFinished):
            break
        await answer(world, event.pending[0], approved=True)
    final = await world.finished(execution)
    assert (final.outcome, final.reason) == ("failed", "limit: approvals")
    assert len(final.approvals) == final.usage.tool_calls > 20


async def test_a_piece_that_is_damaged_ends_it(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE])
    execution = await world.fire("cleaner", gated=True)
    await waiting(world, execution)
    await publish(world.bus, Message(subjects.execution_parked(execution, 2), b"no JSON"))
    await approve(world, execution)
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.attempt, final.gated) == ("failed", "lost", 1, True)


async def test_seats_that_cannot_be_read_hold_up_nobody(world: World, dispatcher: None) -> None:
    await agent(world, "one", [{"say": "one"}], limits=AgentLimits(concurrent=1))
    await publish(world.bus, Message(subjects.seats("agent", "one"), b"no JSON"))
    assert (await world.finished(await world.fire("one"))).outcome == ExecutionStatus.COMPLETED


async def test_a_policy_that_comes_while_it_waits_takes_nothing_from_it(
    world: World, dispatcher: None
) -> None:
    await agent(world, "cleaner", [{"say": "before"}, {"effect": "sent a mail"}, USE, {"say": "after"}])
    execution = await world.fire("cleaner")
    await waiting(world, execution)
    when = Conditions(actions=(PolicyAction.START,))
    await policy(world, Rule(name="ask", when=when, then=Effect.APPROVAL, message="it is prod"))
    await approve(world, execution)
    again = await waiting(world, execution, count=2)
    assert (again.attempt, again.pending[0].action) == (1, "execution")
    await answer(world, again.pending[0], approved=True)
    assert (await world.finished(execution)).outcome == ExecutionStatus.COMPLETED
    lines = [(line.number, line.text) for line in await world.lines(execution)]
    assert lines == [(1, "before"), (2, "after")]


async def test_a_team_that_is_changed_while_it_waits_does_not_go_on_as_another(
    world: World, dispatcher: None
) -> None:
    await agent(world, "one", [{"say": "one"}])
    await agent(world, "two", [USE])
    await world.team("crew", "one", "two")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    await waiting(world, execution)
    await world.team("crew", "one")
    await approve(world, execution)
    final = await world.finished(execution)
    assert (final.outcome, final.reason) == ("failed", "start")
    assert "was changed while it waited" in final.detail
    assert await world.texts(execution) == ["one"]


async def test_an_agent_that_is_deleted_while_it_waits_ends_it(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE], limits=AgentLimits(concurrent=1))
    execution = await world.fire("cleaner", gated=True)
    await waiting(world, execution)
    gone = {"KV-Operation": "DEL"}
    await world.bus.jetstream().publish(subjects.catalog("agents", "cleaner"), b"", headers=gone)
    await approve(world, execution)
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.gated) == ("blocked", "agent", True)
    assert [one.state for one in final.approvals] == ["approved"]


async def test_the_limits_of_an_agent_hold_over_all_its_parts(world: World, dispatcher: None) -> None:
    await agent(world, "eater", [{"spend": 60}, USE, {"spend": 60}], limits=AgentLimits(tokens=100))
    execution = await world.fire("eater")
    await approve(world, execution)
    assert (await world.finished(execution)).reason == "limit: tokens"
    await agent(world, "slow", [{"sleep": 1.2}, USE, {"sleep": 60}], limits=AgentLimits(seconds=2))
    execution = await world.fire("slow")
    await approve(world, execution)
    began = time.monotonic()
    assert (await world.finished(execution)).reason == "timeout"
    assert time.monotonic() - began < 1.5


async def test_what_is_resumed_takes_the_slots_of_what_is_due(world: World) -> None:
    await agent(world, "cleaner", [USE, {"say": "goes on"}, {"sleep": 60}])
    await agent(world, "slow", [{"say": "slow"}, {"sleep": 60}])
    async with running_dispatcher(world, slots=4, lease_seconds=60):
        parked = [await world.fire("cleaner") for _ in range(4)]
        for execution in parked:
            await approve(world, execution)
            await world.said(execution, "goes on")
        due = await world.fire_many([world.due("slow") for _ in range(6)])

        async def settled() -> bool:
            # What it had asked for before it was full has come, and has gone back.
            info = await world.bus.jetstream().consumer_info("JOBS", "dispatcher-default")
            return info.delivered is not None and info.delivered.consumer_seq > len(parked)

        await until(settled)
        assert [execution for execution in due if world.kinds(execution)] == []
        for execution in [*parked, *due]:
            await world.cancel(execution)
        await world.all_finished([*parked, *due])


async def test_five_hundred_are_parked_and_approved_together(world: World) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE])
    async with running_dispatcher(world, slots=8), running_dispatcher(world, slots=8):
        executions = await world.fire_many([world.due("cleaner") for _ in range(500)])
        for execution in executions:
            await waiting(world, execution, seconds=60)
        few = asyncio.Semaphore(50)

        async def approve_one(execution: str) -> AnswerReply:
            async with few:
                return await approve(world, execution)

        replies = await asyncio.gather(*map(approve_one, executions))
        await world.all_finished(executions, seconds=60)
    assert {reply.outcome for reply in replies} == {"recorded"}
    assert Counter(tuple(world.kinds(execution)) for execution in executions) == {
        ("started", "waiting", "answered", "started", "finished"): 500
    }


async def test_two_members_are_answered_at_once_and_each_word_counts_once(
    world: World, dispatcher: None
) -> None:
    for member in ("one", "two"):
        await agent(world, member, [{"say": member}, USE])
    await world.team("crew", "one", "two", mode="parallel")
    for _ in range(10):
        execution = await world.fire(TeamExecutor(team_id="crew"))
        approvals = (await waiting(world, execution)).pending
        replies = await asyncio.gather(
            *(answer(world, one, approved=approved) for one in approvals for approved in (True, False))
        )
        assert Counter(reply.outcome for reply in replies) == {"recorded": 2, "answered": 2}
        assert (await world.finished(execution)).outcome == ExecutionStatus.COMPLETED
        assert world.kinds(execution) == ["started", "waiting", "waiting", "answered", "started", "finished"]


async def test_an_answer_races_a_cancel(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    for _ in range(20):
        execution = await world.fire("cleaner")
        (approval,) = (await waiting(world, execution)).approvals
        await asyncio.gather(answer(world, approval, approved=True), world.cancel(execution))
        final = await world.finished(execution)
        assert final.outcome in ("cancelled", "completed")
        assert final.approvals[0].state in ("approved", "cancelled")
        assert len(world.finals(execution)) == 1
