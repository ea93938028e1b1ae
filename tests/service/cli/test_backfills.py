"""`lamp job catchup`, `lamp job backfill` and `lamp backfill`: running what was due in the past."""

import json

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway

JOB = "daily-report-7f3a"
RANGE = ("--from", "2026-02-01", "--to", "2026-02-14T09:00:00Z")
OVERDUE = "The scheduler starts the latest of 3 and records 2 as missed."
RECORDED = "2 were recorded as missed."


@pytest.fixture(autouse=True)
def scripted(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *")
    gateway.firings = [
        {
            "at": f"2026-02-{day:02}T09:00:00Z",
            "local": f"2026-02-{day:02}T09:00:00+00:00",
            "removed": {"reason": "calendar", "detail": "holidays"} if day == 2 else None,
        }
        for day in range(1, 15)
    ]
    gateway.plan = {
        "overdue": {
            "fire": [{"at": "2026-03-02T08:00:00Z", "starts_at": "2026-03-02T08:31:00Z"}],
            "missed": 2,
            "sentence": OVERDUE,
        },
        "recorded": {
            "fire": [{"at": "2026-02-27T09:00:00Z"}, {"at": "2026-02-28T09:00:00Z"}],
            "count": 2,
            "sentence": RECORDED,
        },
    }


def methods(gateway: ScriptedGateway) -> list[str]:
    return [asked.method for asked in gateway.asked]


def test_a_plan_has_both_parts_and_starts_nothing(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "catchup", JOB, "--plan", "--limit", "5", "--within", "2d")
    assert ran.code == 0, ran.err
    for line in (
        OVERDUE,
        "2026-03-02 08:00:00 UTC   2026-03-02 08:31:00 UTC",
        RECORDED,
        "2026-02-27 09:00:00 UTC",
    ):
        assert line in ran.out.splitlines()
    assert methods(gateway) == ["GET"]
    assert gateway.asked[-1].query == {"limit": "5", "within_seconds": "172800"}
    whole = json.loads(lamp("job", "catch-up", JOB, "--plan", "-o", "json").out)
    assert whole["recorded"]["count"] == 2


def test_catching_up_shows_the_plan_and_asks_first(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    no = lamp("job", "catchup", JOB, terminal=True, stdin="n\n")
    assert (no.code, methods(gateway)) == (1, ["GET"])
    assert RECORDED in no.out
    assert f"Run 2 missed of {JOB}? [y/N]" in no.err
    assert "nothing was started" in no.err
    yes = lamp("job", "catchup", JOB, "--limit", "2", "--max-parallel", "3", terminal=True, stdin="y\n")
    assert yes.code == 0, yes.err
    assert gateway.asked[-1].body == {"limit": 2, "max_parallel": 3}
    assert f"Backfill backfill-1 runs 2 of {JOB}" in yes.out
    assert "lamp execution list --backfill backfill-1" in yes.out


def test_without_a_terminal_catching_up_needs_a_word(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "catchup", JOB)
    assert (ran.code, ran.out, gateway.asked) == (2, "", [])
    assert "--yes" in ran.err
    answer = json.loads(lamp("job", "catchup", "Daily report", "--yes", "--within", "90m", "-o", "json").out)
    assert (answer["backfill_id"], answer["total"]) == ("backfill-1", 2)
    assert gateway.asked[-1].path == f"/api/v1/jobs/{JOB}/catchup"
    assert gateway.asked[-1].body == {"within_seconds": 5_400}


def test_where_nothing_was_missed_nothing_is_started(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.plan["recorded"] = {"fire": [], "count": 0, "sentence": "Nothing was recorded as missed."}
    ran = lamp("job", "catchup", JOB, "--yes")
    assert (ran.code, methods(gateway)) == (0, ["GET"])
    assert ran.out.endswith("nothing to run.\n")
    answer = json.loads(lamp("job", "catchup", JOB, "--yes", "-o", "json").out)
    assert answer == {"job_id": JOB, "backfill_id": None, "total": 0}


def test_a_backfill_tells_what_it_runs_and_how_to_watch_and_end_it(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    ran = lamp("job", "backfill", JOB, *RANGE, "--max-parallel", "3", "--timezone", "Europe/Berlin")
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {
        "from": "2026-01-31T23:00:00Z",
        "to": "2026-02-14T09:00:00Z",
        "max_parallel": 3,
    }
    lines = ran.out.splitlines()
    assert lines[0] == f"Backfill backfill-1 runs 14 firings of {JOB}, 3 at a time."
    assert lines[3].startswith("Sun 2026-02-01 09:00:00 +00:00   2026-02-01 09:00:00")
    assert lines[4].endswith("does not run, calendar: holidays")
    assert lines[13] == "... and 4 more"
    assert lines[-3:] == [
        "Watch it    lamp backfill get backfill-1",
        "Its runs    lamp execution list --backfill backfill-1",
        "Cancel it   lamp backfill cancel backfill-1",
    ]


def test_a_rehearsed_backfill_starts_nothing(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "backfill", JOB, *RANGE, "--dry-run")
    assert ran.out.startswith(f"A backfill would run 14 firings of {JOB}, 1 at a time.\n")
    assert "lamp backfill" not in ran.out
    assert gateway.asked[-1].body["dry_run"] is True
    assert gateway.backfills == []
    whole = json.loads(lamp("job", "backfill", JOB, *RANGE, "--dry-run", "-o", "json").out)
    assert len(whole["firings"]) == 14


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["backfill", JOB, "--from", "2026-02-01"], "a backfill needs --to"),
        (["backfill", JOB], "a backfill needs --from and --to"),
        (["backfill", JOB, "--from", "noon", "--to", "2026-02-01"], "Invalid value for '--from'"),
        (["backfill", JOB, *RANGE, "--max-parallel", "-1"], "Invalid value for '--max-parallel'"),
        (["catchup", JOB, "--plan", "--limit", "-1"], "-1 is not a whole number of 1 or more"),
        (["catchup", JOB, "--plan", "--within", "2x"], "Invalid value for '--within'"),
    ],
)
def test_wrong_arguments_ask_for_nothing(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], problem: str
) -> None:
    ran = lamp("job", *arguments)
    assert (ran.code, ran.out, gateway.asked) == (2, "", [])
    assert problem in ran.err


def test_backfills_are_listed_shown_and_cancelled(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert lamp("backfill", "list", "-o", "json").out == "[]\n"
    lamp("job", "backfill", JOB, *RANGE)
    row = lamp("backfills", "ls", "--job", "Daily report", "--limit", "5").out.splitlines()[1]
    assert gateway.asked[-1].query == {"job_id": JOB, "limit": "5"}
    assert row.startswith(f"backfill-1   {JOB}   started   2026-02-01 00:00:00 UTC")
    assert row.endswith("14      1 completed, 13 running")
    sheet = lamp("backfill", "get", "backfill-1").out
    for text in ("Requested    2026-03-02 08:30:00 UTC by cli", "At a time    1", "Fired        14"):
        assert text in sheet
    assert lamp("backfill", "cancel", "backfill-1").out == "Backfill backfill-1 is being cancelled\n"
    assert json.loads(lamp("backfill", "get", "backfill-1", "-o", "json").out)["phase"] == "cancelled"
    assert lamp("backfill", "get", "none").code == 3
    assert lamp("backfill", "kill", "none", "-o", "json").code == 3
    assert lamp("backfill", "list", "--job", "none").code == 3


def test_executions_of_a_backfill(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.executions.append(
        {
            "id": "run-1",
            "job_id": JOB,
            "status": "completed",
            "trigger": {
                "kind": "backfill",
                "nominal_at": "2026-02-01T09:00:00Z",
                "backfill_id": "backfill-1",
            },
        }
    )
    assert lamp("execution", "list", "--backfill", "backfill-1").code == 0
    assert gateway.asked[-1].query == {"backfill_id": "backfill-1", "limit": "20"}
    assert "Backfill    backfill-1" in lamp("execution", "get", "run-1").out
