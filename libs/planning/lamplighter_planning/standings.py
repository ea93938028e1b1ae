"""How an execution stands, or how it ended, as the rest of a sentence."""

from datetime import datetime, timedelta

from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.queries import ExecutionRecord
from lamplighter_planning.clock_words import Clock, span

_WORTH_TELLING = timedelta(seconds=1)
_OPENINGS = frozenset({"It", "Its", "The", "A", "An", "No", "Nobody", "None", "This", "Somebody"})
"""What a sentence begins with that goes on within another."""


def standing(execution: ExecutionRecord, clock: Clock, now: datetime) -> str:
    """`completed after 12 s`, `is parked since ...`: what comes after its name."""
    detail = continued(clock.retold(execution.detail or execution.reason.replace("_", " ")))
    because = f": {detail}" if detail else ""
    if execution.status.is_final:
        return _ended(execution) + (because if execution.status is not ExecutionStatus.COMPLETED else "")
    took = span(now - (execution.started_at or execution.created_at))
    match execution.status:
        case ExecutionStatus.QUEUED:
            return f"has waited for a dispatcher for {took}"
        case ExecutionStatus.RUNNING:
            return f"has run for {took} so far"
        case ExecutionStatus.WAITING:
            return _parked(execution, clock)
        case ExecutionStatus.RETRYING:
            return f"failed in attempt {_attempt(execution)}{because}{_again(execution, clock)}"
        case _:
            return "is being cancelled"


def continued(detail: str) -> str:
    """`It ended with ...` within a sentence, without its full stop."""
    is_sentence = detail.split(" ", 1)[0] in _OPENINGS
    return (detail[:1].lower() + detail[1:] if is_sentence else detail).removesuffix(".")


def _ended(execution: ExecutionRecord) -> str:
    began, ended = execution.started_at or execution.created_at, execution.finished_at
    took = ended - began if ended is not None else timedelta(0)
    after = f"after {span(took)}" if took >= _WORTH_TELLING else "within a second"
    match execution.status:
        case ExecutionStatus.BLOCKED:
            return "did not run"
        case ExecutionStatus.CANCELLED:
            return f"was cancelled {after}"
        case _:
            return f"{execution.status} {after}"


def _parked(execution: ExecutionRecord, clock: Clock) -> str:
    pending = [one for one in execution.approvals if one.state is ApprovalState.PENDING]
    if not pending:
        return "is parked until it is approved"
    since = min(one.requested_at for one in pending)
    until = min(one.deadline_at for one in pending)
    what = "an approval" if len(pending) == 1 else f"{len(pending)} approvals"
    wanted = "; ".join(one.summary for one in pending)
    return f"is parked since {clock.brief(since)} until {clock.brief(until)} for {what}: {wanted}"


def _attempt(execution: ExecutionRecord) -> int:
    return max((attempt.attempt for attempt in execution.attempts), default=1)


def _again(execution: ExecutionRecord, clock: Clock) -> str:
    again = execution.not_before
    return f", and is tried again on {clock.brief(again)}" if again else ", and is tried again"
