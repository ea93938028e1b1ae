"""`lamp token` and `version` against a gateway, and what nouns have alike."""

import json

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway


def test_a_token_is_shown_once(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("token", "create", "ci", "--role", "operator", "--expires-in-days", "90")
    assert "lamp_shown_once" in ran.out
    assert gateway.asked[-1].body == {"name": "ci", "role": "operator", "expires_in_days": 90}
    assert "lamp_shown_once" not in lamp("token", "list").out
    assert lamp("token", "delete", "ci").code == 0


def test_a_token_reaches_the_projects_that_it_is_told(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    create = ("token", "create", "ci", "--role", "viewer")
    lamp(*create, "--project", "payments", "--project", "ops")
    assert gateway.asked[-1].body["projects"] == ["payments", "ops"]
    lamp.environment["LAMP_PROJECT"] = "payments"
    lamp(*create)
    assert gateway.asked[-1].body["projects"] == ["payments"]
    lamp(*create, "--project", "*")
    assert gateway.asked[-1].body["projects"] == ["*"]
    assert " all " in lamp("token", "list").out


def test_a_token_is_shown_with_its_last_use(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("token", "create", "ci", "--role", "viewer", "--project", "ops")
    assert "never" in lamp("token", "show", "ci").out
    used = {"last_used_at": "2026-03-02T08:30:00Z", "last_used_from": "203.0.113.9"}
    gateway.things["tokens"]["ci"].update(used)
    shown = lamp("token", "show", "ci").out
    assert "from 203.0.113.9" in shown
    assert "ops" in shown
    assert "2026-03-02" in lamp("token", "list").out
    assert json.loads(lamp("token", "show", "ci", "-o", "json").out)["last_used_from"] == "203.0.113.9"


def test_deleting_asks_on_a_terminal(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    for noun in ("agent", "team", "token"):
        ran = lamp(noun, "delete", "x", terminal=True, stdin="\n")
        assert (ran.code, gateway.asked) == (1, [])


def test_a_version_is_shown_with_or_without_a_gateway(lamp: CommandLine) -> None:
    assert "gateway 9.9.9" in lamp("version").out
    assert json.loads(lamp("version", "-o", "json").out)["gateway"] == "9.9.9"
    ran = lamp("version", "--url", "http://127.0.0.1:1")
    assert (ran.code, "gateway unknown" in ran.out) == (0, True)
