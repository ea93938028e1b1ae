"""`lamp smart` against a gateway."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import Reply, ScriptedGateway

CHOICE = {
    "chosen": "db-admin",
    "how": "score",
    "reason": "'db-admin' takes it: it shares the words 'backups' with the prompt.",
    "candidates": [
        {
            "agent_id": "db-admin",
            "removed_by": None,
            "text": 4.2,
            "relevance": 1.0,
            "load": 0.5,
            "score": 0.95,
            "matched": ["backups", "postgresql"],
        },
        {
            "agent_id": "cluster",
            "removed_by": "queue",
            "detail": "works on the queue 'far', which no worker serves now",
            "text": 0.0,
            "load": 0.0,
            "score": 0.0,
            "matched": [],
        },
    ],
}
REPLAY = {
    "decisions": [
        {
            "execution_id": "e2",
            "job_id": "triage",
            "at": "2026-03-01T12:00:00Z",
            "was": "writer",
            "would_be": "db-admin",
            "same": False,
            "outcome": "failed",
        },
        {
            "execution_id": "e1",
            "job_id": "triage",
            "at": "2026-03-01T11:00:00Z",
            "was": None,
            "would_be": None,
            "same": True,
            "outcome": "blocked",
        },
    ],
    "total": 2,
    "changed": 1,
}


@pytest.fixture(autouse=True)
def scripted(gateway: ScriptedGateway) -> None:
    gateway.answers["POST", "/api/v1/smart/explain"] = Reply(200, CHOICE)
    gateway.answers["GET", "/api/v1/smart/replay"] = Reply(200, REPLAY)


def test_a_choice_is_a_table_and_a_sentence(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("smart", "explain", "Run the backups")

    head, first, second, empty, sentence = ran.out.splitlines()
    assert head.split() == ["AGENT", "SCORE", "TEXT", "LOAD", "MATCHES", "REMOVED", "BY", "WHY"]
    assert first.split() == ["db-admin", "0.95", "4.2", "0.5", "backups,", "postgresql", "-", "-"]
    assert second.split()[:5] == ["cluster", "-", "0.0", "-", "-"]
    assert "no worker for its queue   works on the queue 'far', which no worker serves now" in second
    assert (empty, sentence) == ("", CHOICE["reason"])
    assert gateway.asked[-1].body == {"prompt": "Run the backups", "trigger": "manual"}


def test_all_that_a_choice_depends_on(lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Look into it\n")

    lamp(
        *("smart", "explain", f"@{prompt}", "--capability", "helm", "--capability", "sql"),
        *("--environment", "lab", "--fallback", "writer", "--webhook"),
    )

    assert gateway.asked[-1].body == {
        "prompt": "Look into it",
        "capabilities": ["helm", "sql"],
        "environment": "lab",
        "fallback_agent_id": "writer",
        "trigger": "webhook",
    }


def test_a_program_gets_the_choice_as_it_came(lamp: CommandLine) -> None:
    assert json.loads(lamp("smart", "explain", "x", "-o", "json").out) == CHOICE


def test_without_agents(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    nobody = {"chosen": "", "reason": "Nobody takes it: there is no agent.", "candidates": []}
    gateway.answers["POST", "/api/v1/smart/explain"] = Reply(200, nobody)

    ran = lamp("smart", "explain", "x")

    assert ran.out == "Nobody takes it: there is no agent.\n"
    assert "lamp agent create --help" in ran.err


def test_the_past_beside_today(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("smart", "replay")

    head, first, second, _, last = ran.out.splitlines()
    assert head.split() == ["AT", "JOB", "EXECUTION", "WAS", "WOULD", "BE", "SAME", "OUTCOME"]
    assert first.split() == [
        *("2026-03-01", "12:00:00", "UTC", "triage", "e2", "writer", "db-admin", "no", "failed")
    ]
    assert second.split()[5:] == ["nobody", "nobody", "yes", "blocked"]
    assert last == "1 of 2 would go to another today."
    assert gateway.asked[-1].query == {"since": "2026-02-23T08:30:00Z"}


@pytest.mark.parametrize(
    ("given", "since"),
    [
        ("30d", "2026-01-31T08:30:00Z"),
        ("1h30m", "2026-03-02T07:00:00Z"),
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z"),
    ],
)
def test_since_is_a_span_or_a_moment(
    lamp: CommandLine, gateway: ScriptedGateway, given: str, since: str
) -> None:
    assert lamp("smart", "replay", "--since", given, "--limit", "7").code == 0
    assert gateway.asked[-1].query == {"since": since, "limit": "7"}


def test_a_since_that_is_neither(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("smart", "replay", "--since", "lately")

    assert (ran.code, gateway.asked) == (2, [])
    assert "'lately' is neither a span such as 7d nor a time such as 2026-12-01 09:00" in ran.err


def test_of_one_job_by_its_name(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    job = gateway.add_job("triage-1")

    assert lamp("smart", "replay", "--job", job.name).code == 0
    assert gateway.asked[-1].query["job_id"] == "triage-1"


def test_where_nothing_ran(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.answers["GET", "/api/v1/smart/replay"] = Reply(200, {"decisions": [], "total": 0, "changed": 0})

    ran = lamp("smart", "replay")

    assert (ran.out, ran.err) == ("", "No smart job ran since then.\n")
