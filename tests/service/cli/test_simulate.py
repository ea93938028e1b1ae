"""`lamp simulate`: the report for people, and for programs."""

import json
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway

JOB = "daily-report-7f3a"
REPORT: dict[str, Any] = {
    "from": "2026-03-02T00:00:00Z",
    "to": "2026-03-03T00:00:00Z",
    "jobs": 2,
    "occurrences": 28,
    "fired": 25,
    "skipped": {"overlap": 2, "excluded_date": 1},
    "load": {
        "bucket_seconds": 60,
        "peak": {"at": "2026-03-02T09:00:00Z", "count": 8},
        "buckets": [["2026-03-02T07:30:00Z", 1], ["2026-03-02T09:00:00Z", 8], ["2026-03-02T10:00:00Z", 4]],
    },
    "busiest_minutes": [
        {"at": "2026-03-02T09:00:00Z", "count": 8, "job_ids": [JOB, "hourly"]},
        {"at": "2026-03-02T07:30:00Z", "count": 1, "job_ids": ["hourly"]},
    ],
    "running_peak": {"at": "2026-03-02T09:05:00Z", "count": 3},
    "overlaps": [{"job_id": "hourly", "name": "Hourly", "count": 2, "first_at": "2026-03-02T10:00:00Z"}],
    "removed": [{"job_id": JOB, "name": "Daily report", "reason": "excluded_date", "count": 1}],
    "per_job": [
        {
            "job_id": "hourly",
            "name": "Hourly",
            "occurrences": 24,
            "fired": 22,
            "skipped": {"overlap": 2},
            "assumed_seconds": 90,
        }
    ],
    "took_seconds": 0.2,
}


@pytest.fixture(autouse=True)
def scripted(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *")
    gateway.report = REPORT


def test_a_report_for_people(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp("simulate", "--from", "2026-03-02", "--to", "2026-03-03")
    assert ran.code == 0, ran.err
    assert gateway.asked[-1].body == {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    lines = ran.out.splitlines()
    for line in (
        "Started        25",
        "Skipped        3 (overlap 2, excluded date 1)",
        "Most running   3, at 2026-03-02 09:05:00 UTC",
        "Starts in 1 min, the most in each 10 min",
        "Mon 2026-03-02 07:30   ##### 1",
        "Mon 2026-03-02 09:00   ######################################## 8",
        "Mon 2026-03-02 10:00   #################### 4",
        "Mon 2026-03-02 07:40",
        f"2026-03-02 09:00:00 UTC   8        {JOB}, hourly",
        "hourly   Hourly   2       2026-03-02 10:00:00 UTC",
        f"{JOB}   Daily report   excluded date   1",
        "hourly   Hourly   24    22        2         1 min 30 s",
    ):
        assert line in lines
    assert "2026-03-02 07:30:00 UTC   1" not in ran.out, "one start collides with none"


def test_it_begins_now_and_may_be_of_some_jobs(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    ran = lamp(
        "sim",
        "--to",
        "2026-03-03 01:00",
        "--timezone",
        "Europe/Berlin",
        "--job",
        "Daily report",
        "-o",
        "json",
    )
    assert json.loads(ran.out) == REPORT
    assert gateway.asked[-1].body == {
        "from": "2026-03-02T08:30:00Z",
        "to": "2026-03-03T00:00:00Z",
        "job_ids": [JOB],
    }
    assert lamp("simulate", "--to", "2026-03-03", "--job", "none").code == 3


def test_a_time_in_which_nothing_is_due(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    nothing = {"occurrences": 0, "fired": 0, "skipped": {}, "load": {"bucket_seconds": 60, "buckets": []}}
    lists = dict.fromkeys(("busiest_minutes", "overlaps", "removed", "per_job"), ())
    gateway.report = {**REPORT, **nothing, **lists, "running_peak": None}
    ran = lamp("simulate", "--to", "2026-03-03")
    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()[3:]] == [
        ["Due", "0"],
        ["Started", "0"],
        ["Skipped", "0"],
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Missing option '--to'"),
        (["--to", "later"], "Invalid value for '--to'"),
        (["--from", "-1d", "--to", "2026-03-03"], "Invalid value for '--from'"),
    ],
)
def test_wrong_arguments_ask_for_nothing(
    lamp: CommandLine, gateway: ScriptedGateway, arguments: list[str], problem: str
) -> None:
    ran = lamp("simulate", *arguments)
    assert (ran.code, ran.out, gateway.asked) == (2, "", [])
    assert problem in ran.err


def test_help_has_examples(lamp: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("simulate", "sim"):
        assert lamp(word, "--help").code == 0
        shown = capsys.readouterr().out
        assert shown.startswith("Usage: lamp simulate ")
        assert "Examples" in shown
