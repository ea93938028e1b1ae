"""What an execution comes from: its job as it was, what fired it, and that it waits for its turn."""

from datetime import timedelta
from typing import assert_never

from pydantic_core import to_json

from lamplighter_contracts.events import Firing, JobDue, JobQueued, Trust
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import AgentExecutor, Executor, SmartExecutor, TeamExecutor
from lamplighter_history.folds import decisions
from lamplighter_history.writes import Collection, Document, Upsert

QUEUED: Document = {"seq": -1, "status": ExecutionStatus.QUEUED.value}
"""The state of an execution of which nothing more has been seen. A status on the bus has a sequence from 1 on."""

_WAITING, _DUE = 0, 1
"""Whose firing stays: that of the due event."""


def due(event: JobDue, sequence: int) -> Upsert:
    """One that goes on to another queue says only where and to whom: the one before it said the rest."""
    if event.choice is not None:
        place = {"seq": sequence, "environment": event.job.environment}
        latest = {"state": QUEUED, "forwarded": place, **decisions.chosen_at_due(event, sequence)}
        return upsert(event.execution_id, {"job_id": event.job_id, "project": event.job.project}, latest)
    job = event.job
    kind, executor_id = _executor(job.executor)
    facts = {
        "job_id": event.job_id,
        "project": job.project,
        "job_name": job.name,
        "job_revision": job.revision,
        "prompt": event.prompt or job.prompt,
        "executor_kind": kind,
        "executor_id": executor_id,
        "environment": job.environment,
        "created_at": event.decided_at,
    }
    latest = {"state": QUEUED, "firing": {"seq": _DUE} | firing(event.firing)}
    return upsert(event.execution_id, facts, latest)


def queued(event: JobQueued, sequence: int) -> Upsert:
    """What is known of an execution that waits for its turn. Its due event completes it."""
    latest = {
        "state": QUEUED,
        "firing": {"seq": _WAITING} | firing(event.firing),
        "queued": {"seq": sequence, "at": event.decided_at, "detail": event.detail},
    }
    return upsert(event.execution_id, {"job_id": event.job_id, "project": event.project}, latest)


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
    facts: Document = {name: occurrence[name] for name in ("job_id", "project") if name in occurrence}
    return upsert(occurrence["_id"], facts, {"state": state})


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
    if value.trust is not Trust.INTERNAL:
        document["trust"] = value.trust.value
    if value.body is not None:
        document["body"] = value.body.model_dump()
    if value.payload is not None:
        document["payload"] = to_json(value.payload).decode()
    if value.delivery is not None:
        document["delivery"] = value.delivery.model_dump()
    return document


def upsert(execution_id: str, facts: Document, latest: dict[str, Document]) -> Upsert:
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
