"""`lamp job next`, `why` and `occurrences`: what comes, and what became of what came."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import EXECUTION, ScriptedGateway

JOB = "daily-report-7f3a"
SENTENCE = "It did not run at 09:00 on 23 November, as the execution before still ran; it waits for none."


def firing(at: str, local: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "local": local, "effective_at": None, "note": "", "removed": None, **more}


@pytest.fixture(autouse=True)
def scripted(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *", timezone="America/New_York")
    gateway.explanation = {"sentence": SENTENCE, "outcome": "skipped", "occurrence": None, "next": None}
    gateway.firings = [
        firing("2026-10-31T13:00:00Z", "2026-10-31T09:00:00-04:00"),
        firing("2026-11-01T14:00:00Z", "2026-11-01T09:00:00-05:00"),
    ]


def test_a_jobs_next_firings_are_a_table_of_both_times(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "next", JOB)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "At 09:00",
        "",
        "LOCAL TIME                       UTC",
        "Sat 2026-10-31 09:00:00 -04:00   2026-10-31 13:00:00",
        "Sun 2026-11-01 09:00:00 -05:00   2026-11-01 14:00:00",
    ]
    assert gateway.asked[-1].path == f"/api/v1/jobs/{JOB}/next"
    assert gateway.asked[-1].query == {"n": "10"}


def test_so_many_as_are_asked_for(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert len(json.loads(lamp("job", "next", "Daily report", "-n", "1", "-o", "json").out)["firings"]) == 1
    for wrong in ("0", "-3", "101", "x"):
        ran = lamp("job", "next", JOB, "-n", wrong)
        assert (ran.code, "'-n'" in ran.err) == (2, True), ran.err
    assert gateway.asked[-1].query == {"n": "1"}


def test_what_is_special_about_a_firing_has_a_column(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    removed = {"reason": "excluded_date", "detail": "2026-12-25"}
    gateway.firings = [
        firing(
            "2026-11-01T06:30:00Z",
            "2026-11-01T01:30:00-05:00",
            effective_at="2026-11-01T06:33:12Z",
            note="The clocks repeat this hour: it runs once.",
        ),
        firing("2026-12-25T04:59:00Z", "2026-12-24T23:59:00-05:00", effective_at="2026-12-25T05:01:00Z"),
        firing("2026-12-25T14:00:00Z", "2026-12-25T09:00:00-05:00", removed=removed),
    ]
    titles, first, second, third = lamp("job", "upcoming", JOB).out.splitlines()[2:]
    assert [title.strip() for title in titles.split("   ") if title.strip()] == [
        "LOCAL TIME",
        "UTC",
        "STARTS",
        "NOTE",
    ]
    assert first.endswith("01:33:12              The clocks repeat this hour: it runs once.")
    assert "2026-12-25 00:01:00" in second
    assert third.endswith("does not run, excluded date: 2026-12-25")


def test_a_job_that_is_not_due_any_more(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.firings.clear()
    ran = lamp("job", "next", JOB)
    assert (ran.code, ran.out, ran.err) == (0, "At 09:00\n", "It is not due any more.\n")


def test_a_schedule_is_tried_before_it_is_saved(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        *("job", "next", "--schedule", "0 9 * * *", "--timezone", "Europe/Paris", "-n", "3"),
        *("--starts-at", "2026-12-01", "--blackout", "sat 00:00 - mon 00:00", "--calendar", "holidays"),
        *("--exclude-date", "2026-12-25", "--spread", "10m", "--jitter", "1m", "--max-runs", "5"),
        *("--ends-at", "2027-01-01T00:00:00Z", "--environment", "production", "--seconds=false"),
    )
    assert ran.code == 0, ran.err
    asked = gateway.asked[-1]
    assert (asked.method, asked.path) == ("POST", "/api/v1/schedules/preview")
    assert asked.body == {
        "schedule": "0 9 * * *",
        "timezone": "Europe/Paris",
        "seconds": False,
        "starts_at": "2026-11-30T23:00:00Z",
        "ends_at": "2027-01-01T00:00:00Z",
        "max_runs": 5,
        "exclude_dates": ["2026-12-25"],
        "blackouts": ["sat 00:00 - mon 00:00"],
        "calendars": ["holidays"],
        "environment": "production",
        "spread_seconds": 600,
        "jitter_seconds": 60,
        "n": 3,
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "name a JOB, or a schedule to try"),
        (["--timezone", "UTC"], "name a JOB, or a schedule to try"),
        (["--schedule", ""], "name a JOB, or a schedule to try"),
        ([JOB, "--every", "2h"], "a JOB has its own schedule"),
        (["--every", "2x"], "Invalid value for '--every'"),
    ],
)
def test_a_job_or_a_schedule_and_not_both(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], sentence: str
) -> None:
    ran = lamp("job", "next", *arguments)
    assert (ran.code, gateway.asked) == (2, [])
    assert sentence in ran.err


def test_why_is_a_sentence(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert (lamp("job", "why", JOB).out, gateway.asked[-1].query) == (f"{SENTENCE}\n", {})
    ran = lamp("job", "why", JOB, "--at", "2026-11-23 09:00", "--timezone", "America/New_York")
    assert (ran.code, ran.out) == (0, f"{SENTENCE}\n")
    assert gateway.asked[-1].query == {"at": "2026-11-23T14:00:00Z"}
    whole = json.loads(lamp("job", "explain", JOB, "-o", "json").out)
    assert (whole["job_id"], whole["outcome"]) == (JOB, "skipped")


def test_a_sentence_is_broken_at_words_on_a_terminal(
    lamp: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = lamp("job", "why", JOB, terminal=True).out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= 40
    assert " ".join(lines) == SENTENCE


def test_the_ledger_is_asked_for_a_range_and_outcomes(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.occurrences.append(
        {
            "trigger": {"kind": "schedule", "nominal_at": "2026-03-02T09:00:00Z"},
            "outcome": "missed",
            "reason": "missed",
            "detail": "",
            "count": 3,
            "first_at": "2026-02-28T09:00:00Z",
            "execution_id": EXECUTION,
        }
    )
    ran = lamp(
        *("job", "occurrences", JOB, "--from", "2026-02-01", "--to", "2026-03-01 12:00", "--limit", "5"),
        *("--outcome", "missed,skipped", "--outcome", "blocked", "--timezone", "Europe/Berlin"),
    )
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].query == {
        "from": "2026-01-31T23:00:00Z",
        "until": "2026-03-01T11:00:00Z",
        "outcome": "missed,skipped,blocked",
        "limit": "5",
    }
    assert ran.out.splitlines()[1] == (
        "2026-03-02 09:00:00 UTC   schedule   missed    3 times since 2026-02-28 09:00:00 UTC   -"
    )
    gateway.occurrences.clear()
    assert lamp("job", "ledger", JOB, "--outcome", "missed").err == "Nothing of the kind was due.\n"
    assert lamp("job", "occurrences", JOB, "-o", "json").out == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["why", JOB, "--at", "noon"],
        ["occurrences", JOB, "--from", "noon"],
        ["occurrences", JOB, "--to", ""],
        ["occurrences", JOB, "--limit", "-1"],
    ],
)
def test_a_time_that_cannot_be_read_is_refused(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str]
) -> None:
    ran = lamp("job", *arguments)
    assert (ran.code, ran.out, gateway.asked) == (2, "", [])
    assert f"Invalid value for '{arguments[2]}'" in ran.err
