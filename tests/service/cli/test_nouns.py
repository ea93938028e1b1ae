"""`lamp agent`, `team`, `token` and `version` against a gateway."""

import json

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


@pytest.mark.parametrize("arguments", [["idle"], ["idle", "--noop", "--", "true"]])
def test_an_agent_runs_a_command_or_nothing(lamp: CommandLine, arguments: list[str]) -> None:
    ran = lamp("agent", "create", *arguments)
    assert (ran.code, "--noop" in ran.err) == (2, True)


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


def test_a_token_is_shown_once(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("token", "create", "ci", "--role", "operator", "--expires-in-days", "90")
    assert "lamp_shown_once" in ran.out
    assert gateway.asked[-1].body == {"name": "ci", "role": "operator", "expires_in_days": 90}
    assert "lamp_shown_once" not in lamp("token", "list").out
    assert lamp("token", "delete", "ci").code == 0


def test_deleting_asks_on_a_terminal(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    for noun in ("agent", "team", "token"):
        ran = lamp(noun, "delete", "x", terminal=True, stdin="\n")
        assert (ran.code, gateway.asked) == (1, [])


def test_a_version_is_shown_with_or_without_a_gateway(lamp: CommandLine) -> None:
    assert "gateway 9.9.9" in lamp("version").out
    assert json.loads(lamp("version", "-o", "json").out)["gateway"] == "9.9.9"
    ran = lamp("version", "--url", "http://127.0.0.1:1")
    assert (ran.code, "gateway unknown" in ran.out) == (0, True)
