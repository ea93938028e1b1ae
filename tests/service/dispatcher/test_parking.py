"""An action that needs a person's word: the execution is parked, takes no slot, and goes on exactly there."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.control import AnswerReply, AnswerRequest
from lamplighter_contracts.executions import Approval, ExecutionStarted, ExecutionStatus, ExecutionWaiting
from lamplighter_contracts.jobs import Approvals, TeamExecutor
from lamplighter_contracts.policies import (
    BuiltInRules,
    Conditions,
    Effect,
    Policy,
    PolicyAction,
    Rego,
    Rule,
)
from lamplighter_contracts.streams import dispatcher_resume
from lamplighter_contracts.tools import Tools
from tests.service.dispatcher.world import QUEUE, World, now, running_dispatcher
from tests.support.consumers import unsettled
from tests.support.scripted.runner import ENTRY_POINT, scripted
from tests.support.waiting import until

ASKS = Tools(approval=("shell",))
USE = {"use": "shell", "arguments": {"argv": ["rm", "build"]}}


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.entry_points", lambda group: [ENTRY_POINT])


@pytest.fixture
async def dispatcher(world: World) -> AsyncIterator[None]:
    async with running_dispatcher(world, slots=2):
        yield


async def agent(
    world: World, agent_id: str, *attempts: list[dict[str, Any]], tools: Tools = ASKS, **more: Any
) -> None:
    made = Agent(
        agent_id=agent_id,
        name=agent_id,
        runner=scripted(*attempts),
        tools=tools,
        created_at=now(),
        updated_at=now(),
        **more,
    )
    await world._put("agents", agent_id, made.model_dump_json())


async def waiting(world: World, execution: str, count: int = 1, seconds: float = 15) -> ExecutionWaiting:
    async def ask() -> list[ExecutionWaiting]:
        found = [event for event in world.events(execution) if isinstance(event, ExecutionWaiting)]
        return found[count - 1 :]

    return (await until(ask, seconds=seconds, what=f"{execution} to be parked"))[-1]


async def answer(world: World, approval: Approval, *, approved: bool, note: str = "") -> AnswerReply:
    request = AnswerRequest(
        execution_id=approval.approval_id.rpartition("-")[0],
        approval_id=approval.approval_id,
        approved=approved,
        note=note,
        answered_by="Ann",
    )
    reply = await world.bus.request(subjects.ANSWER_APPROVAL, request.model_dump_json().encode(), timeout=10)
    return AnswerReply.model_validate_json(reply.data)


async def test_what_is_approved_goes_on_where_it_was_parked(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{"say": "before"}, {"effect": "looked"}, USE, {"say": "after"}])
    execution = await world.fire("cleaner")
    parked = await waiting(world, execution)
    (approval,) = parked.approvals
    assert (approval.tool, approval.state, approval.agent_id) == ("shell", "pending", "cleaner")
    assert "rm" in approval.arguments
    reply = await answer(world, approval, approved=True, note="fine")
    assert (reply.outcome, reply.status) == ("recorded", "queued")
    final = await world.finished(execution)
    assert (final.outcome, final.attempt, final.result) == ("completed", 1, "shell done")
    assert world.kinds(execution) == ["started", "waiting", "answered", "started", "finished"]
    starts = [event for event in world.events(execution) if isinstance(event, ExecutionStarted)]
    assert [(start.attempt, start.resumed) for start in starts] == [(1, False), (1, True)]
    assert [(line.number, line.text) for line in await world.lines(execution)] == [
        (1, "before"),
        (2, "after"),
    ]
    assert [one.state for one in final.approvals] == ["approved"]
    assert final.approvals[0].used
    assert await unsettled(world.bus, dispatcher_resume(QUEUE)) == 0


async def test_what_is_denied_is_told_to_the_agent(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    execution = await world.fire("cleaner")
    (approval,) = (await waiting(world, execution)).approvals
    await answer(world, approval, approved=False, note="not tonight")
    final = await world.finished(execution)
    assert final.result == "shell refused: Ann denied it: not tonight"


async def test_silence_is_a_denial(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    execution = await world.fire("cleaner", approvals=Approvals(wait_seconds=5))
    (approval,) = (await waiting(world, execution)).approvals
    assert (approval.deadline_at - approval.requested_at).total_seconds() == pytest.approx(5, abs=0.01)
    final = await world.finished(execution, seconds=30)
    assert "nobody approved it" in final.result
    assert final.approvals[0].state == "expired"
    assert (await answer(world, approval, approved=True)).outcome == "answered"
    await world.all_settled()


async def test_while_it_waits_it_takes_no_slot(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    parked = [await world.fire("cleaner") for _ in range(5)]
    for execution in parked:
        await waiting(world, execution)
    assert (await world.finished(await world.fire("noop"))).outcome is ExecutionStatus.COMPLETED


async def test_every_service_may_be_gone_meanwhile(world: World) -> None:
    await agent(world, "cleaner", [{"say": "before"}, USE, {"say": "after"}])
    async with running_dispatcher(world):
        execution = await world.fire("cleaner")
        (approval,) = (await waiting(world, execution)).approvals
    async with running_dispatcher(world):
        await answer(world, approval, approved=True)
        assert (await world.finished(execution)).result == "shell done"
    assert await world.texts(execution) == ["before", "after"]


async def test_the_word_holds_for_one_action_once(world: World, dispatcher: None) -> None:
    other = {"use": "shell", "arguments": {"argv": ["rm", "other"]}}
    await agent(world, "cleaner", [USE, USE, other])
    execution = await world.fire("cleaner")
    for number in (1, 2, 3):
        parked = await waiting(world, execution, count=number)
        assert len(parked.approvals) == number
        await answer(world, parked.pending[0], approved=number != 2)
    final = await world.finished(execution)
    assert final.result == "shell done; shell refused: Ann denied it; shell done"
    assert len({one.action_hash for one in final.approvals}) == 2


async def test_it_is_cancelled_while_it_waits(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [USE])
    execution = await world.fire("cleaner", gated=True)
    (approval,) = (await waiting(world, execution)).approvals
    assert (await world.cancel(execution)).status == "cancelled"
    final = await world.finished(execution)
    assert (final.outcome, final.gated, final.approvals[0].state) == ("cancelled", True, "cancelled")
    assert (await answer(world, approval, approved=True)).outcome == "answered"


async def test_a_policy_asks_before_the_whole_execution(world: World, dispatcher: None) -> None:
    await agent(world, "cleaner", [{"say": "ran"}])
    rule = Rule(
        name="ask first",
        when=Conditions(actions=(PolicyAction.START,)),
        then=Effect.APPROVAL,
        message="it is prod",
    )
    await policy(world, rule)
    execution = await world.fire("cleaner")
    parked = await waiting(world, execution)
    (approval,) = parked.approvals
    assert (parked.attempt, approval.action, approval.reason) == (0, "execution", "it is prod")
    await answer(world, approval, approved=True)
    final = await world.finished(execution)
    assert (final.outcome, final.attempt) == ("completed", 1)
    assert world.kinds(execution) == ["waiting", "answered", "started", "finished"]
    denied = await world.fire("cleaner")
    await answer(world, (await waiting(world, denied)).approvals[0], approved=False, note="no")
    final = await world.finished(denied)
    assert (final.outcome, final.reason, final.attempt) == ("blocked", "approval", 0)
    assert "Ann denied it: no" in final.detail


async def test_members_of_a_team_wait_together_and_go_on_alone(world: World, dispatcher: None) -> None:
    await agent(world, "one", [{"say": "one"}, USE])
    await agent(world, "two", [{"say": "two"}, USE])
    await agent(world, "three", [{"say": "three"}])
    await world.team("crew", "one", "two", "three", mode="parallel")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    parked = await waiting(world, execution)
    assert sorted(one.agent_id for one in parked.pending) == ["one", "two"]
    for approval in parked.pending:
        await answer(world, approval, approved=approval.agent_id == "one")
    final = await world.finished(execution)
    assert final.outcome is ExecutionStatus.COMPLETED
    assert "one:\nshell done" in final.result
    assert "two:\nshell refused: Ann denied it" in final.result
    assert sorted(await world.texts(execution)) == ["one", "three", "two"]


async def test_a_member_that_waits_parks_its_leader(world: World, dispatcher: None) -> None:
    await agent(world, "chief", [{"say": "leads"}, {"ask": "helper"}, {"say": "sums up"}])
    await agent(world, "helper", [{"say": "helps"}, USE])
    await world.team("crew", "helper", mode="lead", leader="chief")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    (approval,) = (await waiting(world, execution)).approvals
    await answer(world, approval, approved=True)
    final = await world.finished(execution)
    assert final.result == "helper: shell done"
    assert [(line.source, line.text) for line in await world.lines(execution)] == [
        ("chief", "leads"),
        ("helper", "helps"),
        ("chief", "sums up"),
    ]


async def policy(world: World, *rules: Rule) -> None:
    made = Policy(
        policy_id="rules", name="rules", engine=BuiltInRules(rules=rules), created_at=now(), updated_at=now()
    )
    await world._put("policies", "rules", made.model_dump_json())


async def test_a_policy_that_never_stops_talking_is_cut(world: World, dispatcher: None) -> None:
    module = """package lamplighter
require_approval contains sprintf("%d %s", [n, input.job.prompt]) if some n in numbers.range(1, 400)"""
    made = Policy(
        policy_id="talker", name="t", engine=Rego(module=module), created_at=now(), updated_at=now()
    )
    await world._put("policies", "talker", made.model_dump_json())
    await agent(world, "quiet", [{"say": "done"}])
    execution = await world.fire("quiet", prompt="x" * 60_000)
    parked = await waiting(world, execution)
    assert len(parked.approvals[0].reason) <= 4_000
    assert (await answer(world, parked.approvals[0], approved=True)).outcome == "recorded"
    assert (await world.finished(execution)).reason == ""


async def test_a_word_for_a_whole_execution_does_not_hold_for_what_its_agent_became(
    world: World, dispatcher: None
) -> None:
    """Somebody approved what they saw, and not a program that was put in its place meanwhile."""
    rule = Rule(name="all", when=Conditions(actions=(PolicyAction.START,)), then=Effect.APPROVAL)
    await policy(world, rule)
    await agent(world, "changing", [{"say": "harmless"}], revision=1)
    execution = await world.fire("changing")
    (approval,) = (await waiting(world, execution)).approvals
    await agent(world, "changing", [{"say": "harmful"}], revision=2)
    await answer(world, approval, approved=True)
    first, second = (await waiting(world, execution, 2)).approvals
    assert (first.state, second.state) == ("approved", "pending")
    await answer(world, second, approved=True)
    assert (await world.finished(execution)).reason == ""
    assert await world.texts(execution) == ["harmful"]
