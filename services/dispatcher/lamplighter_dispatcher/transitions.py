"""The events of an execution's life, made from what this dispatcher knows. Pure."""

from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import (
    Approval,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionWaiting,
)
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.approvals import unanswered_cancelled
from lamplighter_dispatcher.claims import Start
from lamplighter_dispatcher.outcomes import DETAIL_LIMIT, Final, LogEnd
from lamplighter_dispatcher.retries import Again


@dataclass(frozen=True, slots=True)
class Account:
    """What is told of an attempt with its end, however it ends."""

    attempt: int
    usage: Usage = Usage()
    approvals: tuple[Approval, ...] = ()
    log_end: LogEnd = LogEnd()
    steps: int = 0
    decisions: int = 0
    ran_seconds: float = 0
    deaths: int = 0
    part: int = 0


def started(
    due: JobDue, start: Start, delivery: int, worker: str, plan: Plan, now: datetime
) -> ExecutionStarted:
    agent = plan.agent
    return ExecutionStarted(
        execution_id=due.execution_id,
        job_id=due.job_id,
        attempt=start.attempt,
        worker=worker,
        started_at=now,
        agent_id=agent.agent_id if agent else "",
        agent_revision=agent.revision if agent else 0,
        team_id=plan.team.team_id if plan.team else "",
        environment=plan.environment.environment_id,
        policy_hash=plan.verdict.policy_hash if plan.verdict else "",
        resumed=start.resumed,
        part=start.part,
        approvals=start.carried.approvals,
        usage=start.carried.usage,
        gated=due.gated,
        delivery=delivery,
        deaths=start.deaths,
    )


def finished(due: JobDue, account: Account, final: Final, now: datetime) -> ExecutionFinished:
    log_end = account.log_end
    lost = f" {log_end.lost:,} lines of its log could not be stored." if log_end.lost else ""
    return ExecutionFinished(
        execution_id=due.execution_id,
        job_id=due.job_id,
        outcome=final.status,
        attempt=account.attempt,
        finished_at=now,
        reason=final.reason,
        detail=(final.detail[:DETAIL_LIMIT] + lost).strip(),
        exit_code=final.exit_code,
        result=final.result,
        usage=account.usage,
        approvals=unanswered_cancelled(account.approvals, now),
        log_lines=log_end.lines,
        log_sequence=log_end.sequence,
        gated=due.gated,
    )


def retrying(due: JobDue, account: Account, again: Again, worker: str, now: datetime) -> ExecutionRetrying:
    return ExecutionRetrying(
        execution_id=due.execution_id,
        job_id=due.job_id,
        attempt=account.attempt,
        worker=worker,
        failed_at=now,
        not_before=again.not_before,
        reason=again.final.reason,
        detail=again.final.detail,
        deaths=account.deaths,
        usage=account.usage,
        log_lines=account.log_end.lines,
        log_sequence=account.log_end.sequence,
        part=account.part,
        approvals=unanswered_cancelled(account.approvals, now),
        gated=due.gated,
    )


def waiting(
    due: JobDue, account: Account, deadline: datetime, pieces: int, now: datetime
) -> ExecutionWaiting:
    """`deadline` is that of the first approval that nobody gives."""
    return ExecutionWaiting(
        execution_id=due.execution_id,
        job_id=due.job_id,
        attempt=account.attempt,
        waiting_since=now,
        approvals=account.approvals,
        deadline_at=deadline,
        deaths=account.deaths,
        usage=account.usage,
        log_lines=account.log_end.lines,
        log_batches=account.log_end.batches,
        log_sequence=account.log_end.sequence,
        steps=account.steps,
        decisions=account.decisions,
        ran_seconds=account.ran_seconds,
        part=account.part,
        pieces=pieces,
        gated=due.gated,
    )
