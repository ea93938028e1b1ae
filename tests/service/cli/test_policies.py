"""`lamp policy` against a gateway."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

RULES = """
name: Change freeze
attach: [{kind: environment, id: production}]
rules:
  - name: weekend
    when: {during: [fri 18:00 - mon 06:00], actions: [execution.start]}
    then: deny
    message: Not on a weekend.
"""
RULE = {
    "name": "weekend",
    "when": {"during": ["fri 18:00 - mon 06:00"], "actions": ["execution.start"]},
    "then": "deny",
    "message": "Not on a weekend.",
}
REGO = 'package lamplighter\ndeny contains "No." if input.tool.name == "shell"\n'

TOLD: dict[str, Any] = {
    "verdict": {
        "effect": "deny",
        "reason": "Not on a weekend.",
        "failed": False,
        "applied": [
            {"policy_id": "freeze", "rule": "weekend", "effect": "deny", "message": "Not on a weekend."},
            {"policy_id": "trial", "rule": "deny", "effect": "deny", "message": "No.", "dry_run": True},
        ],
        "constraints": {
            "remove_tools": ["shell", "http"],
            "max_cost": 0.5,
            "max_tokens": None,
            "hide_secrets": [],
        },
        "took_us": 1_234,
    },
    "asked": ["freeze", "trial"],
    "input": {"action": "execution.start"},
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "freeze.yaml").write_text(RULES)
    (tmp_path / "no-shell.rego").write_text(REGO)
    (tmp_path / "data.json").write_text('{"most": 5}')
    return tmp_path


def test_of_rules_in_a_file(lamp: CommandLine, gateway: ScriptedGateway, files: Path) -> None:
    ran = lamp("policy", "create", "--file", str(files / "freeze.yaml"), "--id", "freeze", "--dry-run-mode")

    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "id": "freeze",
        "name": "Change freeze",
        "attach": [{"kind": "environment", "id": "production"}],
        "engine": {"kind": "rules", "rules": [RULE]},
        "dry_run": True,
    }
    assert "Created policy freeze" in ran.out
    assert "weekend: denied" in ran.out
    listed = lamp("pol", "ls").out.splitlines()
    assert listed[1].split() == [
        "freeze",
        "Change",
        "freeze",
        "rules",
        "environment:production",
        "dry",
        "run",
    ]


def test_of_a_module(lamp: CommandLine, gateway: ScriptedGateway, files: Path) -> None:
    ran = lamp(
        *("policy", "create", "--file", str(files / "no-shell.rego"), "--data", str(files / "data.json")),
        *("--attach", "agent:writer", "--attach", "project", "--query", "data.lamplighter"),
    )

    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "no-shell",
        "engine": {"kind": "rego", "module": REGO, "data": {"most": 5}, "query": "data.lamplighter"},
        "attach": [{"kind": "agent", "id": "writer"}, {"kind": "project"}],
    }
    assert 'deny contains "No."' in lamp("policy", "get", "no-shell").out


def test_of_a_server(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("policy", "create", "Central", "--opa", "https://opa/v1/data/x", "--token", "OPA_TOKEN")

    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "name": "Central",
        "engine": {"kind": "opa", "url": "https://opa/v1/data/x", "token": "OPA_TOKEN"},
    }
    assert "Open Policy Agent" in ran.out


def test_times_in_yaml_stay_text(lamp: CommandLine, gateway: ScriptedGateway, files: Path) -> None:
    (files / "question.yaml").write_text("at: 2026-11-28T10:00:00Z\njob_id: nightly\nprompt: 2026-11-28\n")
    gateway.verdict = TOLD
    assert lamp("policy", "test", "--input", str(files / "question.yaml")).code == 0
    assert gateway.asked[-1].body == {
        "input": {"at": "2026-11-28T10:00:00Z", "job_id": "nightly", "prompt": "2026-11-28"}
    }


def test_one_is_changed_and_deleted(lamp: CommandLine, gateway: ScriptedGateway, files: Path) -> None:
    gateway.things["policies"]["x"] = {"id": "x", "name": "X", "revision": 1}

    assert (
        lamp("policy", "update", "x", "--dry-run-mode=false", "--active", "no", "--description", "").code == 0
    )
    assert gateway.asked[-1].body == {"dry_run": False, "active": False, "description": None}
    assert lamp("policy", "update", "x", "--name", "New", "--file", str(files / "no-shell.rego")).code == 0
    assert gateway.asked[-1].body == {"name": "New", "engine": {"kind": "rego", "module": REGO}}
    assert lamp("policy", "update", "x", "--attach", "").code == 0
    assert gateway.asked[-1].body == {"attach": None}
    assert lamp("policy", "delete", "x", terminal=True, stdin="\n").code == 1
    assert lamp("policies", "rm", "x", "-y").code == 0
    assert lamp("policy", "get", "x").code == 3


def test_a_question_in_words(lamp: CommandLine, gateway: ScriptedGateway, files: Path) -> None:
    gateway.verdict = TOLD
    gateway.add_job("nightly")
    ran = lamp(
        *(
            "policy",
            "test",
            str(files / "freeze.yaml"),
            "--job",
            "nightly",
            "--agent",
            "writer",
            "--action",
            "tool",
        ),
        *("--tool", "shell", "--argument", "program=rm", "--argument", "path=/", "--trigger", "webhook"),
        *("--trust", "external", "--actor", "ana", "--at", "2026-11-28 10:00", "--timezone", "Europe/Berlin"),
        *("--team", "crew", "--environment", "lab", "--prompt", "Clean up"),
    )

    assert ran.code == 0, ran.err
    asked = gateway.asked[-1].body
    assert asked["policy"]["engine"] == {"kind": "rules", "rules": [RULE]}
    assert asked["input"] == {
        "action": "tool.call",
        "job_id": "nightly",
        "agent_id": "writer",
        "team_id": "crew",
        "environment": "lab",
        "prompt": "Clean up",
        "trigger": "webhook",
        "trust": "external",
        "triggered_by": "ana",
        "tool": "shell",
        "arguments": {"program": "rm", "path": "/"},
        "at": "2026-11-28T09:00:00Z",
    }
    for words in (
        "denied",
        "Not on a weekend.",
        "trial 'deny': deny: No. (dry run, does not count)",
        "remove_tools: shell, http",
        "max_cost: 0.5",
        "freeze, trial",
        "1.23 ms",
    ):
        assert words in ran.out
    assert "max_tokens" not in ran.out


def test_a_job_is_called_by_its_name(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.verdict = TOLD
    gateway.add_job("nightly-7f3a", name="Nightly report")
    assert lamp("policy", "test", "--job", "Nightly report").code == 0
    assert gateway.asked[-1].body == {"input": {"job_id": "nightly-7f3a"}}
    assert lamp("policy", "test", "--job", "Nightly").code == 3
    gateway.things["policies"]["x"] = {"id": "x", "name": "X", "revision": 1}
    assert lamp("policy", "update", "x", "--attach", "job:Nightly report", "--attach", "job:n*").code == 0
    attached = [{"kind": "job", "id": "nightly-7f3a"}, {"kind": "job", "id": "n*"}]
    assert gateway.asked[-1].body == {"attach": attached}


def test_all_active_ones_or_one_of_them(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("nightly")
    gateway.verdict = {"verdict": {"effect": "allow", "took_us": 5}, "asked": []}
    ran = lamp("policy", "test", "--job", "nightly")
    assert gateway.asked[-1].body == {"input": {"job_id": "nightly"}}
    assert "allowed" in ran.out
    assert "no policy governs it" in ran.out
    assert lamp("policy", "test", "--policy", "freeze").code == 0
    assert gateway.asked[-1].body == {"policy_id": "freeze", "input": {}}
    said = lamp("policy", "test", "--input", "-", "-o", "json", stdin='{"action": "job.save"}')
    assert json.loads(said.out) == gateway.verdict
    assert gateway.asked[-1].body == {"input": {"action": "job.save"}}


def test_what_is_expected(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.verdict = TOLD
    assert lamp("policy", "test", "--expect", "deny").code == 0
    ran = lamp("policy", "test", "--expect", "require-approval")
    assert (ran.code, ran.err) == (1, "error: it is deny, and not require_approval\n")


def test_a_mistake_in_a_module_is_said_with_its_line(
    lamp: CommandLine, gateway: ScriptedGateway, files: Path
) -> None:
    errors = [{"field": "engine.module", "problem": "line 2: there is no function 'f'"}]
    gateway.answers["POST", "/api/v1/policies"] = Reply(422, {"title": "", "detail": "", "errors": errors})
    ran = lamp("policy", "create", "--file", str(files / "no-shell.rego"))
    assert (ran.code, ran.err) == (2, "error: engine.module: line 2: there is no function 'f'\n")


WRONG = [
    (["create", "X"], "--file FILE, or --opa URL"),
    (["create", "X", "--file", "{}/freeze.yaml", "--opa", "http://x/y"], "exclude each other"),
    (["create", "X", "--file", "{}/freeze.yaml", "--token", "T"], "beside --opa"),
    (["create", "X", "--file", "{}/freeze.yaml", "--data", "{}/data.json"], "beside --file NAME.rego"),
    (["create", "X", "--file", "{}/none.yaml"], "cannot be read"),
    (["create", "X", "--file", "{}/broken.yaml"], "broken.yaml is not YAML: line 2"),
    (["create", "X", "--file", "{}/broken.json"], "broken.json is not JSON"),
    (["create", "X", "--file", "{}/list.yaml"], "one object"),
    (["create", "X", "--file", "{}/both.yaml"], "both 'rules' and 'engine'"),
    (["update", "x"], "nothing to change"),
    (["test", "{}/freeze.yaml", "--policy", "x"], "exclude each other"),
    (["test", "{}/freeze.yaml", "--data", "{}/data.json"], "beside NAME.rego"),
    (["test", "--input", "{}/data.json", "--job", "x"], "--input is the whole question"),
    (["test", "--argument", "x"], "not NAME=VALUE"),
    (["test", "--expect", "refuse"], "is no effect: use allow, require_approval, deny"),
    (["test", "--at", "soonish"], "--at"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_use_is_refused_here(
    lamp: CommandLine, gateway: ScriptedGateway, files: Path, arguments: list[str], words: str
) -> None:
    for name, text in (
        ("broken.yaml", "name: x\nrules: ["),
        ("broken.json", "{"),
        ("list.yaml", "- a\n"),
        ("both.yaml", "rules: []\nengine: {}\n"),
    ):
        (files / name).write_text(text)
    ran = lamp("policy", *(argument.replace("{}", str(files)) for argument in arguments))
    assert (ran.code, words in ran.err) == (2, True), ran.err
    assert gateway.asked == []


def test_the_schema_is_printed(lamp: CommandLine) -> None:
    assert json.loads(lamp("policy", "schema").out) == {"type": "object"}
