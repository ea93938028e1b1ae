"""What the stream of events says of one message of the bus: enough to act on, never a body, a prompt or a secret.
Pure."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import Event, Firing, JobBackfill, JobDue, JobQueued, JobSkipped
from lamplighter_contracts.executions import (
    Approval,
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
)
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.jobs import AgentExecutor, SmartExecutor, TeamExecutor
from lamplighter_gateway.live.changes import Change
from lamplighter_gateway.live.marks import Mark
from lamplighter_gateway.live.sse import frame

Wire = dict[str, Any]

EVENTS: tuple[type[Event], ...] = (
    JobDue,
    JobQueued,
    JobSkipped,
    JobBackfill,
    DeliveryReceived,
    ExecutionStarted,
    ExecutionRetrying,
    ExecutionWaiting,
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStep,
    ExecutionDecided,
    ExecutionEffects,
)
CHANGED = "catalog.changed"
_PREFIX = "lamplighter."


def name_of(event_type: str) -> str:
    """The name under which a CloudEvents type is told: `lamplighter.job.due.v1` is `job.due`. A name stays as it is."""
    if not event_type.startswith(_PREFIX):
        return event_type
    return event_type.removeprefix(_PREFIX).rsplit(".", 1)[0]


def kind_of(name: str) -> str:
    return name.partition(".")[0]


NAMES: tuple[str, ...] = (*(name_of(event.event_type) for event in EVENTS), CHANGED)


class Kind(StrEnum):
    """What an event is about: the first word of its name."""

    JOB = "job"
    DELIVERY = "delivery"
    EXECUTION = "execution"
    CATALOG = "catalog"


@dataclass(frozen=True, slots=True)
class About:
    """By what an event is found, and who may know of it. `project` is None where nobody knows it any more."""

    project: str | None
    job_id: str = ""
    agents: frozenset[str] = frozenset()
    secret: bool = False
    """Only for administrators of everything."""


@dataclass(slots=True)
class Told:
    source: int
    sequence: int
    stored_at: datetime
    name: str
    about: About
    status: str
    body: bytes
    """One line of JSON."""
    ends: str = ""
    """The job that is no more."""
    mark: Mark | None = None
    frame: bytes = field(default=b"", repr=False)
    """With the id that it has for whoever follows the ring: the same bytes for all of them."""

    @property
    def size(self) -> int:
        return len(self.body) + len(self.frame)

    def stamp(self, mark: Mark) -> None:
        self.mark, self.frame = mark, self.framed(mark)

    def framed(self, mark: Mark) -> bytes:
        return b"".join(frame(self.name, self.body, mark))


_INNER = {
    *("kind", "gated", "delivery", "deaths", "handed_back", "part", "pieces"),
    *("log_batches", "log_sequence", "steps", "decisions"),
}
"""What dispatchers and the scheduler say to each other."""
_NO_PAYLOAD = {"payload", "body"}
_NO_BODY = {"headers", "address", "path", "body", "reference", "key", "group"}


def said_of(event: Event | Change) -> Wire:
    """The fields that are told of an event, beside those that all have."""
    match event:
        case Change():
            return {
                "kind": event.kind,
                "id": event.object_id,
                "operation": event.operation,
                "revision": event.revision,
            }
        case JobDue():
            return _due(event)
        case JobQueued() | JobSkipped():
            fields = event.model_dump(mode="json", exclude={"firing", "project"})
            return {**fields, "trigger": _trigger(event.firing)}
        case DeliveryReceived():
            return event.model_dump(mode="json", exclude=_NO_BODY | {"project"})
        case JobBackfill() | ExecutionStep() | ExecutionDecided() | ExecutionEffects():
            return event.model_dump(mode="json", exclude={"project"})
        case _:
            return {"status": status_of(event), **event.model_dump(mode="json", exclude=_INNER)}


def status_of(event: Event | Change) -> str:
    """The status that an execution has by this event, or that a start has; empty where it says nothing of it."""
    match event:
        case JobDue() | JobQueued():
            return ExecutionStatus.QUEUED.value
        case JobSkipped():
            return "skipped"
        case (
            ExecutionStarted()
            | ExecutionRetrying()
            | ExecutionWaiting()
            | ExecutionAnswered()
            | ExecutionCancelling()
            | ExecutionFinished()
        ):
            return event.status.value
        case _:
            return ""


def agents_of(event: Event) -> Collection[str]:
    """Who does it, as far as the event says."""
    match event:
        case JobDue(choice=choice, job=job):
            named = job.executor.agent_id if isinstance(job.executor, AgentExecutor) else ""
            found = [named, choice.chosen if choice else ""]
        case ExecutionStarted(agent_id=agent_id, approvals=approvals):
            found = [agent_id, *_askers(approvals)]
        case ExecutionWaiting(approvals=approvals) | ExecutionAnswered(approvals=approvals):
            found = _askers(approvals)
        case ExecutionDecided(agent_id=agent_id, choice=choice):
            found = [agent_id, choice.chosen if choice else ""]
        case _:
            found = []
    return {agent for agent in found if agent}


def line(event_id: str, event_type: str, at: datetime, project: str | None, said: Mapping[str, Any]) -> bytes:
    whole = {"event_id": event_id, "type": event_type, "time": rfc3339(at), "project": project, **said}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def _due(event: JobDue) -> Wire:
    job = event.job
    return {
        "execution_id": event.execution_id,
        "job_id": event.job_id,
        "job_name": job.name,
        "job_revision": job.revision,
        "environment": job.environment,
        "queue": job.queue,
        "executor": _executor(job.executor),
        "chosen": event.choice.chosen if event.choice else None,
        "decided_at": rfc3339(event.decided_at),
        "trigger": _trigger(event.firing),
    }


def _executor(executor: AgentExecutor | TeamExecutor | SmartExecutor) -> Wire:
    return executor.model_dump(mode="json", include={"kind", "agent_id", "team_id"})


def _trigger(firing: Firing) -> Wire:
    return firing.model_dump(mode="json", exclude=_NO_PAYLOAD)


def _askers(approvals: Collection[Approval]) -> list[str]:
    return [approval.agent_id for approval in approvals]
