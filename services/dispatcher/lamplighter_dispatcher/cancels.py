"""What a request to cancel meets, decided from the execution's last status. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionWaiting,
)
from lamplighter_dispatcher.approvals import unanswered_cancelled
from lamplighter_dispatcher.claims import Seen


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing to write. `tell`: remind whoever runs it."""

    reply: CancelReply
    tell: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Write this after the sequence `expected`, and `reply` if that succeeds."""

    event: ExecutionCancelling | ExecutionFinished
    expected: int
    reply: CancelReply
    tell: bool


ACCEPTED = CancelReply(outcome="accepted", status=ExecutionStatus.CANCELLING)
ENDED = CancelReply(outcome="accepted", status=ExecutionStatus.CANCELLED)


def on_cancel(request: CancelRequest, seen: Seen | None, now: datetime) -> Answer | Write:
    """One that nobody runs ends here; of one that runs its worker makes an end."""
    if seen is None:
        return Write(_never_started(request, now), 0, ENDED, tell=False)
    match seen.event:
        case ExecutionFinished(outcome=final):
            return Answer(CancelReply(outcome="finished", status=final))
        case ExecutionCancelling():
            return Answer(ACCEPTED, tell=True)
        case ExecutionStarted() as started:
            return Write(_cancelling(request, started, now), seen.sequence, ACCEPTED, tell=True)
        case ExecutionRetrying() | ExecutionWaiting() | ExecutionAnswered() as idle:
            return Write(_between(request, idle, now), seen.sequence, ENDED, tell=False)
        case _:
            assert_never(seen.event)


def _never_started(request: CancelRequest, now: datetime) -> ExecutionFinished:
    return ExecutionFinished(
        execution_id=request.execution_id,
        job_id=request.job_id,
        outcome=ExecutionStatus.CANCELLED,
        attempt=0,
        finished_at=now,
        reason="cancelled",
        detail=f"It was cancelled by {request.requested_by} before it started.",
        # The due event knows whether a gate waits, and it is not at hand: a gate that does not wait ignores this.
        gated=True,
    )


def _between(
    request: CancelRequest, idle: ExecutionRetrying | ExecutionWaiting | ExecutionAnswered, now: datetime
) -> ExecutionFinished:
    """It waits for a retry or for an answer, and nobody runs it."""
    waited_for = "another attempt" if isinstance(idle, ExecutionRetrying) else "an approval"
    return ExecutionFinished(
        execution_id=idle.execution_id,
        job_id=idle.job_id,
        outcome=ExecutionStatus.CANCELLED,
        attempt=idle.attempt,
        finished_at=now,
        reason="cancelled",
        detail=f"It was cancelled by {request.requested_by} while it waited for {waited_for}.",
        usage=idle.usage,
        approvals=unanswered_cancelled(idle.approvals, now),
        log_lines=idle.log_lines,
        log_sequence=idle.log_sequence,
        gated=idle.gated,
    )


def _cancelling(request: CancelRequest, started: ExecutionStarted, now: datetime) -> ExecutionCancelling:
    return ExecutionCancelling(
        execution_id=started.execution_id,
        job_id=started.job_id,
        attempt=started.attempt,
        worker=started.worker,
        requested_at=now,
        requested_by=request.requested_by,
        part=started.part,
        usage=started.usage,
        approvals=started.approvals,
        gated=started.gated,
    )
