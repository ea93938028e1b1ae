"""What happens, as the bus tells it. One class an event; `event_type` is its CloudEvents type."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.jobs import Job


class TriggerKind(StrEnum):
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    MANUAL = "manual"


class Event(Model):
    event_type: ClassVar[str]


class Delivery(Model):
    """Where a webhook delivery came from, as its producer said."""

    provider: str
    delivery_id: str
    event: str = ""


class Firing(Model):
    """Which occurrence of a job this is, and what brought it about."""

    kind: TriggerKind
    key: str
    nominal_at: Instant
    """The scheduled instant, or the instant a trigger was accepted."""
    payload: Any = None
    delivery: Delivery | None = None
    triggered_by: str = ""


class JobTriggered(Event):
    """A manual start or a delivery was accepted; the gateway has already answered with its execution id."""

    event_type: ClassVar[str] = "lamplighter.job.triggered.v1"

    job_id: Slug
    execution_id: str
    kind: Literal[TriggerKind.WEBHOOK, TriggerKind.MANUAL]
    key: str
    accepted_at: Instant
    payload: Any = None
    """Data from outside, as JSON. It fills a data slot and never changes prompt, executor or environment."""
    delivery: Delivery | None = None
    triggered_by: str = ""

    @property
    def firing(self) -> Firing:
        return Firing(
            kind=self.kind,
            key=self.key,
            nominal_at=self.accepted_at,
            payload=self.payload,
            delivery=self.delivery,
            triggered_by=self.triggered_by,
        )


class JobDue(Event):
    """A firing was admitted. Self-contained: what a dispatcher needs, as it was when decided."""

    event_type: ClassVar[str] = "lamplighter.job.due.v1"

    execution_id: str
    job_id: Slug
    job: Job
    firing: Firing
    decided_at: Instant
    gated: bool = False
    """Whether the job's gate waits to hear of this execution's end."""


class SkipReason(StrEnum):
    OVERLAP = "overlap"
    PAUSED = "paused"
    MISSED = "missed"
    DELETED = "deleted"
    TOO_LARGE = "too_large"
    """Job and payload together do not fit into one message."""


class JobSkipped(Event):
    """An occurrence that did not become an execution, and why."""

    event_type: ClassVar[str] = "lamplighter.job.skipped.v1"

    job_id: Slug
    job_revision: int
    execution_id: str
    firing: Firing
    decided_at: Instant
    reason: SkipReason
    detail: str
    count: int = 1
    """How many occurrences this record stands for, when a long outage missed more than are listed singly."""


class TriggerDecided(Event):
    """The mark that a trigger was dealt with, written in the batch that did it."""

    event_type: ClassVar[str] = "lamplighter.job.trigger-decided.v1"

    execution_id: str
    outcome: Literal["due", "skipped"]
    detail: str = ""


class ExecutionStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED)


class ExecutionStarted(Event):
    """A dispatcher claimed the execution; attempt 2 and later follow a death, or one that left."""

    event_type: ClassVar[str] = "lamplighter.execution.started.v1"

    kind: Literal["started"] = "started"
    execution_id: str
    job_id: Slug
    attempt: int
    worker: str
    started_at: Instant
    agent_id: str = ""
    agent_revision: int = 0
    gated: bool = False
    delivery: int = 0
    """Which delivery of its due event claimed it: an earlier one that turns up late claims nothing."""
    deaths: int = 0
    """How many attempts before this one ended with the death of their worker."""
    handed_back: bool = False
    """Written once more by a worker that leaves: the attempt is over without a death, and another may follow."""

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.RUNNING


class ExecutionCancelling(Event):
    """Somebody asked for the end of a running execution. Whoever runs it stops it and says `finished`."""

    event_type: ClassVar[str] = "lamplighter.execution.cancelling.v1"

    kind: Literal["cancelling"] = "cancelling"
    execution_id: str
    job_id: Slug
    attempt: int
    worker: str
    requested_at: Instant
    requested_by: str
    gated: bool = False

    @property
    def status(self) -> ExecutionStatus:
        return ExecutionStatus.CANCELLING


class ExecutionFinished(Event):
    """The one final state of an execution."""

    event_type: ClassVar[str] = "lamplighter.execution.finished.v1"

    kind: Literal["finished"] = "finished"
    execution_id: str
    job_id: Slug
    outcome: Literal[ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED]
    attempt: int
    finished_at: Instant
    reason: str = ""
    """A stable word for why it did not complete: `exit_code`, `timeout`, `cancelled`, `lost`, `agent`, ..."""
    detail: str = ""
    """The same for people, in a sentence."""
    exit_code: int | None = None
    result: str = ""
    log_lines: int = 0
    log_sequence: int = 0
    """The sequence in `LOGS` of this attempt's last batch: who has read up to it has read the whole log."""
    gated: bool = False

    @property
    def status(self) -> ExecutionStatus:
        return self.outcome


ExecutionTransition = Annotated[
    ExecutionStarted | ExecutionCancelling | ExecutionFinished, Field(discriminator="kind")
]
"""What is on a status subject."""


class ExecutionStep(Event):
    """Something worth seeing inside a run: a member of a team began or ended, a tool was called."""

    event_type: ClassVar[str] = "lamplighter.execution.step.v1"

    execution_id: str
    attempt: int
    number: int
    name: str
    phase: Literal["started", "finished"]
    at: Instant
    detail: str = ""


class LogStream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"
    """What Lamplighter itself says in the log, such as where it was cut."""


class LogLine(Model):
    number: int
    """Counts from 1 within the attempt, over all streams."""
    at: Instant
    stream: LogStream
    text: str
    source: str = ""
    """The member of a team that wrote it."""


class LogBatch(Event):
    event_type: ClassVar[str] = "lamplighter.execution.log.v1"

    execution_id: str
    attempt: int
    lines: tuple[LogLine, ...]
