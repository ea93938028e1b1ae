"""The bus as the other services see it: jobs written, triggers accepted, executions finished, records read back."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from nats.aio.client import Client

from lamplighter_contracts import envelope, ids, streams, subjects
from lamplighter_contracts.events import (
    BackfillCancelled,
    BackfillRequested,
    Event,
    JobDue,
    JobQueued,
    JobSkipped,
    JobTriggered,
    TriggerKind,
)
from lamplighter_contracts.executions import Approval, ExecutionFinished, ExecutionStatus, ExecutionWaiting
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import LONGEST_APPROVAL, AgentExecutor, Job, ScheduleTrigger
from lamplighter_runtime.latest import Last, last_message
from lamplighter_runtime.messages import Message, Stored
from lamplighter_runtime.publishing import commit
from lamplighter_runtime.service import Loops
from lamplighter_runtime.tails import Tail
from lamplighter_scheduler.app import build
from lamplighter_scheduler.settings import Settings
from tests.support.consumers import unsettled
from tests.support.servers import Server

Record = JobDue | JobSkipped

E = TypeVar("E", bound=Event)

LONG_AGO = timedelta(hours=2)


def now() -> datetime:
    return datetime.now(UTC)


def last_minute() -> datetime:
    """The minute mark before now: an occurrence there is due, and not late."""
    return now().replace(second=0, microsecond=0)


def daily_at(instant: datetime) -> str:
    return f"{instant.minute} {instant.hour} * * *"


def job(job_id: str, *schedules: str, overlap: str = "skip", **changes: Any) -> Job:
    """A job that was made two hours ago."""
    made = now() - LONG_AGO
    fields = {
        "job_id": job_id,
        "name": job_id,
        "prompt": "Do it.",
        "executor": AgentExecutor(agent_id="writer"),
        "triggers": tuple(ScheduleTrigger(schedule=schedule, seconds=True) for schedule in schedules),
        "concurrency": {"overlap": overlap},
        "created_at": made,
        "updated_at": made,
        "scheduled_from": made,
    }
    return Job.model_validate(fields | changes)


def triggered(job_id: str, key: str, payload: object = None) -> JobTriggered:
    accepted_at = now()
    return JobTriggered(
        job_id=job_id,
        execution_id=ids.execution_id(accepted_at, job_id, key),
        kind=TriggerKind.MANUAL,
        key=key,
        accepted_at=accepted_at,
        payload=payload,
    )


def trigger_message(event: JobTriggered) -> Message:
    return _message(subjects.trigger(event.job_id, event.key), event, event.execution_id)


def _message(subject: str, event: Event, event_id: str) -> Message:
    headers = envelope.headers(event, event_id=event_id, source="/test", time=now())
    return Message(subject, envelope.body(event), headers)


class World:
    def __init__(self, bus: Client) -> None:
        self.bus = bus

    async def write(self, *jobs: Job) -> None:
        await self.put(
            [Message(subjects.catalog("jobs", j.job_id), j.model_dump_json().encode()) for j in jobs]
        )

    async def trigger(self, *events: JobTriggered) -> None:
        await self.put([trigger_message(event) for event in events])

    async def tick(self, *job_ids: str) -> None:
        """As NATS does when a timer comes due."""
        for job_id in job_ids:
            await self.put([Message(subjects.tick(job_id), b"")])

    async def order(self, order: BackfillRequested | BackfillCancelled) -> None:
        at = order.requested_at
        headers = envelope.headers(
            order, event_id=f"{order.backfill_id}:{order.kind}", source="/test", time=at
        )
        subject = subjects.backfill(order.job_id, order.backfill_id)
        await self.put([Message(subject, envelope.body(order), headers)])

    async def park(self, due: JobDue) -> None:
        """It waits for a person's word, as a dispatcher says it: no header speaks of the gate."""
        approval = Approval(
            approval_id=f"{due.execution_id}-1",
            action="tool",
            action_hash="00",
            summary="shell: rm -r build",
            requested_at=now(),
            deadline_at=now() + LONGEST_APPROVAL,
        )
        event = ExecutionWaiting(
            execution_id=due.execution_id,
            job_id=due.job_id,
            attempt=1,
            waiting_since=now(),
            approvals=(approval,),
            deadline_at=approval.deadline_at,
            gated=due.gated,
        )
        await self.put(
            [_message(subjects.execution_status(due.execution_id), event, f"{due.execution_id}:w")]
        )

    async def finish(self, due: JobDue, result: str = "", **changes: Any) -> None:
        fields: dict[str, Any] = {
            "execution_id": due.execution_id,
            "job_id": due.job_id,
            "outcome": ExecutionStatus.COMPLETED,
            "attempt": 1,
            "finished_at": now(),
            "result": result,
            "gated": due.gated,
        }
        event = ExecutionFinished(**fields | changes)
        message = _message(subjects.execution_status(due.execution_id), event, f"{due.execution_id}:finished")
        headers = {**message.headers, **({envelope.GATED_HEADER: "1"} if due.gated else {})}
        await self.put([Message(message.subject, message.body, headers)])

    async def cancel_unstarted(self, trigger: JobTriggered) -> None:
        """As a dispatcher does with an execution of which nobody has heard yet."""
        event = ExecutionFinished(
            execution_id=trigger.execution_id,
            job_id=trigger.job_id,
            outcome=ExecutionStatus.CANCELLED,
            attempt=0,
            finished_at=now(),
            gated=True,
        )
        subject = subjects.execution_status(trigger.execution_id)
        message = _message(subject, event, f"{trigger.execution_id}:finished")
        await self.put([Message(subject, message.body, {**message.headers, envelope.GATED_HEADER: "1"})])

    async def put(self, messages: Iterable[Message]) -> None:
        """In portions that an atomic batch takes."""
        left = list(messages)
        while left:
            assert isinstance(await commit(self.bus, left[:1000]), Stored)
            left = left[1000:]

    async def records(self, job_id: str = "*") -> list[Record]:
        """What was decided of a job, or of all, in the order of the stream."""
        entries = await self.stored(streams.JOBS.name, f"job.due.*.{job_id}", f"job.skipped.{job_id}")
        return [_record(entry) for entry in entries]

    async def told(self, event: type[E], subject: str) -> list[E]:
        """The events of one kind on a subject of `JOBS`, in order."""
        entries = await self.stored(streams.JOBS.name, subject)
        return [envelope.read(event, entry.body, entry.headers) for entry in entries]

    async def stored(self, stream: str, *patterns: str) -> list[Last]:
        tail = Tail(self.bus, stream, patterns, after=0)
        await tail.open()
        found: list[Last] = []
        try:
            while tail.behind:
                found += [Last(e.subject, e.sequence, e.headers, e.body) for e in await tail.take()]
        finally:
            await tail.close()
        return found

    async def gate(self, job_id: str) -> Gate:
        last = await last_message(self.bus, streams.JOBS.name, subjects.gate(job_id))
        return Gate.model_validate_json(last.body) if last else Gate(job_id=job_id)

    async def timer(self, job_id: str) -> str | None:
        """When the timer is set for, in the server's words."""
        last = await last_message(self.bus, streams.TIMERS.name, subjects.timer(job_id))
        return last.headers["Nats-Schedule"] if last else None

    async def timers_are(self, **wanted: str | None) -> bool:
        return all([await self.timer(job_id) == schedule for job_id, schedule in wanted.items()])

    async def idle(self, *consumers: streams.Consumer) -> bool:
        """Whether all that these consumers were given is settled."""
        return not any([await unsettled(self.bus, consumer) for consumer in consumers])


def _record(entry: Last) -> Record:
    if entry.subject.startswith("job.due."):
        return envelope.read(JobDue, entry.body, entry.headers)
    return envelope.read(JobSkipped, entry.body, entry.headers)


def keys(records: Iterable[Record | JobQueued]) -> list[str]:
    return [record.firing.key for record in records]


def due(records: Iterable[Record]) -> list[JobDue]:
    return [record for record in records if isinstance(record, JobDue)]


@asynccontextmanager
async def scheduler(server: Server, **settings: Any) -> AsyncIterator[None]:
    """A scheduler at work in this process."""
    app = build(Settings(nats_url=server.url, **settings), Loops())
    async with app.start_lifespan_context():
        yield
