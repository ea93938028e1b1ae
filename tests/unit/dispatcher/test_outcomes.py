"""How a run went, for each way to end and each reason to be stopped."""

import signal

import pytest

from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_dispatcher.outcomes import (
    DETAIL_LIMIT,
    Broken,
    Ended,
    Exited,
    Fenced,
    Final,
    HandedBack,
    Killed,
    NotStarted,
    Outcome,
    StopReason,
    Waits,
    failed,
    of_member,
    outcome,
)

COMPLETED, FAILED, CANCELLED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED


@pytest.mark.parametrize(
    ("ended", "stopped", "status", "reason", "code"),
    [
        (Exited(0, "r"), None, COMPLETED, "", 0),
        (Exited(3, "r"), None, FAILED, "exit_code", 3),
        (Killed(11, "r"), None, FAILED, "exit_code", 139),
        (NotStarted("no such file"), None, FAILED, "start", None),
        (Broken("gone"), None, FAILED, "runner", None),
        # Nobody could ever answer.
        (Waits({"at": 1}, ()), None, FAILED, "runner", None),
        (Exited(0, "r"), StopReason.TIMEOUT, FAILED, "timeout", 0),
        (Killed(9, "r"), StopReason.TIMEOUT, FAILED, "timeout", 137),
        (Killed(15, "r"), StopReason.CANCEL, CANCELLED, "cancelled", 143),
        (Exited(0, "r"), StopReason.CANCEL, CANCELLED, "cancelled", 0),
    ],
)
def test_every_end_has_its_status_reason_and_exit_code(
    ended: Ended, stopped: StopReason | None, status: ExecutionStatus, reason: str, code: int | None
) -> None:
    final = outcome(ended, stopped, 60)
    assert isinstance(final, Final)
    assert (final.status, final.reason, final.exit_code) == (status, reason, code)
    assert final.result == ("r" if isinstance(ended, Exited | Killed) else "")
    assert bool(final.detail) is (status is not COMPLETED)


@pytest.mark.parametrize(
    ("stopped", "expected"),
    [
        (StopReason.SUPERSEDED, Fenced()),
        (StopReason.LEASE, Fenced()),
        (StopReason.SHUTDOWN, HandedBack()),
    ],
)
@pytest.mark.parametrize("ended", [Exited(0), Killed(9), Broken("x")])
def test_what_is_not_this_workers_to_end(ended: Ended, stopped: StopReason, expected: Outcome) -> None:
    assert outcome(ended, stopped, 60) == expected


@pytest.mark.parametrize(
    ("number", "word"),
    [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGXCPU, "processor time"), (99, "signal 99")],
)
def test_a_signal_is_named(number: int, word: str) -> None:
    final = outcome(Killed(number), None, 60)
    assert isinstance(final, Final)
    assert word in final.detail


def test_a_detail_is_bounded() -> None:
    assert len(failed("start", "x" * 5_000).detail) == DETAIL_LIMIT
    assert len(of_member(failed("start", "x" * 5_000), "a", 1, 2).detail) == DETAIL_LIMIT


def test_a_member_is_named() -> None:
    final = of_member(
        Final(ExecutionStatus.FAILED, "exit_code", "It ended with exit code 3.", 3), "writer", 2, 3
    )
    assert final.reason == "exit_code"
    assert final.detail == "The member 'writer', 2 of 3, did not complete. It ended with exit code 3."
