"""Whose an execution is, for each state that its due event can find it in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.executions import (
    Approval,
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.claims import (
    UNTOUCHED,
    Bringer,
    Carried,
    Close,
    Decision,
    Expire,
    Hold,
    Leave,
    Over,
    Seen,
    Start,
    hold,
    on_lost_claim,
    on_taken,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WHO = {"execution_id": "e", "job_id": "j"}


def started(attempt: int = 1, worker: str = "w", **more: Any) -> ExecutionStarted:
    fields = {"attempt": attempt, "deaths": attempt - 1, "worker": worker, "started_at": NOW}
    return ExecutionStarted.model_validate(WHO | fields | more)


def cancelling(attempt: int = 1, worker: str = "w", part: int = 0) -> ExecutionCancelling:
    return ExecutionCancelling(
        attempt=attempt, worker=worker, requested_at=NOW, requested_by="Ann", part=part, **WHO
    )


def finished() -> ExecutionFinished:
    return ExecutionFinished(attempt=1, finished_at=NOW, outcome=ExecutionStatus.COMPLETED, **WHO)


def waiting(**more: Any) -> ExecutionWaiting:
    fields = {
        "attempt": 1,
        "waiting_since": NOW,
        "deadline_at": LATER,
        "approvals": (approval(),),
        "pieces": 3,
    }
    return ExecutionWaiting.model_validate(WHO | fields | more)


def answered(**more: Any) -> ExecutionAnswered:
    fields = waiting().model_dump() | {
        "kind": "answered",
        "part": 1,
        "approvals": (approval(state="approved"),),
    }
    return ExecutionAnswered.model_validate(fields | more)


def retrying(**more: Any) -> ExecutionRetrying:
    fields = {
        "attempt": 2,
        "worker": "w",
        "failed_at": NOW,
        "not_before": LATER,
        "reason": "unavailable",
        "deaths": 1,
    }
    return ExecutionRetrying.model_validate(WHO | fields | more)


def approval(**more: Any) -> Approval:
    fields = {
        "approval_id": "e-1",
        "action": "tool",
        "action_hash": "h",
        "summary": "shell rm",
        "requested_at": NOW,
        "deadline_at": LATER,
    }
    return Approval.model_validate(fields | more)


FOURTH = Bringer(part=0, delivery=4)


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
        (Seen(9, retrying()), Leave(LATER)),
        (Seen(9, retrying(not_before=NOW)), Start(3, 9, deaths=1)),
        (Seen(9, waiting()), Leave(LATER)),
        (Seen(9, waiting(deadline_at=NOW)), Expire(waiting(deadline_at=NOW), 9)),
    ],
)
def test_an_event_that_comes_again(seen: Seen | None, decision: Decision) -> None:
    assert on_taken(seen, FOURTH, 3, NOW) == decision


@pytest.mark.parametrize(
    "event", [answered(), started(1, part=1), retrying(part=1), waiting(part=1), cancelling(part=1)]
)
def test_an_earlier_message_of_one_that_was_resumed_has_had_its_time(event: ExecutionTransition) -> None:
    assert on_taken(Seen(9, event), FOURTH, 3, NOW) == Over()
    assert on_taken(Seen(9, event), Bringer(part=1, delivery=4), 3, NOW) != Over()


def test_what_was_answered_goes_on_where_it_was_parked() -> None:
    event = answered(
        log_lines=7, log_batches=2, steps=5, decisions=3, ran_seconds=1.5, usage={"input_tokens": 9}
    )
    start = on_taken(Seen(9, event), Bringer(part=1, delivery=1), 3, NOW)
    assert isinstance(start, Start)
    assert (start.attempt, start.resumed, start.repeats, start.part) == (1, True, False, 1)
    assert start.carried == Carried(Usage(input_tokens=9), event.approvals, 7, 2, 5, 3, 1.5, 3)


def test_what_had_to_be_approved_before_it_began_begins() -> None:
    start = on_taken(Seen(9, answered(attempt=0, pieces=1)), Bringer(part=1, delivery=1), 3, NOW)
    assert isinstance(start, Start)
    assert (start.attempt, start.resumed) == (1, False)


def test_the_death_of_one_that_was_resumed_begins_anew_and_asks_anew_for_each_call() -> None:
    whole, call = approval(action="execution"), approval(state="approved")
    event = started(1, part=1, resumed=True, approvals=(whole, call), usage={"requests": 2})
    start = on_taken(Seen(9, event), Bringer(part=1, delivery=2), 3, NOW)
    assert isinstance(start, Start)
    assert (start.attempt, start.resumed, start.repeats, start.deaths) == (2, False, True, 1)
    assert [one.used for one in start.carried.approvals] == [False, True]
    assert start.carried.usage.requests == 2


def test_after_the_last_attempt_it_is_lost() -> None:
    decision = on_taken(Seen(11, started(3)), FOURTH, 3, NOW)
    assert isinstance(decision, Close)
    assert (decision.attempt, decision.expected) == (3, 11)
    assert (decision.final.status, decision.final.reason) == (ExecutionStatus.FAILED, "lost")
    assert "3 attempts died" in decision.final.detail


def test_a_cancel_that_its_worker_did_not_live_to_obey_is_obeyed() -> None:
    decision = on_taken(Seen(8, cancelling(2)), FOURTH, 3, NOW)
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
        (Seen(7, waiting()), Leave),
        (None, Start),
    ],
)
def test_a_lost_claim_leaves_alone_who_claimed_meanwhile(seen: Seen | None, kind: type[Decision]) -> None:
    assert isinstance(on_lost_claim(seen, FOURTH, 3, NOW), kind)


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
        (Seen(8, waiting()), Hold.SUPERSEDED),
        (Seen(8, retrying()), Hold.SUPERSEDED),
    ],
)
def test_what_a_worker_learns_from_the_status(seen: Seen | None, verdict: Hold) -> None:
    assert hold(seen, 7, "w", 1) is verdict
