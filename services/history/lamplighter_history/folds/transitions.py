"""What becomes of an execution: its state, its attempts, who does it, what it waits for, what it has used.

The state is one sub-document, from whichever event has the highest sequence: a status never mixes with the exit
code of another, and the order of arrival does not matter. What outlives a state has a place of its own.
"""

from datetime import datetime
from typing import assert_never

from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_history.folds.executions import upsert
from lamplighter_history.writes import Document, Upsert


def transition(event: ExecutionTransition, sequence: int, expires_at: datetime) -> Upsert:
    """`expires_at` is for a final state: no other may be forgotten."""
    state: Document = {"seq": sequence, "status": event.status.value}
    latest: dict[str, Document]
    match event:
        case ExecutionStarted():
            latest = {"state": state, **_started(event, sequence)}
        case ExecutionCancelling():
            cancel = {"seq": sequence, "at": event.requested_at, "by": event.requested_by}
            latest = {"state": state, "cancel": cancel}
        case ExecutionRetrying():
            latest = {"state": state | _again(event), **_failed(event, sequence)}
        case ExecutionWaiting() | ExecutionAnswered():
            latest = {"state": state | _log(event)}
        case ExecutionFinished():
            latest = {"state": state | _end(event) | {"expires_at": expires_at}}
        case _:
            assert_never(event)
    return upsert(event.execution_id, {"job_id": event.job_id}, latest | _so_far(event, sequence))


def _so_far(event: ExecutionTransition, sequence: int) -> dict[str, Document]:
    """What it has used and asked for, of all its attempts. Who cancels knows nothing of approvals."""
    said: dict[str, Document] = {"usage": {"seq": sequence} | event.usage.model_dump()}
    if isinstance(event, ExecutionCancelling) or not event.approvals:
        return said
    approvals = {
        "seq": sequence,
        "since": max(approval.requested_at for approval in event.approvals),
        "all": [approval.model_dump() | {"state": approval.state.value} for approval in event.approvals],
    }
    return said | {"approvals": approvals}


def _started(event: ExecutionStarted, sequence: int) -> dict[str, Document]:
    """One that goes on where it was parked began before: its first start stays."""
    by = {
        "seq": sequence,
        "agent_id": event.agent_id,
        "team_id": event.team_id,
        "environment": event.environment,
        "policy_hash": event.policy_hash,
    }
    attempt = {
        "seq": sequence,
        "worker": event.worker,
        "started_at": event.started_at,
        "agent_id": event.agent_id,
        "agent_revision": event.agent_revision,
        "deaths": event.deaths,
    }
    place = "resumptions" if event.resumed else "attempts"
    return {f"{place}.{event.attempt}": attempt, "by": by}


def _failed(event: ExecutionRetrying, sequence: int) -> dict[str, Document]:
    failure = {
        "seq": sequence,
        "failed_at": event.failed_at,
        "reason": event.reason,
        "detail": event.detail,
    }
    return {f"failures.{event.attempt}": failure}


def _again(event: ExecutionRetrying) -> Document:
    return {
        "not_before": event.not_before,
        "reason": event.reason,
        "detail": event.detail,
        **_log(event),
    }


def _end(event: ExecutionFinished) -> Document:
    return {
        "finished_at": event.finished_at,
        "reason": event.reason,
        "detail": event.detail,
        "exit_code": event.exit_code,
        "result": event.result,
        **_log(event),
    }


def _log(event: ExecutionRetrying | ExecutionWaiting | ExecutionAnswered | ExecutionFinished) -> Document:
    return {"log_lines": event.log_lines, "log_sequence": event.log_sequence}
