"""`lamp agent` and `lamp team` against a gateway."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway


def test_an_agent_of_a_command(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("agent", "create", "Reporter", "--id", "reporter", "--description", "writes", "--variable", "A=1"),
        *("--memory-mb", "64", "--cpu-seconds", "5", "--open-files", "32", "--file-size-mb", "1"),
        *("--capability", "report", "--capability", "mail", "--", "sh", "-c", "echo -o json; exit 1"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "id": "reporter",
        "name": "Reporter",
        "description": "writes",
        "capabilities": ["report", "mail"],
        "runner": {
            "kind": "command",
            "command": ["sh", "-c", "echo -o json; exit 1"],
            "variables": {"A": "1"},
            "limits": {"memory_mb": 64, "cpu_seconds": 5, "open_files": 32, "file_size_mb": 1},
        },
    }
    assert "sh -c 'echo -o json; exit 1'" in lamp("agent", "list").out
    assert "memory_mb 64" in lamp("agent", "get", "reporter").out


def test_an_agent_that_does_nothing(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("agent", "create", "idle", "--noop").code == 0
    assert gateway.asked[-1].body == {"name": "idle", "runner": {"kind": "noop"}}


def test_a_changed_limit_leaves_the_rest_of_the_runner(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("agent", "create", "a", "--memory-mb", "64", "--variable", "A=1", "--", "true")
    assert lamp("agent", "update", "a", "--open-files", "32", "--active=false").code == 0
    asked = gateway.asked[-1]
    assert asked.headers["if-match"] == '"1"'
    assert asked.body == {
        "active": False,
        "runner": {
            "kind": "command",
            "command": ["true"],
            "variables": {"A": "1"},
            "limits": {"memory_mb": 64, "open_files": 32},
        },
    }
    lamp("agent", "update", "a", "--name", "b")
    assert gateway.asked[-1].body == {"name": "b"}
    assert lamp("agent", "update", "a").code == 2


def test_a_team_is_made_shown_and_deleted(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("team", "create", "Pair", "--id", "pair", "--member", "one", "--member", "two").code == 0
    assert gateway.asked[-1].body == {"id": "pair", "name": "Pair", "members": ["one", "two"]}
    assert "one, two" in lamp("team", "ls").out
    assert lamp("teams", "get", "pair").code == 0
    assert lamp("team", "delete", "pair").code == 0
    assert json.loads(lamp("team", "list", "-o", "json").out) == []
    assert lamp("team", "create", "Empty").code == 2


RUNNERS: list[tuple[str, list[str], dict[str, Any]]] = [
    ("noop", ["--runner", "noop"], {"kind": "noop"}),
    ("command said twice", ["--runner", "command", "--", "df", "-h"], {"command": ["df", "-h"]}),
    ("sandbox", ["--sandbox", "Required", "--", "df"], {"command": ["df"], "sandbox": "required"}),
    (
        "llm",
        [
            *("--runner", "llm", "--provider", "anthropic", "--base-url", "http://127.0.0.1:11434/v1"),
            *("--model", "small", "--instructions", "Be brief.", "--api-key-secret", "KEY"),
            *(
                "--temperature",
                "0.2",
                "--max-output-tokens",
                "500",
                "--input-price",
                "0.25",
                "--output-price",
                "2",
            ),
        ],
        {
            "provider": "anthropic",
            "base_url": "http://127.0.0.1:11434/v1",
            "model": "small",
            "instructions": "Be brief.",
            "api_key": "KEY",
            "temperature": 0.2,
            "max_output_tokens": 500,
            "input_price": 0.25,
            "output_price": 2,
        },
    ),
    (
        "http",
        [
            *("--runner", "http", "--url", "https://a.example.org/run", "--header", "X-Team=ops=1"),
            *("--secret-header", "Authorization=TOKEN", "--poll", "5s"),
        ],
        {
            "url": "https://a.example.org/run",
            "headers": {"X-Team": "ops=1"},
            "secret_headers": {"Authorization": "TOKEN"},
            "poll_seconds": 5,
        },
    ),
    (
        "a2a",
        ["--runner", "a2a", "--url", "https://a.example.org", "--token-secret", "TOKEN"],
        {"url": "https://a.example.org", "token": "TOKEN"},
    ),
    (
        "bus",
        ["--runner", "bus", "--executor", "crew", "--claim", "1m", "--silence", "45"],
        {"executor": "crew", "claim_seconds": 60, "silence_seconds": 45},
    ),
]


@pytest.mark.parametrize(("name", "arguments", "runner"), RUNNERS, ids=[one[0] for one in RUNNERS])
def test_an_agent_of_each_kind(
    lamp: CommandLine, gateway: ScriptedGateway, name: str, arguments: list[str], runner: dict[str, Any]
) -> None:
    ran = lamp("agent", "create", "a", *arguments)
    assert ran.code == 0, ran.err
    kind = name if name in ("noop", "llm", "http", "a2a", "bus") else "command"
    assert gateway.asked[-1].body == {"name": "a", "runner": {"kind": kind, **runner}}
    assert lamp("agent", "list").code == lamp("agent", "get", "a").code == 0


def test_the_gateways_address_is_named_before_an_agents(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp.environment["LAMP_URL"] = "http://127.0.0.1:1"
    agent = ("agent", "create", "a", "--runner", "http", "--url", "https://a.test")
    assert lamp("--url", gateway.url, *agent).code == 0
    assert gateway.asked[-1].body["runner"]["url"] == "https://a.test"


def test_what_an_agent_on_a_model_may_use(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("agent", "create", "writer", "--runner", "llm", "--model", "m", "--example", "Write a note"),
        *("--secret", "A", "--secret", "B", "--environment", "lab"),
        *(
            "--tool-shell",
            "git,ls",
            "--tool-http",
            "*.example.org, api.test",
            "--tool-http-methods",
            "GET,POST",
        ),
        *("--tool-files", "write", "--tool-approval", "shell", "--tool-approval", "mcp.*"),
        *("--mcp", "github=https://mcp.example.org/x?y=1", "--mcp", "local=npx -y 'my server'"),
        *("--mcp-tool", "github=get_*", "--mcp-tool", "github=list_*", "--mcp-tool", "local=*"),
        *("--mcp-read-only", "github=get_*"),
        *("--max-tokens", "1000", "--max-cost", "0.5", "--max-tool-calls", "0", "--max-seconds", "10m"),
        *("--max-requests", "9", "--concurrent", "2"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "writer",
        "examples": ["Write a note"],
        "secrets": ["A", "B"],
        "environment": "lab",
        "runner": {"kind": "llm", "model": "m"},
        "tools": {
            "shell": {"programs": ["git", "ls"]},
            "http": {"hosts": ["*.example.org", "api.test"], "methods": ["GET", "POST"]},
            "files": {"write": True},
            "approval": ["shell", "mcp.*"],
            "mcp": [
                {
                    "name": "github",
                    "url": "https://mcp.example.org/x?y=1",
                    "tools": ["get_*", "list_*"],
                    "read_only": ["get_*"],
                },
                {"name": "local", "command": ["npx", "-y", "my server"], "tools": ["*"]},
            ],
        },
        "limits": {
            "tokens": 1000,
            "cost": 0.5,
            "tool_calls": 0,
            "seconds": 600,
            "requests": 9,
            "concurrent": 2,
        },
    }
    shown = lamp("agent", "get", "writer").out
    for text in (
        *("llm m", "shell: git, ls", "http: *.example.org, api.test (GET, POST)", "files: read and write"),
        *("mcp local: * of npx -y 'my server'", "after a person's word only: shell, mcp.*", "A, B"),
        "10 min, 9 requests",
    ):
        assert text in shown or text.partition(",")[0] in shown, text


def test_a_part_that_is_changed_keeps_its_other_fields(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp(
        *("agent", "create", "w", "--runner", "llm", "--model", "m", "--max-cost", "1", "--max-tokens", "9"),
        *("--tool-shell", "git", "--mcp", "a=https://x.test", "--mcp-tool", "a=*"),
    )
    lamp("agent", "update", "w", "--model", "n", "--max-cost", "", "--tool-shell", "", "--tool-files", "read")
    asked = gateway.asked[-1]
    assert asked.headers["if-match"] == '"1"'
    assert asked.body == {
        "runner": {"kind": "llm", "model": "n"},
        "limits": {"tokens": 9},
        "tools": {
            "shell": None,
            "files": {"write": False},
            "mcp": [{"name": "a", "url": "https://x.test", "tools": ["*"]}],
        },
    }
    lamp("agent", "update", "w", "--mcp-tool", "a=get_*")
    assert gateway.asked[-1].body["tools"]["mcp"][0]["tools"] == ["get_*"]
    lamp("agent", "update", "w", "--runner", "noop")
    assert gateway.asked[-1].body == {"runner": {"kind": "noop"}}
    lamp("agent", "update", "w", "--", "df")
    assert gateway.asked[-1].body == {"runner": {"kind": "command", "command": ["df"]}}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["create", "a"], "--runner command|llm|http|a2a|bus|noop"),
        (["create", "--runner", "noop"], "needs a NAME"),
        (["create", "a", "--runner", "magic"], "not one of command, llm"),
        (["create", "a", "--runner", "llm", "--", "df"], "not for llm"),
        (["create", "a", "--noop", "--", "df"], "not for noop"),
        (["create", "a", "--model", "m"], "--model is for --runner llm"),
        (["create", "a", "--model", "m", "--", "df"], "--model is for --runner llm, and this is command"),
        (["create", "a", "--runner", "llm", "--url", "http://x"], "--url is for --runner http or a2a"),
        (["create", "a", "--mcp", "x", "--", "df"], "--mcp 'x' is not NAME=URL"),
        (["create", "a", "--mcp", "x=http://y", "--", "df"], "--mcp-tool 'x=get_*'"),
        (["create", "a", "--mcp-tool", "x=*", "--", "df"], "no server 'x'"),
        (["create", "a", "--mcp-tool", "x", "--", "df"], "not NAME=PATTERN"),
        (["create", "a", "--tool-files", "all", "--", "df"], "neither read nor write"),
        (["create", "a", "--max-cost", "much", "--", "df"], "'much' is not a number"),
        (["create", "a", "--max-cost", "nan", "--", "df"], "'nan' is not a number"),
        (["create", "a", "--active=perhaps", "--", "df"], "neither true nor false"),
        (["create", "a", "--header", "x", "--runner", "http"], "not NAME=VALUE"),
        (["create", "--from-file", "/nowhere.yaml"], "cannot be read"),
        (["update", "a"], "nothing to change"),
    ],
)
def test_what_makes_no_agent_is_refused_here(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], words: str
) -> None:
    ran = lamp("agent", *arguments)
    assert (ran.code, words in ran.err) == (2, True), ran.err
    assert gateway.asked == []


YAML = """
name: Writer
runner:
  kind: llm
  model: m
  instructions: |
    Be brief.
limits: {cost: 1, tokens: 9}
"""


def test_a_whole_agent_is_in_a_file(lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(YAML)
    whole = {
        "name": "Writer",
        "runner": {"kind": "llm", "model": "m", "instructions": "Be brief.\n"},
        "limits": {"cost": 1, "tokens": 9},
    }

    assert lamp("agent", "create", "--from-file", str(file)).code == 0
    assert gateway.asked[-1].body == whole
    piped = lamp("agent", "create", "Other", "--from-file", "-", "--max-cost", "2", stdin=json.dumps(whole))
    assert piped.code == 0, piped.err
    assert gateway.asked[-1].body == {**whole, "name": "Other", "limits": {"cost": 2, "tokens": 9}}
    plug = {"name": "Plug", "runner": {"kind": "my-own", "settings": {"a": 1}}}
    assert lamp("agent", "create", "--from-file", "-", stdin=json.dumps(plug)).code == 0
    assert gateway.asked[-1].body == plug
    broken = lamp("agent", "create", "--from-file", "-", stdin="[1]")
    assert (broken.code, "one object" in broken.err) == (2, True)


def test_instructions_are_in_a_file(lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path) -> None:
    (tmp_path / "w.md").write_text("Be brief.\n")
    lamp("agent", "create", "w", "--runner", "llm", "--model", "m", "--instructions", f"@{tmp_path / 'w.md'}")
    assert gateway.asked[-1].body["runner"]["instructions"] == "Be brief."


@pytest.mark.parametrize("noun", ["agent", "team"])
def test_it_rests_and_works_again(lamp: CommandLine, gateway: ScriptedGateway, noun: str) -> None:
    gateway.things[f"{noun}s"]["a"] = {"id": "a", "name": "a", "revision": 1, "active": True}
    assert f"Deactivated {noun} a" in lamp(noun, "deactivate", "a").out
    assert gateway.asked[-1].body == {"active": False}
    assert json.loads(lamp(noun, "activate", "a", "-o", "json").out)["active"] is True
    assert lamp(noun, "activate", "b").code == 3


def test_warnings_are_shown(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    warnings = ["No worker of the queue 'default' has the runner 'llm'.", "Another one."]
    gateway.things["agents"]["a"] = {"id": "a", "name": "a", "revision": 1, "warnings": warnings}
    shown = lamp("agent", "get", "a").out
    assert all(warning in shown for warning in warnings)


def test_a_team_of_each_mode(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *(
            "team",
            "create",
            "desk",
            "--mode",
            "lead",
            "--leader",
            "chief",
            "--member",
            "one",
            "--member",
            "two",
        ),
        *("--max-cost", "2", "--environment", "lab", "--description", "d"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "desk",
        "mode": "lead",
        "leader": "chief",
        "members": ["one", "two"],
        "limits": {"cost": 2},
        "environment": "lab",
        "description": "d",
    }
    assert "$2" in lamp("team", "get", "desk").out
    lamp("team", "create", "both", "--mode", "parallel", "--member", "one", "--merger", "m", "--needed", "1")
    assert gateway.asked[-1].body["merger"] == "m"
    assert gateway.asked[-1].body["needed"] == 1


def test_a_team_is_changed(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("team", "create", "desk", "--member", "one", "--max-cost", "2", "--max-tokens", "9")
    assert lamp("team", "update", "desk", "--member", "two", "--max-cost", "3", "--leader", "").code == 0
    assert gateway.asked[-1].body == {
        "members": ["two"],
        "leader": None,
        "limits": {"cost": 3, "tokens": 9},
    }
    assert gateway.asked[-1].headers["if-match"] == '"1"'
    lamp("team", "update", "desk", "--name", "New")
    assert gateway.asked[-1].body == {"name": "New"}
    assert "if-match" not in gateway.asked[-1].headers
    assert lamp("team", "update", "desk").code == 2
