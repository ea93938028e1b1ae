"""The options of a job that say when it is due, and how they read again."""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway

JOB = "daily-report-7f3a"


@pytest.fixture(autouse=True)
def job(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["--every", "90s"], {"schedule": "@every 90s"}),
        (["--every", "90"], {"schedule": "@every 90s"}),
        (["--every", "1h30m"], {"schedule": "@every 90m"}),
        (["--every", "6h from 2026-01-01"], {"schedule": "@every 6h from 2026-01-01T00:00:00Z"}),
        (["--at", "2026-12-01T09:00:00+01:00"], {"schedule": "@at 2026-12-01T08:00:00Z"}),
        (["--at", "2026-12-01 09:00"], {"schedule": "@at 2026-12-01T09:00:00Z"}),
        (
            ["--at", "2026-12-01 09:00", "--timezone", "Europe/Paris"],
            {"schedule": "@at 2026-12-01 09:00", "timezone": "Europe/Paris"},
        ),
        (
            ["--at", "2026-12-01", "--schedule", "0 9 * * *", "--every", "2h"],
            {"schedules": ["0 9 * * *", "@every 2h", "@at 2026-12-01T00:00:00Z"]},
        ),
        (["--seconds", "--schedule", "0 0 9 * * *"], {"seconds": True, "schedule": "0 0 9 * * *"}),
        (["--overlap", "queue-one"], {"overlap": "queue_one"}),
        (["--overlap", "queue_all"], {"overlap": "queue_all"}),
        (["--max-running", "3", "--max-queued", "5"], {"max_running": 3, "max_queued": 5}),
        (["--concurrency-key", "payload.repository"], {"concurrency_key": "payload.repository"}),
        (["--missed", "ALL", "--missed-limit", "7"], {"missed": "all", "missed_limit": 7}),
        (
            ["--missed-window", "2h", "--missed-every", "1m"],
            {"missed_window_seconds": 7_200, "missed_every_seconds": 60},
        ),
        (
            ["--starts-at", "2026-12-01 09:00", "--ends-at", "2027-06-01", "--timezone", "Europe/Paris"],
            {
                "starts_at": "2026-12-01T08:00:00Z",
                "ends_at": "2027-05-31T22:00:00Z",
                "timezone": "Europe/Paris",
            },
        ),
        (["--max-runs", "10"], {"max_runs": 10}),
        (
            ["--exclude-date", "2026-12-25", "--exclude-date", "2026-12-31..2027-01-01"],
            {"exclude_dates": ["2026-12-25", "2026-12-31..2027-01-01"]},
        ),
        (["--blackout", "fri 18:00 - mon 06:00"], {"blackouts": ["fri 18:00 - mon 06:00"]}),
        (["--calendar", "holidays", "--calendar", "freeze"], {"calendars": ["holidays", "freeze"]}),
        (["--spread", "10m", "--jitter", "30s"], {"spread_seconds": 600, "jitter_seconds": 30}),
        (["--spread", "0"], {"spread_seconds": 0}),
        (["--timeout", "15m"], {"timeout_seconds": 900}),
        (["--timeout", "60"], {"timeout_seconds": 60}),
        (["--environment", "production"], {"environment": "production"}),
    ],
)
def test_every_option_is_a_field(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], body: dict[str, Any]
) -> None:
    ran = lamp("job", "update", JOB, *arguments)
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == body


CLEARED = {
    "--schedule": "schedule",
    "--every": "schedule",
    "--at": "schedule",
    "--timezone": "timezone",
    "--starts-at": "starts_at",
    "--ends-at": "ends_at",
    "--max-runs": "max_runs",
    "--exclude-date": "exclude_dates",
    "--blackout": "blackouts",
    "--calendar": "calendars",
    "--spread": "spread_seconds",
    "--jitter": "jitter_seconds",
    "--overlap": "overlap",
    "--max-running": "max_running",
    "--max-queued": "max_queued",
    "--concurrency-key": "concurrency_key",
    "--missed": "missed",
    "--missed-limit": "missed_limit",
    "--missed-window": "missed_window_seconds",
    "--missed-every": "missed_every_seconds",
    "--timeout": "timeout_seconds",
    "--variable": "variables",
    "--environment": "environment",
}


@pytest.mark.parametrize(("option", "field"), CLEARED.items())
def test_an_empty_value_takes_a_setting_away(
    lamp: CommandLine, gateway: ScriptedGateway, option: str, field: str
) -> None:
    ran = lamp("job", "update", JOB, option, "")
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {field: None}


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--every", "soon", "'soon' is not a span"),
        ("--every", "0s", "is no time at all"),
        ("--every", "6h from noon", "'noon' is not a time"),
        ("--at", "tomorrow", "'tomorrow' is not a time"),
        ("--starts-at", "09:00", "'09:00' is not a time"),
        ("--ends-at", "2026-13-01", "is not a time"),
        ("--spread", "-10m", "'-10m' is not a span"),
        ("--jitter", "1.5h", "is not a span"),
        ("--missed-window", "two hours", "is not a span"),
        ("--missed-every", "1x", "is not a span"),
        ("--timeout", "-1", "is not a span"),
        ("--max-runs", "-1", "'-1' is not a whole number of 1 or more"),
        ("--max-running", "0", "is not a whole number"),
        ("--max-queued", "many", "is not a whole number"),
        ("--missed-limit", "1.5", "is not a whole number"),
        ("--seconds", "perhaps", "is neither true nor false"),
        ("--enabled", "", "is neither true nor false"),
    ],
)
@pytest.mark.parametrize(
    "verb", [["create", "--name", "x", "--prompt", "p", "--agent", "a"], ["update", JOB]]
)
def test_what_cannot_be_read_is_refused_before_it_asks(
    lamp: CommandLine, gateway: ScriptedGateway, verb: list[str], option: str, value: str, problem: str
) -> None:
    ran = lamp("job", *verb, f"{option}={value}")
    assert (ran.code, ran.out, gateway.asked) == (2, "", [])
    assert ran.err.startswith(f"error: Invalid value for '{option}': ")
    assert problem in ran.err
    assert ran.err.count("\n") == 1


def test_a_time_is_of_this_machine_unless_it_says_more(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp.zone = ZoneInfo("Asia/Tokyo")
    times = ("--at", "2026-12-01 09:00", "--starts-at", "2026-12-01T09:00:00Z")
    lamp("job", "create", "--name", "x", "--prompt", "p", "--agent", "a", *times)
    assert gateway.asked[-1].body["schedule"] == "@at 2026-12-01T00:00:00Z"
    assert gateway.asked[-1].body["starts_at"] == "2026-12-01T09:00:00Z"


@pytest.mark.parametrize(
    ("schedule", "until"), [("0 9 * * *", "2026-12-01T08:00:00Z"), (None, "2026-12-01T00:00:00Z")]
)
def test_a_time_about_a_job_is_of_its_schedule(
    lamp: CommandLine, gateway: ScriptedGateway, schedule: str | None, until: str
) -> None:
    lamp.zone = ZoneInfo("Asia/Tokyo")
    gateway.add_job("poll-19ab", name="Poll", schedule=schedule, timezone="Europe/Berlin")
    lamp("job", "pause", "poll-19ab", "--until", "2026-12-01 09:00")
    assert gateway.asked[-1].body == {"until": until}
    lamp("job", "update", "poll-19ab", "--ends-at", "2026-12-01 09:00")
    assert gateway.asked[-1].body == {"ends_at": until}
    lamp("job", "update", "poll-19ab", "--ends-at", "2026-12-01T09:00:00+09:00")
    assert gateway.asked[-1].body == {"ends_at": "2026-12-01T00:00:00Z"}


def test_a_time_about_a_deleted_job_is_of_this_machine(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    lamp.zone = ZoneInfo("Asia/Tokyo")
    lamp("job", "why", "gone-19ab", "--at", "2026-12-01 09:00")
    assert {"at": "2026-12-01T00:00:00Z"} in [asked.query for asked in gateway.asked]


def test_a_time_needs_a_zone_that_is_known_here(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("job", "update", JOB, "--starts-at", "2026-12-01 09:00", "--timezone", "Mars/Olympus")
    assert (ran.code, gateway.asked) == (2, [])
    assert "--timezone 'Mars/Olympus' is not a time zone" in ran.err
    assert "--starts-at" in ran.err


def test_options_replace_the_schedules_of_a_file(
    lamp: CommandLine, gateway: ScriptedGateway, tmp_path: Path
) -> None:
    file = tmp_path / "job.json"
    document = {
        "name": "x",
        "prompt": "p",
        "agent_id": "a",
        "timezone": "Asia/Tokyo",
        "cron_schedule": "0 1 * * *",
    }
    file.write_text(json.dumps({**document, "schedules": ["0 1 * * *", "0 2 * * *"]}))
    ran = lamp("job", "create", "--file", str(file), "--at", "2026-12-01 09:00", "--ends-at", "2027-01-01")
    assert ran.code == 0, ran.err
    body = gateway.asked[-1].body
    assert body["schedule"] == "@at 2026-12-01 09:00"
    assert body["ends_at"] == "2026-12-31T15:00:00Z", "the file says which zone a time is read in"
    assert not {"schedules", "cron_schedule"} & body.keys()


def test_what_is_as_always_is_not_told(lamp: CommandLine) -> None:
    sheet = lamp("job", "get", JOB).out
    for label in ("Overlap", "Missed", "Window", "Not on", "Spread", "Paused", "Environment"):
        assert label not in sheet
    assert "In words    At 09:00" in sheet
    assert "Next runs   2026-03-02 10:00:00 CET = 2026-03-02 09:00:00 UTC" in sheet


def test_what_is_said_is_told_in_words(lamp: CommandLine) -> None:
    ran = lamp(
        *("job", "update", JOB, "--overlap", "queue-all", "--max-running", "2", "--max-queued", "9"),
        *("--concurrency-key", "payload.repo", "--missed", "all", "--missed-limit", "5"),
        *("--missed-window", "1d", "--missed-every", "90s"),
        *("--starts-at", "2026-12-01", "--ends-at", "2027-06-01"),
        *("--max-runs", "10", "--exclude-date", "2026-12-25", "--blackout", "fri 18:00 - mon 06:00"),
        *("--calendar", "holidays", "--spread", "10m", "--jitter", "30s"),
    )
    assert ran.code == 0, ran.err
    for line in (
        "Overlap     queue-all, at most 2 running, at most 9 waiting, apart by payload.repo",
        "Missed      all, the latest 5, up to 1 d late, one in each 1 min 30 s",
        "Window      from 2026-11-30 23:00:00 UTC, until 2027-05-31 22:00:00 UTC, at most 10 runs",
        "Not on      2026-12-25",
        "            fri 18:00 - mon 06:00",
        "            calendar holidays",
        "Spread      at its own place within 10 min, at any place within 30 s",
    ):
        assert line in ran.out.splitlines()


def test_help_is_in_groups(lamp: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert lamp("job", "create", "--help").code == 0
    shown = capsys.readouterr().out
    titles = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        "Options:",
        "Who does it:",
        "What its runs get, and what they may use:",
        "When an attempt fails:",
        "What comes to its webhook:",
        "When it is due:",
        "When it is due while it runs:",
        "When it could not start in time:",
    ]
    assert all(len(line) <= 100 for line in shown.splitlines())
