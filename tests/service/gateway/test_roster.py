"""Agents and teams through the API: what is wrong is named at its place, and who is needed stays."""

from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams
from tests.service.gateway.running import Json, Running, last_sequence

LLM = {"kind": "llm", "model": "m"}

WRITER = {
    "id": "writer",
    "name": "Writer",
    "description": "writes",
    "runner": {
        "kind": "llm",
        "provider": "openai",
        "base_url": "http://127.0.0.1:11434/v1",
        "model": "small",
        "instructions": "Be brief.",
        "api_key": "KEY",
        "temperature": 0.5,
        "max_output_tokens": 100,
        "input_price": 0.25,
        "output_price": 2,
    },
    "capabilities": ["mail"],
    "examples": ["Answer this"],
    "environment": "default",
    "tools": {
        "shell": {"programs": ["git"], "timeout_seconds": 5},
        "http": {"hosts": ["*.example.org"], "methods": ["GET"], "timeout_seconds": 5},
        "files": {"write": True},
        "mcp": [
            {
                "name": "github",
                "command": [],
                "url": "https://mcp.example.org",
                "tools": ["get_*"],
                "read_only": ["get_*"],
                "variables": {},
                "headers": {},
                "secret_variables": {},
                "secret_headers": {"Authorization": "GITHUB"},
            }
        ],
        "approval": ["shell"],
    },
    "secrets": ["TOKEN"],
    "limits": {"seconds": 60, "tokens": 10, "cost": 0.5, "tool_calls": 0, "requests": None, "concurrent": 2},
    "active": True,
}


async def agent(running: Running, agent_id: str, runner: Json = None, **fields: Json) -> Json:
    body = {"id": agent_id, "name": agent_id, "runner": runner or {"kind": "noop"}, **fields}
    return await running.json("POST", "/agents", body)


async def test_an_agent_is_made_read_changed_and_sent_back(running: Running) -> None:
    made = await running.json("POST", "/agents", WRITER)

    assert {name: made[name] for name in WRITER} == WRITER
    assert await running.json("GET", "/agents/writer") == made
    back = await running.json("PATCH", "/agents/writer", {**made, "name": "Other"})
    assert {name: back[name] for name in WRITER} == {**WRITER, "name": "Other"}
    bare = await running.json("PATCH", "/agents/writer", {"tools": None, "limits": None, "runner": LLM})
    assert (bare["tools"]["mcp"], bare["tools"]["shell"], bare["limits"]["requests"]) == ([], None, 50)
    assert (bare["runner"]["base_url"], bare["runner"]["api_key"], bare["secrets"]) == (None, None, ["TOKEN"])


WRONG_AGENTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no runner", {"runner": None}, "runner", "is missing"),
    ("no kind", {"runner": {}}, "runner.kind", "is missing"),
    ("no kind, with fields", {"runner": {"command": ["x"]}}, "runner.kind", "known are command, llm"),
    (
        "mistaken kind",
        {"runner": {"kind": "comand", "command": ["x"]}},
        "runner.kind",
        "is 'comand'; known are",
    ),
    ("odd kind", {"runner": {"kind": "A B"}}, "runner.kind", "small letters"),
    ("no runner at all", {"runner": "command"}, "runner", "must be an object"),
    ("no command", {"runner": {"kind": "command"}}, "runner.command", "is missing"),
    ("empty command", {"runner": {"kind": "command", "command": []}}, "runner.command", "must not be empty"),
    ("no model", {"runner": {"kind": "llm"}}, "runner.model", "is missing"),
    ("another provider", {"runner": {**LLM, "provider": "x"}}, "runner.provider", "'openai' or 'anthropic'"),
    ("no address", {"runner": {**LLM, "base_url": "localhost"}}, "runner.base_url", "such as 'https://"),
    ("too hot", {"runner": {**LLM, "temperature": 3}}, "runner.temperature", "less than or equal to 2"),
    ("mistaken field", {"runner": {**LLM, "modell": "m"}}, "runner.modell", "did you mean 'model'?"),
    ("no url", {"runner": {"kind": "a2a"}}, "runner.url", "is missing"),
    (
        "odd header",
        {"runner": {"kind": "http", "url": "http://x", "headers": {"A B": "x"}}},
        "runner.headers.A B",
        "header's name",
    ),
    (
        "header of two lines",
        {"runner": {"kind": "http", "url": "http://x", "headers": {"A": "x\ny"}}},
        "runner.headers.A",
        "one line",
    ),
    ("odd executor", {"runner": {"kind": "bus", "executor": "A.B"}}, "runner.executor", "small letters"),
    ("no tool", {"tools": {"shell": {"programs": []}}}, "tools.shell.programs", "must not be empty"),
    (
        "program with blanks",
        {"tools": {"shell": {"programs": ["rm -rf"]}}},
        "tools.shell.programs.0",
        "blanks",
    ),
    (
        "odd method",
        {"tools": {"http": {"hosts": ["x"], "methods": ["LOOK"]}}},
        "tools.http.methods.0",
        "'GET'",
    ),
    ("odd host", {"tools": {"http": {"hosts": ["http://x"]}}}, "tools.http.hosts.0", "host's name"),
    (
        "all tools of a server",
        {"tools": {"mcp": [{"name": "a", "url": "http://x"}]}},
        "tools.mcp.0.tools",
        "missing",
    ),
    (
        "odd server",
        {"tools": {"mcp": [{"name": "a", "url": "x", "tools": ["*"]}]}},
        "tools.mcp.0.url",
        "such as 'https://",
    ),
    (
        "a server nowhere",
        {"tools": {"mcp": [{"name": "a", "tools": ["*"]}]}},
        "tools.mcp.0",
        "either 'command'",
    ),
    ("mistaken tool", {"tools": {"files": {"writes": True}}}, "tools.files.writes", "did you mean 'write'?"),
    ("odd secret", {"secrets": ["A-B"]}, "secrets.0", "a variable's name"),
    ("no cost", {"limits": {"cost": 0}}, "limits.cost", "greater than 0"),
    ("mistaken limit", {"limits": {"costs": 1}}, "limits.costs", "did you mean 'cost'?"),
    ("unknown environment", {"environment": "defalt"}, "environment", "did you mean 'default'?"),
    ("mistaken name", {"capabilites": ["x"]}, "capabilites", "did you mean 'capabilities'?"),
]


@pytest.mark.parametrize(
    ("change", "field", "words"), [case[1:] for case in WRONG_AGENTS], ids=[case[0] for case in WRONG_AGENTS]
)
async def test_a_wrong_agent_is_refused(
    running: Running, bus: Client, change: dict[str, Any], field: str, words: str
) -> None:
    await agent(running, "kept", LLM)
    before = await last_sequence(bus, streams.CATALOG)
    body = {"name": "x", "runner": LLM, **change}

    made = await running.http.post("/api/v1/agents", json=body)
    changed = await running.http.patch("/api/v1/agents/kept", json=change)

    for answer in (made, changed) if None not in change.values() else (made,):
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert words in answer.json()["errors"][0]["problem"]
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_all_that_is_wrong_is_said_at_once(running: Running) -> None:
    body = {
        "name": "",
        "runner": {"kind": "llm", "modell": "m"},
        "limits": {"tokens": 0},
        "environment": "moon",
        "strange": 1,
    }
    answer = await running.http.post("/api/v1/agents", json=body)
    assert {error["field"] for error in answer.json()["errors"]} == {
        "name",
        "runner.model",
        "runner.modell",
        "limits.tokens",
        "environment",
        "strange",
    }


async def test_a_kind_that_a_package_adds(running: Running) -> None:
    made = await agent(running, "mine", {"kind": "my-own", "settings": {"any": [1]}})
    assert made["runner"] == {"kind": "my-own", "settings": {"any": [1]}}


WRONG_TEAMS: list[tuple[str, dict[str, Any], str, str]] = [
    ("no members", {"members": []}, "members", "must not be empty"),
    ("unknown member", {"members": ["one", "tow"]}, "members.1", "did you mean 'two'?"),
    ("unknown leader", {"mode": "lead", "leader": "cheif"}, "leader", "did you mean 'chief'?"),
    ("no leader", {"mode": "lead"}, "leader", "is missing"),
    ("leader of a row", {"leader": "chief"}, "leader", "only a team of the mode 'lead'"),
    (
        "leader on no model",
        {"mode": "lead", "leader": "one", "members": ["two"]},
        "leader",
        "of the kind 'llm'",
    ),
    ("leader led", {"mode": "lead", "leader": "chief", "members": ["chief"]}, "leader", "is a member too"),
    ("unknown merger", {"mode": "parallel", "merger": "chef"}, "merger", "does not exist"),
    ("merger of a row", {"merger": "chief"}, "merger", "only a team of the mode 'parallel'"),
    ("too many needed", {"mode": "parallel", "needed": 3}, "needed", "there are 2 members"),
    ("twice", {"mode": "parallel", "members": ["one", "one"]}, "members", "only the mode 'sequence'"),
    ("unknown mode", {"mode": "chaos"}, "mode", "'sequence', 'parallel' or 'lead'"),
    ("unknown environment", {"environment": "moon"}, "environment", "does not exist"),
    ("mistaken limit", {"limits": {"concurrent": 1}}, "limits.concurrent", "known are cost"),
]


@pytest.mark.parametrize(
    ("change", "field", "words"), [case[1:] for case in WRONG_TEAMS], ids=[case[0] for case in WRONG_TEAMS]
)
async def test_a_wrong_team_is_refused(
    running: Running, change: dict[str, Any], field: str, words: str
) -> None:
    await agent(running, "one")
    await agent(running, "two")
    await agent(running, "chief", LLM)
    await running.json("POST", "/teams", {"id": "kept", "name": "Kept", "members": ["one", "two"]})

    made = await running.http.post("/api/v1/teams", json={"name": "x", "members": ["one", "two"], **change})
    changed = await running.http.patch("/api/v1/teams/kept", json=change)

    for answer in (made, changed):
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert words in answer.json()["errors"][0]["problem"]


async def test_a_leader_stays_on_a_model(running: Running) -> None:
    await agent(running, "one")
    await agent(running, "chief", LLM)
    team = {"id": "desk", "name": "Desk", "mode": "lead", "leader": "chief", "members": ["one"]}
    await running.json("POST", "/teams", team)

    refused = await running.http.patch("/api/v1/agents/chief", json={"runner": {"kind": "noop"}})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "runner.kind")
    assert "leads the team 'desk'" in refused.json()["detail"]
    await running.json("PATCH", "/agents/chief", {"runner": {**LLM, "model": "other"}})


@pytest.mark.parametrize(
    ("path", "user", "words"),
    [
        ("/teams", {"members": ["used"]}, "team 'user'"),
        ("/teams", {"members": ["one"], "mode": "lead", "leader": "used"}, "team 'user'"),
        ("/teams", {"members": ["one"], "mode": "parallel", "merger": "used"}, "team 'user'"),
        ("/jobs", {"prompt": "Go", "agent_id": "used"}, "job 'user"),
        ("/jobs", {"prompt": "Go", "smart": True, "fallback_agent_id": "used"}, "job 'user"),
    ],
)
async def test_an_agent_that_is_used_stays(
    running: Running, path: str, user: dict[str, Any], words: str
) -> None:
    await agent(running, "used", LLM)
    await agent(running, "one")
    made = await running.json("POST", path, {"name": "User", **user})

    refused = await running.http.delete("/api/v1/agents/used")
    assert (refused.status_code, words in refused.json()["detail"]) == (409, True)
    await running.json("DELETE", f"{path}/{made['id']}")
    await running.json("DELETE", "/agents/used")


async def test_who_rests_is_told_of(running: Running) -> None:
    await agent(running, "one", active=False, secrets=["TOKEN"])
    team = await running.json("POST", "/teams", {"id": "crew", "name": "Crew", "members": ["one"]})
    shown = await running.json("GET", "/agents/one")
    assert team["warnings"] == ["The agent 'one' is not active."]
    assert shown["warnings"] == [
        "No worker serves the queue 'default': what is due waits for one.",
        "The agent 'one' asks for the secret 'TOKEN', which the environment 'default' does not have.",
    ]
