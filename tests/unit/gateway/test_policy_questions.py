"""The document that a few words make, with what the catalog has."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.agents import Agent, AgentLimits, RunLimits, Team
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import Trust
from lamplighter_contracts.jobs import AgentExecutor, Job, Limits, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import PolicyAction, PolicyInput
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.runners import CommandRunner, LlmRunner
from lamplighter_contracts.tools import FilesTool, McpServer, ShellTool, Tools
from lamplighter_gateway.catalog.contents import Catalog, Item, key_of
from lamplighter_gateway.policing.questions import document_of, document_of_save

NOW = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
TIMES: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}

WRITER = Agent(
    agent_id="writer",
    name="Writer",
    runner=LlmRunner(model="small", api_key="MODEL_KEY"),
    tools=Tools(
        shell=ShellTool(programs=("git",)),
        files=FilesTool(write=True),
        mcp=(McpServer(name="github", url="https://mcp.example.org", tools=("get_*",)),),
    ),
    secrets=("REPORT_KEY",),
    limits=AgentLimits(tokens=500, cost=3),
    environment="lab",
    **TIMES,
)
CHECKER = Agent(agent_id="checker", name="Checker", runner=CommandRunner(command=("lint",)), **TIMES)
CREW = Team(
    team_id="crew",
    name="Crew",
    mode="lead",
    members=("checker",),
    leader="writer",
    limits=RunLimits(cost=2),
    **TIMES,
)
LAB = Environment(environment_id="lab", name="Lab", queue="inside", **TIMES)


def job(job_id: str, executor: Any, **more: Any) -> Job:
    fields = {
        "job_id": job_id,
        "name": job_id.title(),
        "prompt": "Go",
        "scheduled_from": NOW,
        "created_by": "ana",
    }
    return Job(**{**fields, "executor": executor, **TIMES, **more})


SOLO = job(
    "solo", AgentExecutor(agent_id="writer"), limits=Limits(cost=1), secrets=("JOB_KEY",), environment="lab"
)
TOGETHER = job("together", TeamExecutor(team_id="crew"))
SMART = job("smart", SmartExecutor())
ALL: list[tuple[str, Item]] = [
    ("writer", WRITER), ("checker", CHECKER), ("crew", CREW), ("lab", LAB),
    ("solo", SOLO), ("together", TOGETHER), ("smart", SMART),
]  # fmt: skip


def catalog() -> Catalog:
    known = Catalog()
    for revision, (name, item) in enumerate(ALL, 1):
        known.learn(key_of(type(item), name), revision, item)
    return known


def made(**given: Any) -> PolicyInput:
    return document_of(given, catalog(), NOW)


def test_a_job_brings_all_that_is_known_of_it() -> None:
    document = made(job_id="solo", trigger="webhook")

    assert (document.action, document.at, document.at_ns) == (
        PolicyAction.START,
        NOW,
        1_772_443_800_250_000_000,
    )
    assert (document.job.name, document.job.prompt, document.job.created_by) == ("Solo", "Go", "ana")
    assert document.trigger.trust is Trust.EXTERNAL
    executor = document.executor
    assert (executor.kind, executor.agent_id, executor.team_id, executor.members) == (
        "agent",
        "writer",
        "",
        (),
    )
    assert (executor.runners, executor.models) == (("llm",), ("small",))
    assert executor.tools == ("shell", "files.read", "files.list", "files.write", "mcp.github.get_*")
    assert executor.secrets == ("JOB_KEY", "REPORT_KEY", "MODEL_KEY")
    assert (document.environment.environment_id, document.environment.queue) == ("lab", "inside")
    assert (document.usage.max_cost, document.usage.max_tokens) == (1, 500)


def test_a_team_brings_everyone_the_leader_first() -> None:
    document = made(job_id="together")

    assert document.action is PolicyAction.SAVE
    executor = document.executor
    assert (executor.kind, executor.agent_id, executor.team_id) == ("team", "writer", "crew")
    assert executor.members == ("writer", "checker")
    assert executor.runners == ("llm", "command")
    assert "ask.checker" in executor.tools
    assert (document.usage.max_cost, document.usage.max_tokens) == (2, None)


@pytest.mark.parametrize(
    ("given", "kind", "agent_id", "team_id"),
    [
        ({"job_id": "smart"}, "smart", "", ""),
        ({"job_id": "smart", "agent_id": "checker"}, "agent", "checker", ""),
        ({"job_id": "solo", "team_id": "crew"}, "team", "writer", "crew"),
        ({"job_id": "together", "team_id": "crew", "agent_id": "checker"}, "team", "checker", "crew"),
        ({"agent_id": "checker"}, "agent", "checker", ""),
        ({}, "agent", "", ""),
    ],
)
def test_what_is_said_outweighs_the_job(
    given: dict[str, Any], kind: str, agent_id: str, team_id: str
) -> None:
    executor = made(**given).executor
    assert (executor.kind, executor.agent_id, executor.team_id) == (kind, agent_id, team_id)


@pytest.mark.parametrize(
    ("given", "action"),
    [
        ({"job_id": "solo"}, "job.save"),
        ({"job_id": "solo", "trust": "external"}, "execution.start"),
        ({"job_id": "solo", "tool": "shell"}, "tool.call"),
        ({"job_id": "solo", "tool": "shell", "action": "execution.start"}, "execution.start"),
    ],
)
def test_what_is_asked_follows_from_the_words(given: dict[str, Any], action: str) -> None:
    assert made(**given).action.value == action


def test_a_whole_document_is_taken_as_it_is() -> None:
    whole = made(job_id="solo", tool="shell", arguments={"program": "git", "deep": [None]}).model_dump(
        mode="json"
    )
    assert document_of(whole, catalog(), NOW).model_dump(mode="json") == whole
    moved = document_of({**whole, "at": "2026-03-02T10:00:00+01:00", "at_ns": 1}, catalog(), NOW)
    assert moved.at_ns == 1_772_442_000_000_000_000


def test_a_whole_document_is_strict() -> None:
    whole = made(job_id="solo").model_dump(mode="json")
    whole["executor"]["kind"], whole["job"]["labels"] = "robot", []
    with pytest.raises(InvalidInput) as refused:
        document_of(whole, catalog(), NOW)
    assert {error.field for error in refused.value.errors} == {"input.executor.kind", "input.job.labels"}


def test_the_saving_of_a_job() -> None:
    known = catalog().find(Job, "solo")
    assert known is not None
    assert document_of_save(known, catalog(), NOW) == made(job_id="solo", action="job.save")
    gone = job("new", AgentExecutor(agent_id="nobody"))
    assert document_of_save(gone, catalog(), NOW).executor.agent_id == "nobody"
    dissolved = job("old", TeamExecutor(team_id="band"))
    assert document_of_save(dissolved, catalog(), NOW).executor.team_id == "band"
