"""`lamp events`: a line an event, over as many connections as that takes."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway

EVENTS = "/api/v1/events"


def event(number: int, name: str, **data: Any) -> tuple[str, str, Any]:
    common = {
        "type": f"lamplighter.{name}.v1",
        "time": f"2026-03-02T09:00:0{number}Z",
        "job_id": "daily-7f3a",
    }
    return f"{number}-{number}-0-1772442060123", name, {**common, **data}


def present(number: int = 9) -> tuple[str, str, Any]:
    return event(number, "end", reason="present", detail="This is all.")


HAPPENED = [
    event(1, "job.due", execution_id="e1"),
    event(
        2, "execution.waiting", execution_id="e1", approvals=[{"state": "pending", "summary": "shell: rm x"}]
    ),
    event(3, "execution.finished", execution_id="e1", status="failed", reason="exit_code", detail="Code 3."),
    event(4, "catalog.changed", kind="agent", id="writer", operation="created", revision=4),
]


def test_what_happened_is_a_line_each(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.streams[EVENTS] = [*HAPPENED, present()]
    ran = lamp("events")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "2026-03-02 09:00:01 UTC  job.due               daily-7f3a e1",
        "2026-03-02 09:00:02 UTC  execution.waiting     daily-7f3a e1  shell: rm x",
        "2026-03-02 09:00:03 UTC  execution.finished    daily-7f3a e1  failed: Code 3.",
        "2026-03-02 09:00:04 UTC  catalog.changed       agent writer created",
    ]
    query = gateway.asked[-1].query
    assert query["follow"] == "false"
    assert query["since"].endswith("Z")


def test_what_is_asked_for(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.streams[EVENTS] = [present()]
    options = ["--job", "a", "--agent", "b", "--kind", "job", "--type", "job.due", "--status", "failed"]
    ran = lamp("events", "-f", "--from", "2026-03-02T08:00:00Z", *options, "--project", "pay")
    assert ran.err == "Nothing happened.\n"
    assert gateway.asked[-1].query == {
        "since": "2026-03-02T08:00:00Z",
        "job_id": "a",
        "agent_id": "b",
        "kind": "job",
        "type": "job.due",
        "status": "failed",
        "project": "pay",
    }


@pytest.mark.parametrize("cut", range(0, 900, 61))
def test_a_stream_that_breaks_loses_and_doubles_nothing(
    lamp: CommandLine, gateway: ScriptedGateway, cut: int
) -> None:
    gateway.streams[EVENTS] = [*HAPPENED, present()]
    gateway.cuts = [cut, cut, 400]
    ran = lamp("events", "-f", "-o", "json")
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["event"] for one in told] == [*(name for _, name, _ in HAPPENED), "end"]
    assert len(lamp.pauses) > 0


def test_a_gateway_that_leaves_is_no_end(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    leaving = event(2, "end", reason="leaving", detail="This gateway stops.")
    gateway.streams[EVENTS] = [HAPPENED[0], leaving, HAPPENED[2], present()]
    ran = lamp("events", "-f")
    assert [line.split()[3] for line in ran.out.splitlines()] == ["job.due", "execution.finished"]


def test_a_gap_and_a_deleted_job_are_said(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gap = event(1, "gap", reason="The bus keeps events for 72 hours.")
    end = event(2, "end", reason="deleted", detail="The job was deleted.")
    gateway.streams[EVENTS] = [gap, end]
    ran = lamp("events", "-f", "--job", "daily-7f3a")
    assert ran.err == (
        "Some events are missing: The bus keeps events for 72 hours.\nThe job was deleted.\nNothing happened.\n"
    )
