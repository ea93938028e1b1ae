"""What becomes of an execution: its job as it was, its state, its attempts and its steps.

The state is one sub-document, from whichever event has the highest sequence: a status never mixes with the exit
code of another, and the order of arrival does not matter.
"""

from datetime import datetime, timedelta
from typing import assert_never

from pydantic_core import to_json

from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    ExecutionTransition,
    Firing,
    JobDue,
    JobQueued,
)
from lamplighter_contracts.jobs import AgentExecutor, Executor, SmartExecutor, TeamExecutor
from lamplighter_history.writes import Collection, Document, Upsert

STEPS_KEPT = 500
"""Of one attempt. Those after it are counted and not kept, so that the document stays far below 16 MiB."""
STEP_TEXT = 500

QUEUED: Document = {"seq": -1, "status": ExecutionStatus.QUEUED.value}
"""The state of an execution of which nothing more has been seen. A status on the bus has a sequence from 1 on."""

_WAITING, _DUE = 0, 1
"""Whose firing stays: that of the due event."""


def due(event: JobDue) -> Upsert:
    job = event.job
    kind, executor_id = _executor(job.executor)
    facts = {
        "job_id": event.job_id,
        "job_name": job.name,
        "job_revision": job.revision,
        "prompt": event.prompt or job.prompt,
        "executor_kind": kind,
        "executor_id": executor_id,
        "environment": job.environment,
        "created_at": event.decided_at,
    }
    latest = {"state": QUEUED, "firing": {"seq": _DUE} | firing(event.firing)}
    return _upsert(event.execution_id, facts, latest)


def queued(event: JobQueued, sequence: int) -> Upsert:
    """What is known of an execution that waits for its turn. Its due event completes it."""
    latest = {
        "state": QUEUED,
        "firing": {"seq": _WAITING} | firing(event.firing),
        "queued": {"seq": sequence, "at": event.decided_at, "detail": event.detail},
    }
    return _upsert(event.execution_id, {"job_id": event.job_id}, latest)


def waited_in_vain(occurrence: Document, kept: timedelta) -> Upsert:
    """The end of an execution that waited, by its record in the ledger, and was skipped in the end."""
    ruling = occurrence["ruling"]
    state = {
        # Before every status on the bus: who cancels one that waits writes a final state there.
        "seq": 0,
        "status": ExecutionStatus.CANCELLED.value,
        "finished_at": ruling["decided_at"],
        "reason": ruling["reason"],
        "detail": ruling["detail"],
        "expires_at": ruling["decided_at"] + kept,
    }
    return _upsert(occurrence["_id"], {"job_id": occurrence["job_id"]}, {"state": state})


def transition(event: ExecutionTransition, sequence: int, expires_at: datetime) -> Upsert:
    """`expires_at` is for a final state: no other may be forgotten."""
    latest: dict[str, Document]
    match event:
        case ExecutionStarted():
            latest = {
                "state": _state(event, sequence),
                f"attempts.{event.attempt}": _attempt(event, sequence),
            }
        case ExecutionCancelling():
            cancel = {"seq": sequence, "at": event.requested_at, "by": event.requested_by}
            latest = {"state": _state(event, sequence), "cancel": cancel}
        case ExecutionFinished():
            latest = {"state": _state(event, sequence) | _end(event) | {"expires_at": expires_at}}
        case _:
            assert_never(event)
    return _upsert(event.execution_id, {"job_id": event.job_id}, latest)


def step(event: ExecutionStep, sequence: int) -> Upsert:
    if event.number > STEPS_KEPT:
        path, last = f"steps_beyond.{event.attempt}", {"seq": event.number}
        return _upsert(event.execution_id, {}, {"state": QUEUED, path: last})
    said = {
        "seq": sequence,
        "name": event.name[:STEP_TEXT],
        "at": event.at,
        "detail": event.detail[:STEP_TEXT],
    }
    path = f"steps.{event.attempt}-{event.number}.{event.phase}"
    return _upsert(event.execution_id, {}, {"state": QUEUED, path: said})


def firing(value: Firing) -> Document:
    """The payload goes in as JSON text: its keys and numbers may be such as MongoDB would refuse."""
    document: Document = {
        "kind": value.kind.value,
        "key": value.key,
        "nominal_at": value.nominal_at,
        "triggered_by": value.triggered_by,
    }
    if value.effective_at is not None:
        document["effective_at"] = value.effective_at
    if value.caught_up:
        document["caught_up"] = True
    if value.backfill_id:
        document["backfill_id"] = value.backfill_id
    if value.payload is not None:
        document["payload"] = to_json(value.payload).decode()
    if value.delivery is not None:
        document["delivery"] = value.delivery.model_dump()
    return document


def _state(event: ExecutionTransition, sequence: int) -> Document:
    return {"seq": sequence, "status": event.status.value}


def _attempt(event: ExecutionStarted, sequence: int) -> Document:
    return {
        "seq": sequence,
        "worker": event.worker,
        "started_at": event.started_at,
        "agent_id": event.agent_id,
        "agent_revision": event.agent_revision,
    }


def _end(event: ExecutionFinished) -> Document:
    return {
        "finished_at": event.finished_at,
        "reason": event.reason,
        "detail": event.detail,
        "exit_code": event.exit_code,
        "result": event.result,
        "log_lines": event.log_lines,
        "log_sequence": event.log_sequence,
    }


def _upsert(execution_id: str, facts: Document, latest: dict[str, Document]) -> Upsert:
    return Upsert(Collection.EXECUTIONS, execution_id, facts, latest)


def _executor(executor: Executor) -> tuple[str, str]:
    match executor:
        case AgentExecutor(agent_id=agent_id):
            return executor.kind, agent_id
        case TeamExecutor(team_id=team_id):
            return executor.kind, team_id
        case SmartExecutor():
            return executor.kind, ""
        case _:
            assert_never(executor)
