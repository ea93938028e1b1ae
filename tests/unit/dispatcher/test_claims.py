"""Whose an execution is, for each state that its due event can find it in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
)
from lamplighter_dispatcher.claims import (
    UNTOUCHED,
    Close,
    Decision,
    Hold,
    Leave,
    Over,
    Seen,
    Start,
    hold,
    on_lost_claim,
    on_redelivery,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
WHO = {"execution_id": "e", "job_id": "j"}


def started(attempt: int = 1, worker: str = "w", **more: Any) -> ExecutionStarted:
    fields = {"attempt": attempt, "deaths": attempt - 1, "worker": worker, "started_at": NOW}
    return ExecutionStarted.model_validate(WHO | fields | more)


def cancelling(attempt: int = 1, worker: str = "w") -> ExecutionCancelling:
    return ExecutionCancelling(attempt=attempt, worker=worker, requested_at=NOW, requested_by="Ann", **WHO)


def finished() -> ExecutionFinished:
    return ExecutionFinished(attempt=1, finished_at=NOW, outcome=ExecutionStatus.COMPLETED, **WHO)


@pytest.mark.parametrize(
    ("seen", "decision"),
    [
        (None, UNTOUCHED),
        (Seen(7, started(1)), Start(2, 7, deaths=1)),
        (Seen(9, started(2)), Start(3, 9, deaths=2)),
        (Seen(9, started(2, handed_back=True)), Start(3, 9, deaths=1)),
        (Seen(9, started(9, deaths=2, handed_back=True)), Start(10, 9, deaths=2)),
        (Seen(9, started(1, delivery=3)), Start(2, 9, deaths=1)),
        (Seen(9, started(1, delivery=4)), Leave()),
        (Seen(9, started(3, delivery=5)), Leave()),
        (Seen(9, finished()), Over()),
    ],
)
def test_an_event_that_comes_again(seen: Seen | None, decision: Decision) -> None:
    assert on_redelivery(seen, 4, 3) == decision


def test_after_the_last_attempt_it_is_lost() -> None:
    decision = on_redelivery(Seen(11, started(3)), 4, 3)
    assert isinstance(decision, Close)
    assert (decision.attempt, decision.expected) == (3, 11)
    assert (decision.final.status, decision.final.reason) == (ExecutionStatus.FAILED, "lost")
    assert "3 attempts died" in decision.final.detail


def test_a_cancel_that_its_worker_did_not_live_to_obey_is_obeyed() -> None:
    decision = on_redelivery(Seen(8, cancelling(2)), 4, 3)
    assert isinstance(decision, Close)
    assert (decision.attempt, decision.expected) == (2, 8)
    assert (decision.final.status, decision.final.reason) == (ExecutionStatus.CANCELLED, "cancelled")
    assert "Ann" in decision.final.detail


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (Seen(7, started(1)), Leave),
        (Seen(7, finished()), Over),
        (Seen(7, cancelling()), Close),
        (None, Start),
    ],
)
def test_a_lost_claim_leaves_alone_who_claimed_meanwhile(seen: Seen | None, kind: type[Decision]) -> None:
    assert isinstance(on_lost_claim(seen, 4, 3), kind)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Seen(7, started()), Hold.OURS),
        (Seen(6, started()), Hold.OURS),
        (None, Hold.OURS),
        (Seen(8, cancelling()), Hold.CANCELLED),
        (Seen(8, cancelling(2)), Hold.SUPERSEDED),
        (Seen(8, cancelling(1, "other")), Hold.SUPERSEDED),
        (Seen(8, started(2, "other")), Hold.SUPERSEDED),
        (Seen(8, finished()), Hold.SUPERSEDED),
    ],
)
def test_what_a_worker_learns_from_the_status(seen: Seen | None, verdict: Hold) -> None:
    assert hold(seen, 7, "w", 1) is verdict
