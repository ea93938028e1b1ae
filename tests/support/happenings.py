"""Events as the services would publish them, for tests of those who read them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import (
    Event,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    Firing,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    LogBatch,
    LogLine,
    LogStream,
    SkipReason,
    TriggerKind,
)
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import AgentExecutor, Executor, Job
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import BATCH_LIMIT, commit

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
JOB = "nightly-7f3a"


def at(seconds: float = 0) -> datetime:
    return NOON + timedelta(seconds=seconds)


def execution(number: int = 0, job_id: str = JOB) -> str:
    """The id of the job's firing that many seconds after noon."""
    return execution_id(at(number), job_id, str(number))


def job(job_id: str = JOB, **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "job_id": job_id,
        "name": "Nightly report",
        "prompt": "Write the report",
        "executor": AgentExecutor(agent_id="writer"),
        "created_at": NOON,
        "updated_at": NOON,
        "scheduled_from": NOON,
        "revision": 7,
    }
    return Job(**fields | changes)


def firing(number: int = 0, payload: Any = None) -> Firing:
    return Firing(kind=TriggerKind.SCHEDULE, key=str(number), nominal_at=at(number), payload=payload)


def due(
    number: int = 0,
    job_id: str = JOB,
    *,
    executor: Executor | None = None,
    payload: Any = None,
    prompt: str = "Write the report",
) -> JobDue:
    return JobDue(
        execution_id=execution(number, job_id),
        job_id=job_id,
        job=job(job_id, executor=executor or AgentExecutor(agent_id="writer"), prompt=prompt),
        firing=firing(number, payload),
        decided_at=at(number + 0.25),
    )


def queued(number: int = 0, job_id: str = JOB, payload: Any = None) -> JobQueued:
    return JobQueued(
        job_id=job_id,
        job_revision=7,
        execution_id=execution(number, job_id),
        firing=firing(number, payload),
        decided_at=at(number + 0.125),
        detail="waits for the end of the one before",
    )


def backfilled(number: int, backfill_id: str = "fill-1", job_id: str = JOB) -> JobDue:
    """The occurrence that many seconds after noon, fired a day later."""
    key = f"{backfill_id}:{number}"
    occurrence = Firing(
        kind=TriggerKind.BACKFILL, key=key, nominal_at=at(number), backfill_id=backfill_id, triggered_by="ada"
    )
    fired = due(number, job_id)
    return fired.model_copy(
        update={
            "execution_id": execution_id(at(number + 86_400), job_id, key),
            "firing": occurrence,
            "decided_at": at(number + 86_400),
        }
    )


def backfill(phase: str = "started", backfill_id: str = "fill-1", **changes: Any) -> JobBackfill:
    fields: dict[str, Any] = {
        "backfill_id": backfill_id,
        "job_id": JOB,
        "phase": phase,
        "at": at(0 if phase == "started" else 60),
        "after_at": at(-3_600),
        "until_at": at(0),
        "fired": 0 if phase == "started" else 12,
        "max_parallel": 2,
        "requested_at": at(0),
        "requested_by": "ada",
    }
    return JobBackfill(**fields | changes)


def skipped(number: int = 0, job_id: str = JOB, reason: SkipReason = SkipReason.OVERLAP) -> JobSkipped:
    return JobSkipped(
        job_id=job_id,
        job_revision=7,
        execution_id=execution(number, job_id),
        firing=firing(number),
        decided_at=at(number + 0.25),
        reason=reason,
        detail="the one before still runs",
    )


def started(number: int = 0, attempt: int = 1, job_id: str = JOB) -> ExecutionStarted:
    return ExecutionStarted(
        execution_id=execution(number, job_id),
        job_id=job_id,
        attempt=attempt,
        worker=f"worker-{attempt}",
        started_at=at(number + attempt),
        agent_id="writer",
        agent_revision=3,
    )


def cancelling(number: int = 0, attempt: int = 1, job_id: str = JOB) -> ExecutionCancelling:
    return ExecutionCancelling(
        execution_id=execution(number, job_id),
        job_id=job_id,
        attempt=attempt,
        worker=f"worker-{attempt}",
        requested_at=at(number + 8),
        requested_by="ada",
    )


def finished(number: int = 0, attempt: int = 1, job_id: str = JOB, **changes: Any) -> ExecutionFinished:
    fields: dict[str, Any] = {
        "execution_id": execution(number, job_id),
        "job_id": job_id,
        "outcome": ExecutionStatus.COMPLETED,
        "attempt": attempt,
        "finished_at": at(number + 9),
        "exit_code": 0,
        "result": "done",
        "log_lines": 3,
        "log_sequence": 1,
    }
    return ExecutionFinished(**fields | changes)


def step(number: int = 1, phase: str = "started", attempt: int = 1, of: int = 0) -> ExecutionStep:
    return ExecutionStep.model_validate(
        {
            "execution_id": execution(of),
            "attempt": attempt,
            "number": number,
            "name": f"step {number}",
            "phase": phase,
            "at": at(number + (0.5 if phase == "finished" else 0)),
        }
    )


def log_batch(*texts: str, number: int = 0, first: int = 1, attempt: int = 1) -> LogBatch:
    lines = tuple(
        LogLine(number=first + place, at=at(first + place), stream=LogStream.STDOUT, text=text)
        for place, text in enumerate(texts)
    )
    return LogBatch(execution_id=execution(number), attempt=attempt, lines=lines)


def message(event: Event) -> Message:
    headers = envelope.headers(event, event_id="test", source="/test", time=NOON)
    return Message(_subject(event), envelope.body(event), headers)


async def happen(bus: Client, *events: Event) -> None:
    """Publish events of one stream, in this order, all or none."""
    for start in range(0, len(events), BATCH_LIMIT):
        await commit(bus, [message(event) for event in events[start : start + BATCH_LIMIT]])


def _subject(event: Event) -> str:
    match event:
        case JobDue():
            return subjects.job_due("default", event.job_id)
        case JobSkipped():
            return subjects.job_skipped(event.job_id)
        case JobQueued():
            return subjects.job_queued(event.job_id)
        case JobBackfill():
            return subjects.job_backfill(event.job_id)
        case ExecutionStarted() | ExecutionCancelling() | ExecutionFinished():
            return subjects.execution_status(event.execution_id)
        case ExecutionStep():
            return subjects.execution_step(event.execution_id)
        case LogBatch():
            return subjects.log(event.execution_id)
        case _:
            raise TypeError(f"no subject for {event!r}")
