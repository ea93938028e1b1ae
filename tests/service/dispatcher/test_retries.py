"""Attempts that fail and are tried again; and effects, which forbid it."""

from typing import Any

import pytest

from lamplighter_contracts.agents import AgentLimits, RunLimits
from lamplighter_contracts.executions import ExecutionRetrying, ExecutionStatus
from lamplighter_contracts.jobs import Retry, TeamExecutor
from lamplighter_contracts.reasons import Failed
from lamplighter_contracts.tools import Tools
from tests.service.dispatcher.test_parking import agent
from tests.service.dispatcher.world import World
from tests.support.scripted.runner import ENTRY_POINT
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("dispatcher")

QUICK = Retry(attempts=3, first_seconds=0.2, factor=1)
FAIL: dict[str, Any] = {"fail": "unavailable"}


@pytest.fixture(autouse=True)
def runner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter_dispatcher.runners.entry_points", lambda group: [ENTRY_POINT])


def retries(world: World, execution: str) -> list[ExecutionRetrying]:
    return [event for event in world.events(execution) if isinstance(event, ExecutionRetrying)]


async def test_what_was_unavailable_is_tried_again_until_it_is_there(world: World) -> None:
    await agent(world, "flaky", [FAIL], [FAIL], [{"say": "at last"}])
    execution = await world.fire("flaky", retry=QUICK)
    final = await world.finished(execution)
    assert (final.outcome, final.attempt) == ("completed", 3)
    assert world.kinds(execution) == ["started", "retrying"] * 2 + ["started", "finished"]
    first, second = retries(world, execution)
    assert (first.attempt, second.attempt, first.reason) == (1, 2, "unavailable")
    assert (first.not_before - first.failed_at).total_seconds() == pytest.approx(0.2)
    await world.all_settled()


async def test_not_for_ever(world: World) -> None:
    await agent(world, "down", [FAIL])
    final = await world.finished(await world.fire("down", retry=QUICK))
    assert (final.outcome, final.reason, final.attempt, final.result) == (
        "failed",
        "unavailable",
        3,
        "so far",
    )


async def test_not_before_whoever_refused_says(world: World) -> None:
    await agent(world, "busy", [{"fail": "unavailable", "after": 1.5}], [{"say": "ok"}])
    execution = await world.fire("busy", retry=QUICK)
    assert (await world.finished(execution)).outcome is ExecutionStatus.COMPLETED
    (retry,) = retries(world, execution)
    assert (retry.not_before - retry.failed_at).total_seconds() == pytest.approx(1.5)


async def test_other_failures_are_not_unless_the_job_names_them(world: World) -> None:
    await world.command("broken", "false")
    assert (await world.finished(await world.fire("broken", retry=QUICK))).attempt == 1
    named = QUICK.model_copy(update={"on": (Failed.EXIT_CODE,)})
    final = await world.finished(await world.fire("broken", retry=named))
    assert (final.reason, final.attempt) == ("exit_code", 3)


async def test_effects_forbid_it_and_are_told(world: World) -> None:
    await agent(world, "doer", [{"effect": "sent a mail"}, FAIL], [{"say": "again"}])
    final = await world.finished(await world.fire("doer", retry=QUICK))
    assert (final.outcome, final.reason, final.attempt) == ("failed", "effects", 1)
    assert "reported sent a mail" in final.detail
    careless = QUICK.model_copy(update={"after_effects": True})
    final = await world.finished(await world.fire("doer", retry=careless))
    # The next attempt is told what is done.
    assert (final.outcome, final.attempt, final.result) == ("completed", 2, "reported sent a mail")


async def test_one_that_waits_to_be_tried_again_is_cancelled_at_once(world: World) -> None:
    await agent(world, "down", [FAIL])
    execution = await world.fire("down", retry=Retry(first_seconds=3_600))

    async def retried() -> bool:
        return bool(retries(world, execution))

    await until(retried, what="the first failure")
    assert (await world.cancel(execution)).status == "cancelled"
    assert (await world.finished(execution)).outcome is ExecutionStatus.CANCELLED


async def test_limits_end_it_and_keep_what_was_done(world: World) -> None:
    acts: list[dict[str, Any]] = [
        {"say": "begun"},
        {"effect": "one"},
        {"spend": 60},
        {"use": "shell"},
        {"spend": 60},
        {"say": "never"},
    ]
    await agent(world, "eater", acts, limits=AgentLimits(tokens=100), tools=Tools())
    execution = await world.fire("eater")
    final = await world.finished(execution)
    assert (final.outcome, final.reason, final.result) == ("failed", "limit: tokens", "shell done")
    assert (final.usage.tokens, final.usage.tool_calls) == (120, 1)
    assert await world.texts(execution) == ["begun"]


async def test_a_team_has_one_budget(world: World) -> None:
    for member in ("one", "two", "three"):
        await agent(world, member, [{"spend": 40}, {"say": member}])
    await world.team("crew", "one", "two", "three", limits=RunLimits(tokens=100))
    execution = await world.fire(TeamExecutor(team_id="crew"))
    final = await world.finished(execution)
    assert (final.reason, final.usage.tokens) == ("limit: tokens", 120)
    assert "'three', 3 of 3" in final.detail
    assert await world.texts(execution) == ["one", "two"]


async def test_an_agent_has_a_time_of_its_own(world: World) -> None:
    await agent(world, "slow", [{"sleep": 60}], limits=AgentLimits(seconds=1))
    final = await world.finished(await world.fire("slow"))
    assert (final.outcome, final.reason) == ("failed", "timeout")
    assert "'slow' may take 1 seconds" in final.detail


async def test_a_parallel_team_completes_with_as_many_as_it_needs(world: World) -> None:
    await agent(world, "good", [{"say": "good"}])
    await agent(world, "bad", [{"fail": "refused"}])
    await agent(world, "sum", [{"say": "merged"}])
    await world.team("strict", "good", "bad", mode="parallel")
    final = await world.finished(await world.fire(TeamExecutor(team_id="strict")))
    assert (final.outcome, final.reason) == ("failed", "member")
    assert "'bad': It was told to fail." in final.detail
    await world.team("easy", "good", "bad", mode="parallel", needed=1, merger="sum")
    execution = await world.fire(TeamExecutor(team_id="easy"))
    assert (await world.finished(execution)).outcome is ExecutionStatus.COMPLETED
    ends = {step.name: step.failed for step in await world.steps(execution) if step.phase == "finished"}
    assert ends == {"good": False, "bad": True, "sum": False}


async def test_one_cancel_ends_the_whole_team(world: World) -> None:
    for member in ("one", "two"):
        await agent(world, member, [{"say": member}, {"sleep": 60}])
    await world.team("crew", "one", "two", mode="parallel")
    execution = await world.fire(TeamExecutor(team_id="crew"))
    await world.said(execution, "one")
    await world.said(execution, "two")
    await world.cancel(execution)
    assert (await world.finished(execution)).outcome is ExecutionStatus.CANCELLED
