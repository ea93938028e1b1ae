"""`lamp project`, and the project that other nouns are spoken of in."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

CREATE = {
    "agent": ["agent", "create", "Clerk", "--noop", "true"],
    "team": ["team", "create", "Crew", "--member", "clerk"],
    "environment": ["environment", "create", "Lab"],
    "calendar": ["calendar", "create", "Holidays", "--date", "2026-12-25"],
    "policy": ["policy", "create", "Central", "--opa", "https://opa.example.org/v1/data/x"],
    "job": ["job", "create", "--name", "Report", "--prompt", "Go", "--agent", "clerk"],
}
LISTS = ["agent", "team", "environment", "calendar", "policy", "job", "execution", "backfill", "approval"]


@pytest.mark.parametrize("noun", CREATE)
def test_a_thing_is_made_in_a_project(noun: str, lamp: CommandLine, gateway: ScriptedGateway) -> None:
    def said(*more: str) -> object:
        assert lamp(*CREATE[noun], *more).code == 0
        return gateway.asked[-1].body.get("project")

    assert said() is None
    assert said("--project", "shop") == "shop"
    lamp.environment["LAMP_PROJECT"] = "payments"
    assert said() == "payments"
    assert said("--project", "shop") == "shop"
    assert said("--project", "") is None


@pytest.mark.parametrize("noun", LISTS)
def test_a_list_is_of_a_project(noun: str, lamp: CommandLine, gateway: ScriptedGateway) -> None:
    def asked(*more: str) -> object:
        assert lamp(noun, "list", *more).code == 0
        return gateway.asked[-1].query.get("project")

    assert asked() is None
    assert asked("--project", "shop") == "shop"
    lamp.environment["LAMP_PROJECT"] = "payments"
    assert asked() == "payments"
    assert asked("--project", "") is None


def test_a_file_that_names_its_project_keeps_it(
    lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    """Unless somebody says otherwise: what is set for all commands does not."""
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"name": "x", "prompt": "x", "agent_id": "clerk", "project": "shop"}))
    lamp.environment["LAMP_PROJECT"] = "payments"
    for more, project in (([], "shop"), (["--project", "lab"], "lab")):
        assert lamp("job", "create", "--file", str(path), *more).code == 0
        assert gateway.asked[-1].body["project"] == project


def test_which_project_is_told_where_there_are_several(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    agents = [
        {"id": name, "name": name, "project": project}
        for name, project in (("clerk", "shop"), ("teller", "payments"))
    ]
    gateway.answers["GET", "/api/v1/agents"] = Reply(200, agents)
    lines = lamp("agent", "list").out.splitlines()
    assert lines[0].split()[:3] == ["ID", "PROJECT", "NAME"]
    assert [line.split()[1] for line in lines[1:]] == ["shop", "payments"]
    gateway.answers["GET", "/api/v1/agents"] = Reply(200, agents[:1])
    assert "PROJECT" not in lamp("agent", "list").out
    gateway.answers["GET", "/api/v1/agents/clerk"] = Reply(200, agents[0])
    assert "shop" in lamp("agent", "get", "clerk").out


def test_projects_are_listed_with_what_is_in_them(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    counts = {"jobs": 3, "agents": 2, "teams": 0, "environments": 1, "policies": 4, "calendars": 0}
    gateway.answers["GET", "/api/v1/projects"] = Reply(200, [{"id": "payments", **counts}])
    heading, row = lamp("project", "list").out.splitlines()
    assert heading.split() == ["PROJECT", "JOBS", "AGENTS", "TEAMS", "ENVIRONMENTS", "POLICIES", "CALENDARS"]
    assert row.split() == ["payments", "3", "2", "0", "1", "4", "0"]


def test_questions_are_asked_of_a_project(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp("smart", "explain", "Anything", "--project", "shop")
    assert gateway.asked[-1].body["project"] == "shop"
    lamp("policy", "test", "--project", "shop")
    assert gateway.asked[-1].body["input"] == {"project": "shop"}
    lamp("smart", "replay", "--project", "shop")
    assert gateway.asked[-1].query["project"] == "shop"
