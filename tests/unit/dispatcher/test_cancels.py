"""What a request to cancel finds, and what it does."""

from datetime import UTC, datetime

import pytest

from lamplighter_contracts.control import CancelRequest
from lamplighter_contracts.executions import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
)
from lamplighter_dispatcher.cancels import Answer, Write, on_cancel
from lamplighter_dispatcher.claims import Seen

NOW = datetime(2026, 7, 1, tzinfo=UTC)
REQUEST = CancelRequest(execution_id="e", job_id="j", requested_by="Ann")
WHO = {"execution_id": "e", "job_id": "j", "attempt": 2}


def test_one_that_nobody_claimed_ends_here() -> None:
    write = on_cancel(REQUEST, None, NOW)
    assert isinstance(write, Write)
    assert isinstance(write.event, ExecutionFinished)
    assert (write.event.outcome, write.event.attempt, write.expected, write.tell) == (
        "cancelled",
        0,
        0,
        False,
    )
    assert "Ann" in write.event.detail
    assert write.event.gated
    assert (write.reply.outcome, write.reply.status) == ("accepted", ExecutionStatus.CANCELLED)


@pytest.mark.parametrize("gated", [True, False])
def test_one_that_runs_is_told(gated: bool) -> None:
    started = ExecutionStarted(worker="w", started_at=NOW, gated=gated, **WHO)
    write = on_cancel(REQUEST, Seen(7, started), NOW)
    assert isinstance(write, Write)
    assert isinstance(write.event, ExecutionCancelling)
    assert (write.event.worker, write.event.attempt, write.event.gated) == ("w", 2, gated)
    assert (write.expected, write.tell, write.reply.outcome) == (7, True, "accepted")


def test_one_that_is_cancelled_already_is_told_again() -> None:
    event = ExecutionCancelling(worker="w", requested_at=NOW, requested_by="Bob", **WHO)
    answer = on_cancel(REQUEST, Seen(8, event), NOW)
    assert isinstance(answer, Answer)
    assert answer.tell
    assert answer.reply.outcome == "accepted"


@pytest.mark.parametrize("final", [s for s in ExecutionStatus if s.is_final])
def test_one_that_is_over_stays_as_it_is(final: ExecutionStatus) -> None:
    event = ExecutionFinished(outcome=final, finished_at=NOW, **WHO)
    answer = on_cancel(REQUEST, Seen(8, event), NOW)
    assert isinstance(answer, Answer)
    assert (answer.tell, answer.reply.outcome, answer.reply.status) == (False, "finished", final)
