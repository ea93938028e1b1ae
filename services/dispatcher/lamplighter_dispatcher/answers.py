"""What a person's word on an approval meets, decided from the execution's last status. Pure."""

from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.control import AnswerReply, AnswerRequest
from lamplighter_contracts.executions import (
    Approval,
    ApprovalState,
    ExecutionAnswered,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_dispatcher.approvals import answered, expired
from lamplighter_dispatcher.claims import Seen


@dataclass(frozen=True, slots=True)
class Reply:
    """Nothing to write."""

    reply: AnswerReply


@dataclass(frozen=True, slots=True)
class Record:
    """Write this after the sequence `expected`. `ExecutionAnswered` goes in one batch with what resumes it."""

    event: ExecutionWaiting | ExecutionAnswered
    expected: int


UNKNOWN = Reply(AnswerReply(outcome="unknown"))


def on_answer(request: AnswerRequest, seen: Seen | None, now: datetime) -> Reply | Record:
    """A word counts while the execution waits for it, and only the first."""
    approval = _find(seen.event, request.approval_id) if seen else None
    if seen is None or approval is None:
        return UNKNOWN
    if approval.state is not ApprovalState.PENDING:
        return Reply(AnswerReply(outcome="answered", approval=approval, status=seen.event.status))
    if not isinstance(seen.event, ExecutionWaiting) or now >= approval.deadline_at:
        return Reply(AnswerReply(outcome="over", approval=approval, status=seen.event.status))
    state = ApprovalState.APPROVED if request.approved else ApprovalState.DENIED
    approvals = answered(
        seen.event.approvals, request.approval_id, state, request.answered_by, request.note, now
    )
    return Record(after(seen.event, approvals), seen.sequence)


def on_silence(waiting: ExecutionWaiting, expected: int, now: datetime) -> Record:
    """Its deadline has passed."""
    return Record(after(waiting, expired(waiting.approvals, now)), expected)


def after(waiting: ExecutionWaiting, approvals: tuple[Approval, ...]) -> ExecutionWaiting | ExecutionAnswered:
    """It goes on once nothing is pending."""
    if any(one.state is ApprovalState.PENDING for one in approvals):
        return waiting.model_copy(update={"approvals": approvals})
    fields = waiting.model_dump(exclude={"kind", "approvals", "part"})
    return ExecutionAnswered.model_validate({**fields, "approvals": approvals, "part": waiting.part + 1})


def _find(event: ExecutionTransition, approval_id: str) -> Approval | None:
    return next((one for one in event.approvals if one.approval_id == approval_id), None)
