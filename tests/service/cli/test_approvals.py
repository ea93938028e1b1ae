"""`lamp approval` against a gateway, and what `lamp execution` tells of who did what, why, and what waits."""

import json
from typing import Any

import pytest

from lamplighter_cli.commands.execution.steps import tree
from tests.service.cli.test_executions import RUN, line, log
from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import EXECUTION, ScriptedGateway, problem

MINE = f"{EXECUTION}-1"

PENDING: dict[str, Any] = {
    "id": MINE,
    "approval_id": MINE,
    "execution_id": EXECUTION,
    "job_id": "daily-report-7f3a",
    "job_name": "Daily report",
    "state": "pending",
    "summary": "shell: rm -r build",
    "reason": "The agent asks for it.",
    "tool": "shell",
    "arguments": '{"program":"rm"}',
    "agent_id": "writer",
    "requested_at": "2026-03-02T09:00:00Z",
    "deadline_at": "2026-03-02T10:00:00Z",
    "note": "",
}


def test_what_waits_is_listed_and_shown_with_how_to_answer(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    assert "Nothing waits for a word." in lamp("approval", "list").err
    gateway.approvals.append(PENDING)
    row = lamp("approvals", "ls", "--state", "pending", "--execution", EXECUTION, "--limit", "5").out
    assert "Daily report   pending   shell: rm -r build" in row
    assert gateway.asked[-1].query == {"state": "pending", "execution_id": EXECUTION, "limit": "5"}
    sheet = lamp("approval", "get", MINE).out
    for text in ("The agent asks for it.", '{"program":"rm"}', f"lamp approval approve {MINE}   (or deny)"):
        assert text in sheet
    assert json.loads(lamp("approval", "get", MINE, "-o", "json").out) == PENDING
    assert lamp("approval", "get", "none").code == 3


@pytest.mark.parametrize(("verb", "word"), [("approve", "Approved"), ("deny", "Denied")])
def test_a_word_and_its_note(lamp: CommandLine, gateway: ScriptedGateway, verb: str, word: str) -> None:
    gateway.approvals.append(PENDING)
    assert lamp("approval", verb, MINE).out == f"{word}: shell: rm -r build\n"
    assert gateway.asked[-1].body == {}
    answer = json.loads(lamp("approval", verb, MINE, "--note", "go on", "-o", "json").out)
    assert (answer["state"], answer["note"]) == (word.lower(), "go on")


def test_a_word_that_comes_too_late(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    refused = problem(409, "The approval was denied before by ada.")
    gateway.answers["POST", f"/api/v1/approvals/{MINE}/approve"] = refused
    ran = lamp("approval", "approve", MINE)
    assert (ran.code, ran.err) == (1, "error: The approval was denied before by ada.\n")


def at(second: int) -> str:
    return f"2026-03-02T09:00:{second:02}Z"


def step(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "attempt": 1, "number": number, "name": name, "started_at": at(number), "finished_at": at(number + 1),
        **fields,
    }  # fmt: skip


TEAM_RUN = RUN | {
    "smart": True,
    "status": "waiting_for_input",
    "environment": "far",
    "not_before": "2026-03-02T09:30:00Z",
    "choice": {
        "chosen": "worker", "how": "score", "reason": "it knows reports best",
        "candidates": [
            {"agent_id": "worker", "score": 0.9},
            {"agent_id": "sleeper", "removed_by": "inactive", "detail": "it is not active"},
            {"agent_id": "second", "score": 0.25},
        ],
    },
    "decisions": [
        {"action": "execution.start", "verdict": {}},
        {
            "action": "tool.call", "tool": "shell",
            "verdict": {"effect": "deny", "applied": [{"policy_id": "night", "rule": "quiet", "message": "not now"}]},
        },
        {
            "action": "tool.call", "tool": "http",
            "verdict": {"applied": [{"policy_id": "trial", "rule": "r", "dry_run": True}]},
        },
    ],
    "decisions_omitted": 4,
    "approvals": [
        PENDING,
        PENDING | {"id": f"{EXECUTION}-2", "state": "denied", "answered_by": "ada", "note": "no"},
    ],
    "effects": [{"name": "shell", "detail": "rm", "done": False}, {"name": "http", "detail": "POST x", "done": True}],
    "effects_omitted": 3,
    "usage": {"input_tokens": 1_000, "output_tokens": 234, "requests": 5, "tool_calls": 3, "cost": 0.12},
    "attempts": [
        {"attempt": 1, "worker": "w1", "started_at": at(1), "failed_at": at(2), "detail": "The model answered 503."},
        {"attempt": 2, "worker": "w2", "started_at": at(3)},
    ],
    "steps": [
        step(1, "ann", kind="member"),
        step(2, "shell", source="ann", arguments='{"a":1}', result="ok", usage={"input_tokens": 12}),
        step(3, "http", source="ann", failed=True, finished_at=None),
        step(4, "ben", kind="member"),
        step(5, "shell", source="ben"),
        step(6, "shell", source="cem"),
    ],
    "steps_omitted": 2,
}  # fmt: skip


def test_an_execution_tells_who_did_it_why_and_what_was_done(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    gateway.executions.append(TEAM_RUN)
    sheet = lamp("execution", "get", EXECUTION).out
    for text in (
        "agent/worker (smart)",
        "worker, by score: it knows reports best",
        "sleeper: inactive (it is not active)",
        "second: score 0.25",
        "deny shell: not now (night)",
        "allow http: rule 'r' (trial, dry run)",
        "5 more, not told here",
        "pending until 2026-03-02 10:00:00 UTC: shell: rm -r build",
        f"lamp approval approve {MINE}   (or deny)",
        "denied by ada, 'no': shell: rm -r build",
        "shell rm (begun, perhaps not done)",
        "... and 3 more",
        "1,234 tokens, 5 requests, 3 tool calls, $0.1200",
        "1: 2026-03-02 09:00:01 UTC on w1, ended 2026-03-02 09:00:02 UTC: The model answered 503.",
        "2: 2026-03-02 09:00:03 UTC on w2",
        "Tried again",
        "far",
    ):
        assert text in sheet, sheet
    assert sheet.count("lamp approval approve") == 1


def test_steps_are_a_tree_by_who_took_them() -> None:
    assert tree(TEAM_RUN) == [
        "ann (1.0 s)",
        '  shell {"a":1} -> ok (1.0 s, 12 tokens)',
        "  http (failed, not ended)",
        "ben (1.0 s)",
        "  shell (1.0 s)",
        "cem",
        "  shell (1.0 s)",
        "... and 2 more",
    ]


def test_steps_of_several_attempts_are_told_apart() -> None:
    steps = [step(1, "a"), step(1, "b", attempt=2, detail="x" * 500)]
    assert tree({"steps": steps})[:3] == ["attempt 1:", "  a (1.0 s)", "attempt 2:"]
    assert len(tree({"steps": steps})[3]) < 150


def test_a_live_log_says_when_it_stands_still(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    answered = PENDING | {"state": "approved", "answered_by": "ada", "note": "go on"}
    again = {"attempt": 1, "detail": "The model answered 503.", "not_before": "2026-03-02T09:30:00Z"}
    gateway.streams[EXECUTION] = [
        ("1-0", "status", {"status": "running", "worker": "w"}),
        ("2-1", "log", log(1, line(1, "one"))),
        ("3-1", "waiting", {"status": "waiting_for_input", "approvals": [PENDING]}),
        ("4-1", "answered", {"status": "queued", "approvals": [answered]}),
        ("5-1", "status", {"status": "running", "worker": "v", "resumed": True}),
        ("6-1", "retrying", {"status": "retrying", **again}),
        ("7-1", "decided", {"number": 1}),
        ("8-1", "end", {"status": "completed"}),
    ]
    ran = lamp("execution", "logs", "-f", EXECUTION)
    assert (ran.code, ran.out) == (0, "one\n")
    assert ran.err.splitlines() == [
        "It is parked until 2026-03-02 10:00:00 UTC, and waits for a word: shell: rm -r build",
        f"  lamp approval approve {MINE}   (or deny)",
        "Approved by ada (go on): shell: rm -r build",
        "It goes on as soon as a dispatcher takes it.",
        "It goes on, on v.",
        "Attempt 1 failed: The model answered 503.",
        "It is tried again: 2026-03-02 09:30:00 UTC",
    ]
