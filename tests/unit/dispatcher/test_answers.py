"""A person's word on an approval: when it counts, and what it does."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.control import AnswerRequest, CancelRequest
from lamplighter_contracts.executions import (
    Approval,
    ApprovalState,
    ExecutionAnswered,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_dispatcher.answers import UNKNOWN, Record, Reply, on_answer, on_silence
from lamplighter_dispatcher.cancels import Write, on_cancel
from lamplighter_dispatcher.claims import Seen

NOW = datetime(2026, 7, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WHO = {"execution_id": "e", "job_id": "j"}


def approval(number: int = 1, **more: Any) -> Approval:
    fields = {
        "approval_id": f"e-{number}",
        "action": "tool",
        "action_hash": f"hash {number}",
        "summary": "shell rm",
        "requested_at": NOW,
        "deadline_at": LATER,
    }
    return Approval.model_validate(fields | more)


def waiting(*approvals: Approval, **more: Any) -> ExecutionWaiting:
    fields = {
        "attempt": 1,
        "waiting_since": NOW,
        "deadline_at": LATER,
        "approvals": approvals,
        "log_lines": 3,
    }
    return ExecutionWaiting.model_validate(WHO | fields | more)


def word(number: int = 1, *, approved: bool = True) -> AnswerRequest:
    return AnswerRequest(
        execution_id="e", approval_id=f"e-{number}", approved=approved, note="fine", answered_by="Ann"
    )


@pytest.mark.parametrize(("approved", "state"), [(True, "approved"), (False, "denied")])
def test_the_last_word_that_was_missing_lets_it_go_on(approved: bool, state: str) -> None:
    record = on_answer(word(approved=approved), Seen(7, waiting(approval(), part=2)), NOW)
    assert isinstance(record, Record)
    assert isinstance(record.event, ExecutionAnswered)
    (given,) = record.event.approvals
    assert (given.state, given.answered_by, given.note, given.answered_at) == (state, "Ann", "fine", NOW)
    assert (record.expected, record.event.part, record.event.log_lines) == (7, 3, 3)
    assert record.event.status is ExecutionStatus.QUEUED


def test_one_of_several_words_is_kept_and_it_goes_on_waiting() -> None:
    record = on_answer(word(2), Seen(7, waiting(approval(1), approval(2))), NOW)
    assert isinstance(record, Record)
    assert isinstance(record.event, ExecutionWaiting)
    assert [one.state for one in record.event.approvals] == ["pending", "approved"]
    assert [one.approval_id for one in record.event.pending] == ["e-1"]


def test_a_second_word_changes_nothing() -> None:
    given = approval(state="denied", answered_by="Bob")
    reply = on_answer(word(), Seen(7, waiting(given, approval(2))), NOW)
    assert isinstance(reply, Reply)
    assert (reply.reply.outcome, reply.reply.approval) == ("answered", given)


def test_after_the_deadline_a_word_is_too_late() -> None:
    reply = on_answer(word(), Seen(7, waiting(approval())), LATER)
    assert isinstance(reply, Reply)
    assert reply.reply.outcome == "over"


STARTED = ExecutionStarted(attempt=1, worker="w", started_at=NOW, approvals=(approval(),), **WHO)


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (STARTED, "over"),
        (
            ExecutionFinished(
                attempt=1,
                finished_at=NOW,
                outcome="cancelled",
                approvals=(approval(state="cancelled"),),
                **WHO,
            ),
            "answered",
        ),
        (ExecutionFinished(attempt=1, finished_at=NOW, outcome="completed", **WHO), "unknown"),
    ],
)
def test_one_that_does_not_wait(event: ExecutionTransition, outcome: str) -> None:
    reply = on_answer(word(), Seen(7, event), NOW)
    assert isinstance(reply, Reply)
    assert reply.reply.outcome == outcome


def test_what_nobody_knows() -> None:
    assert on_answer(word(), None, NOW) == UNKNOWN
    assert on_answer(word(9), Seen(7, waiting(approval())), NOW) == UNKNOWN


def test_silence_denies_what_is_left() -> None:
    record = on_silence(waiting(approval(1, state="approved"), approval(2)), 7, LATER)
    assert isinstance(record.event, ExecutionAnswered)
    assert [one.state for one in record.event.approvals] == [ApprovalState.APPROVED, ApprovalState.EXPIRED]


@pytest.mark.parametrize("attempt", [0, 2])
def test_one_that_waits_is_cancelled_at_once(attempt: int) -> None:
    event = waiting(approval(1, state="approved"), approval(2), attempt=attempt, gated=True)
    request = CancelRequest(execution_id="e", job_id="j", requested_by="Ann")
    write = on_cancel(request, Seen(7, event), NOW)
    assert isinstance(write, Write)
    assert isinstance(write.event, ExecutionFinished)
    assert (write.event.outcome, write.event.attempt, write.expected) == ("cancelled", attempt, 7)
    assert [one.state for one in write.event.approvals] == ["approved", "cancelled"]
    assert write.event.gated
    assert not write.tell
    assert "waited for an approval" in write.event.detail
