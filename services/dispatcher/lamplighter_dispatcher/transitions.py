"""The events of an execution's life, made from what this dispatcher knows. Pure."""

from datetime import datetime

from lamplighter_contracts.events import ExecutionFinished, ExecutionStarted, JobDue
from lamplighter_dispatcher.claims import Start
from lamplighter_dispatcher.outcomes import DETAIL_LIMIT, Final, LogEnd
from lamplighter_dispatcher.plans import NoPlan, Plan
from lamplighter_runtime.consuming import Received


def started(
    received: Received[JobDue], start: Start, worker: str, plan: Plan | NoPlan, now: datetime
) -> ExecutionStarted:
    due, agent = received.event, plan.agent if isinstance(plan, Plan) else None
    return ExecutionStarted(
        execution_id=due.execution_id,
        job_id=due.job_id,
        attempt=start.attempt,
        worker=worker,
        started_at=now,
        agent_id=agent.agent_id if agent else "",
        agent_revision=agent.revision if agent else 0,
        gated=due.gated,
        delivery=received.deliveries,
        deaths=start.deaths,
    )


def finished(due: JobDue, attempt: int, final: Final, log_end: LogEnd, now: datetime) -> ExecutionFinished:
    lost = f" {log_end.lost:,} lines of its log could not be stored." if log_end.lost else ""
    return ExecutionFinished(
        execution_id=due.execution_id,
        job_id=due.job_id,
        outcome=final.status,
        attempt=attempt,
        finished_at=now,
        reason=final.reason,
        detail=(final.detail[:DETAIL_LIMIT] + lost).strip(),
        exit_code=final.exit_code,
        result=final.result,
        log_lines=log_end.lines,
        log_sequence=log_end.sequence,
        gated=due.gated,
    )
