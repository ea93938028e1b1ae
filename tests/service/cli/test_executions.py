"""`lamp execution` against a gateway: lists, logs, and a live stream that breaks."""

import json
from typing import Any

import pytest

from lamplighter_cli import following
from lamplighter_cli.client import Client
from lamplighter_cli.connection import Connection
from lamplighter_cli.exits import Problem, Unreachable
from tests.support.command_line import CommandLine
from tests.support.scripted.gateway import EXECUTION, ScriptedGateway, problem

RUN = {
    "id": EXECUTION,
    "job_id": "daily-report-7f3a",
    "job_name": "Daily report",
    "agent_id": "worker",
    "status": "failed",
    "created_at": "2026-03-02T09:00:00Z",
    "started_at": "2026-03-02T09:00:01Z",
    "completed_at": "2026-03-02T09:01:06Z",
    "trigger": {"kind": "manual", "nominal_at": "2026-03-02T09:00:00Z", "triggered_by": "ci"},
    "attempts": [{"attempt": 1}],
    "reason": "exit_code",
    "detail": "It ended with exit code 3.",
    "exit_code": 3,
    "result": "last line",
}


def line(number: int, text: str, stream: str = "stdout", attempt: int = 1) -> dict[str, Any]:
    """As a page of the log has it; in a live event the attempt stands beside the lines."""
    at = "2026-03-02T09:00:02Z"
    return {"attempt": attempt, "number": number, "at": at, "stream": stream, "text": text, "source": ""}


def log(attempt: int, *lines: dict[str, Any]) -> dict[str, Any]:
    """The data of a live event."""
    return {"attempt": attempt, "lines": [{k: v for k, v in one.items() if k != "attempt"} for one in lines]}


def test_executions_are_listed_and_shown_one_by_one(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.executions.append(RUN)
    row = lamp(
        "execution", "list", "--status", "failed", "--agent", "worker", "--job", "j", "--limit", "5"
    ).out
    assert "daily-report-7f3a   agent/worker   failed" in row
    assert gateway.asked[-1].query == {"status": "failed", "agent_id": "worker", "job_id": "j", "limit": "5"}
    sheet = lamp("exec", "get", EXECUTION).out
    for text in (
        "Reason      It ended with exit code 3.",
        "1 min 5 s",
        "manual 2026-03-02 09:00:00 UTC by ci",
        "last line",
    ):
        assert text in sheet
    assert json.loads(lamp("executions", "get", EXECUTION, "-o", "json").out) == RUN
    assert lamp("exec", "get", "none").code == 3


@pytest.mark.parametrize("word", ["cancel", "stop", "abort", "kill"])
def test_a_cancel_tells_the_new_status_or_fails(
    lamp: CommandLine, gateway: ScriptedGateway, word: str
) -> None:
    assert lamp("execution", word, EXECUTION).out == f"Execution {EXECUTION} is cancelling\n"
    gateway.answers["POST", f"/api/v1/executions/{EXECUTION}/cancel"] = problem(409, "It is over.")
    assert lamp("execution", word, EXECUTION).code == 1


def test_logs_over_pages(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    head = {"execution_id": EXECUTION, "status": "completed"}
    gateway.log_pages += [
        {**head, "lines": [line(1, "one"), line(2, "two", "stderr")], "next": 1},
        {**head, "lines": [line(2, "two", "stderr"), line(3, "three")], "next": None},
    ]
    ran = lamp("execution", "logs", EXECUTION)
    assert (ran.code, ran.out, ran.err) == (0, "one\nthree\n", "two\n")
    document = json.loads(lamp("execution", "log", EXECUTION, "-o", "json", "--attempt", "1").out)
    assert (document["status"], document["next"], len(document["lines"])) == ("completed", None, 4)
    assert gateway.asked[-1].query == {"attempt": "1", "after": "1"}


LINES = 40
TEXTS = [f"line {number} with ümlauts and ✓" for number in range(1, LINES + 1)]


def live(status: str = "completed", **end: Any) -> list[tuple[str, str, Any]]:
    """Forty lines in twenty events, every fourth line on stderr."""
    events: list[tuple[str, str, Any]] = [("1-0", "status", {"status": "running"})]
    for first in range(0, LINES, 2):
        lines = [line(n + 1, TEXTS[n], "stderr" if n % 4 == 3 else "stdout") for n in range(first, first + 2)]
        events.append((f"1-{first + 2}", "log", log(1, *lines)))
    return [*events, (f"2-{LINES}", "end", {"status": status, **end})]


OUT = "".join(f"{text}\n" for n, text in enumerate(TEXTS) if n % 4 != 3)
ERR = "".join(f"{text}\n" for n, text in enumerate(TEXTS) if n % 4 == 3)


def test_follow_to_the_end(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.streams[EXECUTION] = live()
    ran = lamp("execution", "logs", "-f", EXECUTION)
    assert (ran.code, ran.out, ran.err) == (0, OUT, ERR)
    assert lamp.pauses == []


@pytest.mark.parametrize("cut", [*range(0, 6_000, 397), 14, 15, 16])
def test_a_stream_that_breaks_loses_and_doubles_nothing(
    lamp: CommandLine, gateway: ScriptedGateway, cut: int
) -> None:
    gateway.streams[EXECUTION] = live()
    gateway.cuts = [cut, cut, 700]
    ran = lamp("execution", "watch", "--follow", EXECUTION)
    assert (ran.code, ran.out, ran.err) == (0, OUT, ERR)
    resumed = [asked.headers["last-event-id"] for asked in gateway.asked[1:]]
    assert len(lamp.pauses) == len(resumed) > 0
    # It goes on where it was, instead of beginning again and leaving lines out.
    assert all(resumed) or cut < 100


def test_a_server_that_repeats_itself_is_not_repeated(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    events = live()
    gateway.streams[EXECUTION] = [*events[:6], *events[2:]]
    assert lamp("execution", "logs", "-f", EXECUTION).out == OUT


def test_lines_of_a_second_attempt_are_lines_of_their_own(
    lamp: CommandLine, gateway: ScriptedGateway
) -> None:
    gateway.streams[EXECUTION] = [
        ("1-1", "log", log(1, line(1, "first"), line(2, "second"))),
        ("1-2", "log", log(2, line(1, "again"))),
        ("2-2", "end", {"status": "completed"}),
    ]
    assert lamp("execution", "logs", "-f", EXECUTION).out == "first\nsecond\nagain\n"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_any_other_end_is_exit_code_1_and_said(
    lamp: CommandLine, gateway: ScriptedGateway, status: str
) -> None:
    gateway.streams[EXECUTION] = live(status, reason="exit_code", detail="It ended with exit code 3.")
    ran = lamp("execution", "logs", "-f", EXECUTION)
    assert (ran.code, ran.out) == (1, OUT)
    assert ran.err == f"{ERR}Execution {EXECUTION} {status}: It ended with exit code 3.\n"


def test_a_gap_is_shown(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gap = {"attempt": 1, "from_line": 3, "to_line": 9, "reason": "these lines were lost"}
    gateway.streams[EXECUTION] = [("1-1", "gap", gap), ("1-2", "end", {"status": "completed"})]
    assert (
        lamp("execution", "logs", "-f", EXECUTION).err == "Lines 3 to 9 are missing: these lines were lost\n"
    )


def test_follow_as_json_lines(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.streams[EXECUTION] = live()
    gateway.cuts = [900]
    ran = lamp("execution", "logs", "-f", EXECUTION, "-o", "json")
    events = [json.loads(text) for text in ran.out.splitlines()]
    assert [
        one["text"] for event in events if event["event"] == "log" for one in event["data"]["lines"]
    ] == TEXTS
    assert events[-1] == {"event": "end", "data": {"status": "completed"}}


def test_a_stream_that_does_not_come_back_is_given_up(gateway: ScriptedGateway) -> None:
    gateway.streams[EXECUTION] = live()
    gateway.cuts = [600, *[0] * 1_000]
    time = 0.0

    def sleep(seconds: float) -> None:
        nonlocal time
        time += seconds

    events = following.follow(Client(Connection(gateway.url, "t")), EXECUTION, sleep, lambda: time)
    with pytest.raises(Unreachable, match="did not come back"):
        list(events)
    assert following.PATIENCE_SECONDS < time < following.PATIENCE_SECONDS + 10


def test_a_refusal_while_it_comes_back_ends_it_at_once(gateway: ScriptedGateway) -> None:
    gateway.streams[EXECUTION] = live()
    gateway.cuts = [600]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        assert len(slept) == 1
        gateway.streams.clear()

    with pytest.raises(Problem, match="token"):
        list(following.follow(Client(Connection(gateway.url, "revoked")), EXECUTION, sleep))


def test_no_such_execution_is_no_stream_to_wait_for(lamp: CommandLine) -> None:
    assert lamp("execution", "logs", "-f", EXECUTION).code == 3
    assert lamp.pauses == []


def test_trigger_and_follow(lamp: CommandLine, gateway: ScriptedGateway) -> None:
    gateway.add_job("daily-report-7f3a")
    gateway.streams[EXECUTION] = live("failed")
    ran = lamp("job", "trigger", "daily-report-7f3a", "--follow")
    assert (ran.code, ran.out) == (1, OUT)
