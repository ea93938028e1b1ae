"""Who does the work of a job, for each state of the catalog."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.agents import Agent, RunLimits, Team
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.jobs import AgentExecutor, Executor, Job, Limits, SmartExecutor, TeamExecutor
from lamplighter_contracts.runners import CommandRunner, LlmRunner, NoopRunner
from lamplighter_dispatcher.admission.plans import Catalog, NoPlan, Plan, resolve

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TIMES = {"created_at": NOW, "updated_at": NOW}


def agent(agent_id: str, *, active: bool = True, **variables: str) -> Agent:
    runner = CommandRunner(command=("true",), variables=variables)
    return Agent(agent_id=agent_id, name=agent_id, runner=runner, active=active, revision=5, **TIMES)


def model(agent_id: str) -> Agent:
    return Agent(agent_id=agent_id, name=agent_id, runner=LlmRunner(model="m", api_key="KEY"), **TIMES)


def team(*members: str, active: bool = True, **changes: Any) -> Team:
    return Team(team_id="crew", name="crew", members=members, active=active, **TIMES, **changes)


def job(executor: Executor, **changes: Any) -> Job:
    return Job(job_id="j", name="j", prompt="p", executor=executor, scheduled_from=NOW, **TIMES, **changes)


ONE, CREW = AgentExecutor(agent_id="a"), TeamExecutor(team_id="crew")
HAS_A = {"a": agent("a"), "b": agent("b"), "off": agent("off", active=False), "odd": None}


def test_an_agent_is_planned_at_its_revision() -> None:
    plan = resolve(job(ONE), Catalog(HAS_A))
    assert isinstance(plan, Plan)
    assert plan.agent is not None
    assert (plan.mode, plan.agent.agent_id, plan.agent.revision, plan.team) == ("single", "a", 5, None)


def test_a_team_in_its_order() -> None:
    plan = resolve(job(CREW), Catalog(HAS_A, {"crew": team("b", "a", "b")}))
    assert isinstance(plan, Plan)
    assert [member.agent_id for member in plan.members] == ["b", "a", "b"]
    assert (plan.mode, plan.agent) == ("sequence", None)


def test_whoever_leads_or_merges_is_of_the_team() -> None:
    led = resolve(
        job(CREW), Catalog({**HAS_A, "l": model("l")}, {"crew": team("a", "b", mode="lead", leader="l")})
    )
    assert isinstance(led, Plan)
    assert (led.mode, led.leader and led.leader.agent_id) == ("lead", "l")
    merged = resolve(job(CREW), Catalog(HAS_A, {"crew": team("a", mode="parallel", merger="b")}))
    assert isinstance(merged, Plan)
    assert [one.agent_id for one in merged.everyone] == ["a", "b"]


def test_a_smart_job_is_done_by_whom_it_was_given_to() -> None:
    choice = Choice(chosen="a", how="score", reason="it fits")
    plan = resolve(job(SmartExecutor()), Catalog(HAS_A), choice)
    assert isinstance(plan, Plan)
    assert plan.choice == choice
    assert plan.agent is not None
    assert plan.agent.agent_id == "a"


def test_of_the_limits_of_job_and_team_the_lower_ones_hold() -> None:
    limits = Limits(timeout_seconds=60, tokens=1_000, cost=2)
    crew = team("a", limits=RunLimits(seconds=90, tokens=500, tool_calls=3))
    plan = resolve(job(CREW, limits=limits), Catalog(HAS_A, {"crew": crew}))
    assert isinstance(plan, Plan)
    assert plan.limits == RunLimits(seconds=60, tokens=500, cost=2, tool_calls=3)


@pytest.mark.parametrize(
    ("executor", "catalog", "reason", "words"),
    [
        (ONE, Catalog(), "agent", "'a' does not exist"),
        (AgentExecutor(agent_id="off"), Catalog(HAS_A), "agent", "'off' is not active"),
        (AgentExecutor(agent_id="odd"), Catalog(HAS_A), "agent", "'odd' is of a kind"),
        (CREW, Catalog(HAS_A), "team", "'crew' does not exist"),
        (CREW, Catalog(HAS_A, {"crew": team("a", active=False)}), "team", "'crew' is not active"),
        (CREW, Catalog(HAS_A, {"crew": team("a", "off")}), "agent", "member of the team 'crew'"),
        (CREW, Catalog(HAS_A, {"crew": team("a", "gone")}), "agent", "'gone' does not exist"),
        (
            CREW,
            Catalog(HAS_A, {"crew": team("a", mode="lead", leader="b")}),
            "team",
            "'command', which cannot lead",
        ),
        (SmartExecutor(), Catalog(HAS_A), "needs_choice", "Nobody has been chosen"),
    ],
)
def test_without_somebody_the_reason_is_named(
    executor: Executor, catalog: Catalog, reason: str, words: str
) -> None:
    plan = resolve(job(executor), catalog)
    assert isinstance(plan, NoPlan)
    assert plan.reason == reason
    assert words in plan.detail


def test_the_default_environment_need_not_be_written_down_and_another_must() -> None:
    assert isinstance(resolve(job(ONE), Catalog(HAS_A)), Plan)
    plan = resolve(job(ONE, environment="closed"), Catalog(HAS_A))
    assert isinstance(plan, NoPlan)
    assert (plan.reason, plan.detail) == ("environment", "The environment 'closed' does not exist.")


def test_the_job_outweighs_the_agent_and_the_agent_the_environment() -> None:
    environment = Environment(
        environment_id="e",
        name="e",
        variables={"A": "environment", "B": "environment", "C": "environment"},
        **TIMES,
    )
    catalog = Catalog({"a": agent("a", B="agent", C="agent")}, {}, {"e": environment})
    plan = resolve(job(ONE, environment="e", variables={"C": "job"}), catalog)
    assert isinstance(plan, Plan)
    assert plan.variables(plan.members[0]) == {"A": "environment", "B": "agent", "C": "job"}


def test_a_noop_agent_has_no_variables_of_its_own() -> None:
    idle = Agent(agent_id="a", name="a", runner=NoopRunner(), **TIMES)
    plan = resolve(job(ONE, variables={"X": "1"}), Catalog({"a": idle}))
    assert isinstance(plan, Plan)
    assert plan.variables(idle) == {"X": "1"}


def test_a_secret_outweighs_all_and_those_of_the_runner_are_not_for_the_agent() -> None:
    asks = model("a").model_copy(update={"secrets": ("OWN",)})
    environment = Environment(environment_id="e", name="e", variables={"JOBS": "open"}, **TIMES)
    secrets = {"OWN": "1", "JOBS": "2", "KEY": "3"}
    plan = Plan("single", (asks,), environment, {"OWN": "job"}, secrets, job_secrets=("JOBS", "HIDDEN"))
    assert plan.variables(asks) == {"OWN": "1", "JOBS": "2"}
    assert plan.runner_secrets(asks) == {"KEY": "3"}
