"""`lamp job pause` and `resume`, and how a pause shows."""

import json

import pytest

from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import ScriptedGateway

JOB = "daily-report-7f3a"
WORDS = "until 2026-03-05 08:00:00 UTC: moving the database"


@pytest.fixture(autouse=True)
def job(gateway: ScriptedGateway) -> None:
    gateway.add_job(JOB, name="Daily report", schedule="0 9 * * *", timezone="Europe/Berlin")


@pytest.fixture
def paused(lamp: CommandLine) -> None:
    ran = lamp(
        *("job", "pause", JOB, "--until", "2026-03-05 09:00", "--timezone", "Europe/Berlin"),
        *("--note", "moving the database"),
    )
    assert ran.out == f"Paused job {JOB} {WORDS}. Undo: lamp job resume {JOB}\n"


@pytest.mark.usefixtures("paused")
def test_a_pause_has_an_end_and_a_note(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert gateway.asked[-1].path == f"/api/v1/jobs/{JOB}/pause"
    assert gateway.asked[-1].body == {"until": "2026-03-05T08:00:00Z", "note": "moving the database"}
    titles, row = lamp("job", "list").out.splitlines()
    assert titles.endswith("   PAUSED")
    assert row.endswith(f"   {WORDS}")
    (line,) = (line for line in lamp("job", "get", JOB).out.splitlines() if line.startswith("Paused"))
    assert line.endswith(f"   since 2026-03-02 08:30:00 UTC by cli, {WORDS}")


@pytest.mark.usefixtures("paused")
def test_a_pause_that_is_over_is_not_told(lamp: CommandLine) -> None:
    assert "next run 2026-03-02 09:00:00 UTC" in lamp("job", "resume", JOB).out
    assert "PAUSED" not in lamp("job", "list").out
    assert "Paused" not in lamp("job", "get", JOB).out


def test_a_bare_pause_sends_nothing(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    assert "until it is resumed" in lamp("job", "pause", JOB).out
    assert gateway.asked[-1].body is None
    assert "PAUSED" not in lamp("job", "list").out
    assert "Paused " in lamp("job", "get", JOB).out
    assert json.loads(lamp("job", "resume", JOB, "-o", "json").out)["enabled"] is True
    assert gateway.asked[-1].path.endswith("/resume")


@pytest.mark.parametrize("until", ["", "later"])
def test_a_pause_without_a_readable_end_is_not_made(
    lamp: CommandLine, gateway: ScriptedGateway, until: str
) -> None:
    ran = lamp("job", "pause", JOB, "--until", until)
    assert (ran.code, gateway.asked) == (2, [])
    assert "Invalid value for '--until'" in ran.err


def test_a_pause_whose_end_is_over_is_not_told(lamp: CommandLine) -> None:
    lamp("job", "pause", JOB, "--until", "2026-03-02 08:00", "--note", "done by now")
    assert "PAUSED" not in lamp("job", "list").out
    assert "Paused" not in lamp("job", "get", JOB).out
