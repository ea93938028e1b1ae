"""Events as the services would publish them, for tests of those who read them."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.choices import Candidate, Choice, Filter
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import (
    Delivery,
    Event,
    Firing,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    SkipReason,
    TriggerKind,
)
from lamplighter_contracts.executions import (
    Approval,
    ApprovalState,
    Effected,
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    ExecutionWaiting,
    LogBatch,
    LogLine,
    LogStream,
    Parked,
)
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import AgentExecutor, Executor, Job
from lamplighter_contracts.policies import Applied, Effect, PolicyAction, Verdict
from lamplighter_contracts.reasons import Blocked
from lamplighter_contracts.usage import Usage
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


def posted(
    number: int = 0, job_id: str = JOB, *, body: bytes = b'{"a": 1}', **changes: Any
) -> DeliveryReceived:
    """The delivery that many seconds after noon, which led to the execution of that number unless told otherwise."""
    fields: dict[str, Any] = {
        "delivery_id": delivery_id(number, job_id),
        "job_id": job_id,
        "key": str(number),
        "delivery": Delivery(provider="github", delivery_id=f"guid-{number}", event="push"),
        "outcome": DeliveryOutcome.ACCEPTED,
        "execution_id": execution(number, job_id),
        "received_at": at(number),
        "address": "192.0.2.7",
        "path": "/deploy",
        "content_type": "application/json",
        "headers": {"x-github-event": "push", "x.$odd": "1"},
        "body": b64encode(body).decode(),
        "size": len(body),
    }
    return DeliveryReceived(**fields | changes)


def filtered(number: int = 0, job_id: str = JOB, **changes: Any) -> DeliveryReceived:
    refused: dict[str, Any] = {
        "outcome": DeliveryOutcome.FILTERED,
        "execution_id": "",
        "detail": "the event 'push' is none of those that the job wants",
    }
    return posted(number, job_id, **refused | changes)


def delivery_id(number: int = 0, job_id: str = JOB) -> str:
    return execution_id(at(number), job_id, f"delivery {number}")


def started(number: int = 0, attempt: int = 1, job_id: str = JOB, **changes: Any) -> ExecutionStarted:
    fields: dict[str, Any] = {
        "execution_id": execution(number, job_id),
        "job_id": job_id,
        "attempt": attempt,
        "worker": f"worker-{attempt}",
        "started_at": at(number + attempt),
        "agent_id": "writer",
        "agent_revision": 3,
        "usage": Usage(input_tokens=100 * (attempt - 1)),
    }
    return ExecutionStarted(**fields | changes)


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
        "usage": Usage(input_tokens=500, requests=3),
        "log_lines": 3,
        "log_sequence": 1,
    }
    return ExecutionFinished(**fields | changes)


def blocked(number: int = 0, reason: Blocked = Blocked.AGENT, job_id: str = JOB) -> ExecutionFinished:
    """It never began."""
    detail = "the agent 'writer' is not active"
    words: dict[str, Any] = {"reason": reason.value, "detail": detail, "exit_code": None, "result": ""}
    silent: dict[str, Any] = {"log_lines": 0, "log_sequence": 0}
    return finished(number, 0, job_id, outcome=ExecutionStatus.BLOCKED, **words, **silent)


def retrying(number: int = 0, attempt: int = 1, job_id: str = JOB) -> ExecutionRetrying:
    return ExecutionRetrying(
        execution_id=execution(number, job_id),
        job_id=job_id,
        attempt=attempt,
        worker=f"worker-{attempt}",
        failed_at=at(number + 5),
        not_before=at(number + 15),
        reason="unavailable",
        detail="The model answered 503.",
        usage=Usage(input_tokens=100, output_tokens=20, requests=2, cost=0.5),
    )


def approval(number: int = 0, place: int = 1, job_id: str = JOB, **changes: Any) -> Approval:
    fields: dict[str, Any] = {
        "approval_id": f"{execution(number, job_id)}-{place}",
        "action": "tool",
        "action_hash": f"{place:064x}",
        "summary": "shell: rm -r build",
        "tool": "shell",
        "arguments": '{"program": "rm"}',
        "agent_id": "writer",
        "reason": "The agent asks for it.",
        "requested_at": at(number + 2),
        "deadline_at": at(number + 3_602),
    }
    return Approval(**fields | changes)


def waiting(number: int = 0, job_id: str = JOB, **changes: Any) -> ExecutionWaiting:
    return ExecutionWaiting(**_parking(number, job_id) | changes)


def answered(number: int = 0, job_id: str = JOB, **changes: Any) -> ExecutionAnswered:
    word: dict[str, Any] = {
        "state": ApprovalState.APPROVED,
        "answered_at": at(number + 7),
        "answered_by": "ada",
    }
    approvals = (approval(number, job_id=job_id, **word),)
    return ExecutionAnswered(**_parking(number, job_id) | {"approvals": approvals} | changes)


def _parking(number: int, job_id: str) -> dict[str, Any]:
    return {
        "execution_id": execution(number, job_id),
        "job_id": job_id,
        "attempt": 1,
        "waiting_since": at(number + 2),
        "approvals": (approval(number, job_id=job_id),),
        "deadline_at": at(number + 3_602),
        "usage": Usage(input_tokens=40, requests=1),
        "log_lines": 2,
        "log_sequence": 1,
    }


def parked(number: int = 0) -> Parked:
    return Parked(
        execution_id=execution(number), attempt=1, number=1, total=1, due=due(number), state="eJyrrgUA"
    )


def effects(*names: str, of: int = 0, attempt: int = 1, omitted: int = 0) -> ExecutionEffects:
    done = tuple(Effected(at=at(of + 3), attempt=attempt, name=name, detail=f"{name} x") for name in names)
    return ExecutionEffects(execution_id=execution(of), attempt=attempt, effects=done, omitted=omitted)


def choice(chosen: str = "writer", **changes: Any) -> Choice:
    fields: dict[str, Any] = {
        "chosen": chosen,
        "how": "score",
        "confident": True,
        "reason": f"{chosen} knows reports best.",
        "candidates": (
            Candidate(agent_id=chosen, text=3.5, relevance=1, score=0.9, matched=("report",)),
            Candidate(agent_id="sleeper", removed_by=Filter.INACTIVE, detail="it is not active"),
        ),
    }
    return Choice(**fields | changes)


def verdict(effect: Effect = Effect.ALLOW, message: str = "no shell at night") -> Verdict:
    applied = Applied(policy_id="night", revision=2, rule="quiet", effect=effect, message=message)
    return Verdict(effect=effect, applied=(applied,), policy_hash="feed")


def decided(number: int = 1, of: int = 0, attempt: int = 1, **changes: Any) -> ExecutionDecided:
    """By default what a policy said of a call."""
    fields: dict[str, Any] = {
        "execution_id": execution(of),
        "attempt": attempt,
        "number": number,
        "at": at(of + number),
        "action": PolicyAction.TOOL,
        "verdict": verdict(Effect.DENY),
        "tool": "shell",
        "agent_id": "writer",
    }
    return ExecutionDecided(**fields | changes)


def chosen(number: int = 1, of: int = 0, attempt: int = 1, **changes: Any) -> ExecutionDecided:
    nothing: dict[str, Any] = {"action": None, "verdict": None, "tool": "", "agent_id": ""}
    return decided(number, of, attempt, **nothing | {"choice": choice()} | changes)


def forwarded(number: int = 0, environment: str = "far") -> JobDue:
    """The due event once more, for the queue of the agent that was chosen."""
    first = due(number)
    there = first.job.model_copy(update={"environment": environment, "queue": environment})
    return first.model_copy(update={"job": there, "choice": choice()})


def step(
    number: int = 1, phase: str = "started", attempt: int = 1, of: int = 0, **changes: Any
) -> ExecutionStep:
    return ExecutionStep.model_validate(
        {
            "execution_id": execution(of),
            "attempt": attempt,
            "number": number,
            "name": f"step {number}",
            "phase": phase,
            "at": at(number + (0.5 if phase == "finished" else 0)),
            **changes,
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


_OF_EXECUTION = {
    ExecutionStarted: subjects.execution_status,
    ExecutionCancelling: subjects.execution_status,
    ExecutionRetrying: subjects.execution_status,
    ExecutionWaiting: subjects.execution_status,
    ExecutionAnswered: subjects.execution_status,
    ExecutionFinished: subjects.execution_status,
    ExecutionStep: subjects.execution_step,
    ExecutionDecided: subjects.execution_decided,
    ExecutionEffects: subjects.execution_effects,
    LogBatch: subjects.log,
}


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
        case DeliveryReceived():
            return subjects.delivery(event.job_id, event.key)
        case Parked():
            return subjects.execution_parked(event.execution_id, event.number)
        case _:
            return _OF_EXECUTION[type(event)](event.execution_id)  # type: ignore[attr-defined]
