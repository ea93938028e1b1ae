"""What happens, as the bus tells it. One class an event; `event_type` is its CloudEvents type."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.projects import DEFAULT_PROJECT


class TriggerKind(StrEnum):
    SCHEDULE = "schedule"
    WEBHOOK = "webhook"
    MANUAL = "manual"
    BACKFILL = "backfill"


class Trust(StrEnum):
    """Whether what started an execution came from outside: a webhook's payload is anybody's word."""

    INTERNAL = "internal"
    EXTERNAL = "external"


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
    effective_at: Instant | None = None
    """The nominal instant moved by spread and jitter, where the job has any."""
    caught_up: bool = False
    """Whether it fires late on purpose: it was missed, and the job catches up."""
    backfill_id: str = ""
    trust: Trust = Trust.INTERNAL
    payload: Any = None
    """None where `body` refers to it."""
    body: BodyReference | None = None
    delivery: Delivery | None = None
    """Of several that were gathered, the first."""
    gathered: int = 0
    """How many deliveries it stands for, where the job gathers them: `payload` has those that found room."""
    triggered_by: str = ""

    @model_validator(mode="before")
    @classmethod
    def _trust_no_delivery(cls, data: Any) -> Any:
        """A firing that was written before it said so, or by who forgot."""
        if isinstance(data, dict) and data.get("kind") == TriggerKind.WEBHOOK:
            return {**data, "trust": Trust.EXTERNAL}
        return data


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
    body: BodyReference | None = None
    """Where the payload is, if it is too large for a message."""
    delivery: Delivery | None = None
    triggered_by: str = ""
    group: str = ""
    """What it is gathered by with others, where the job gathers deliveries."""
    gather_until: Instant | None = None
    """When those that are gathered fire as one, if this is the first of them. None: nothing is gathered."""

    @property
    def firing(self) -> Firing:
        return Firing(
            kind=self.kind,
            key=self.key,
            nominal_at=self.accepted_at,
            payload=self.payload,
            body=self.body,
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
    prompt: str = ""
    """The job's prompt as rendered for this firing; empty where it is the job's own text as it stands there."""
    gated: bool = False
    """Whether the job's gate waits to hear of this execution's end."""
    choice: Choice | None = None
    """Whom a smart job was given to, where it was decided on another queue than the chosen one's."""

    @property
    def asked(self) -> str:
        """What the executor is asked. Nothing renders it again."""
        return self.prompt or self.job.prompt


class SkipReason(StrEnum):
    OVERLAP = "overlap"
    COALESCED = "coalesced"
    """Another occurrence that waits stands for it."""
    REPLACED = "replaced"
    """It waited, and a newer one took its place."""
    PAUSED = "paused"
    MISSED = "missed"
    EXCLUDED_DATE = "excluded_date"
    BLACKOUT = "blackout"
    CALENDAR = "calendar"
    EXHAUSTED = "exhausted"
    """The schedule has fired as often as it may."""
    BLOCKED = "blocked"
    """Its prompt cannot be rendered, or nobody can do it: the detail says which."""
    POLICY = "policy"
    """A policy denied it."""
    APPROVAL = "approval"
    """A person denied it, or nobody answered in time."""
    EXPIRED = "expired"
    """It waited until what started it was forgotten."""
    CANCELLED = "cancelled"
    """It was cancelled while it waited."""
    DELETED = "deleted"
    TOO_LARGE = "too_large"
    """Job and payload together do not fit into one message."""


class Outcome(StrEnum):
    """What became of an occurrence, as the ledger has it."""

    FIRED = "fired"
    QUEUED = "queued"
    """It waits for its turn. The only outcome that another one follows."""
    COALESCED = "coalesced"
    SKIPPED = "skipped"
    MISSED = "missed"
    BLOCKED = "blocked"


def outcome_of(reason: SkipReason) -> Outcome:
    match reason:
        case SkipReason.COALESCED:
            return Outcome.COALESCED
        case SkipReason.MISSED:
            return Outcome.MISSED
        case SkipReason.BLOCKED:
            return Outcome.BLOCKED
        case _:
            return Outcome.SKIPPED


class JobSkipped(Event):
    """An occurrence that did not become an execution, and why."""

    event_type: ClassVar[str] = "lamplighter.job.skipped.v1"

    job_id: Slug
    project: Slug = DEFAULT_PROJECT
    job_revision: int
    execution_id: str
    firing: Firing
    decided_at: Instant
    reason: SkipReason
    detail: str
    into: str = ""
    """The execution that it became part of, where it was gathered with others."""
    count: int = 1
    """How many occurrences this record stands for. The firing is the last of them."""
    first_at: Instant | None = None
    """The nominal instant of the first of them, where there are several."""


class JobQueued(Event):
    """An occurrence waits for its turn: for the end of an execution, or for its time in a catch-up."""

    event_type: ClassVar[str] = "lamplighter.job.queued.v1"

    job_id: Slug
    project: Slug = DEFAULT_PROJECT
    job_revision: int
    execution_id: str
    firing: Firing
    decided_at: Instant
    detail: str
    not_before: Instant | None = None


class BackfillRequested(Event):
    """Somebody asked for the occurrences of a past range. Kept where the job's triggers are."""

    event_type: ClassVar[str] = "lamplighter.backfill.requested.v1"

    kind: Literal["requested"] = "requested"
    backfill_id: str
    job_id: Slug
    after_at: Instant
    """Exclusive."""
    until_at: Instant
    """Inclusive."""
    instants: tuple[Instant, ...] = Field(default=(), max_length=1_000)
    """Chosen occurrences of the range, ascending. Empty for all that the schedule has there."""
    total: int
    max_parallel: int
    requested_at: Instant
    requested_by: str = ""


class BackfillCancelled(Event):
    """Somebody asked for the end of a backfill: what has not fired does not, what runs is cancelled."""

    event_type: ClassVar[str] = "lamplighter.backfill.cancelled.v1"

    kind: Literal["cancelled"] = "cancelled"
    backfill_id: str
    job_id: Slug
    requested_at: Instant
    requested_by: str = ""


BackfillOrder = Annotated[BackfillRequested | BackfillCancelled, Field(discriminator="kind")]
"""What is on the subject of a backfill."""


class JobBackfill(Event):
    """How a backfill stands: it began, every occurrence of it is over, or it was cancelled."""

    event_type: ClassVar[str] = "lamplighter.job.backfill.v1"

    backfill_id: str
    job_id: Slug
    project: Slug = DEFAULT_PROJECT
    phase: Literal["started", "completed", "cancelled"]
    at: Instant
    after_at: Instant
    until_at: Instant
    fired: int
    max_parallel: int
    requested_at: Instant
    requested_by: str = ""


class TriggerDecided(Event):
    """The mark that a trigger was dealt with, written in the batch that did it."""

    event_type: ClassVar[str] = "lamplighter.job.trigger-decided.v1"

    execution_id: str
    outcome: Literal["due", "queued", "skipped"]
    detail: str = ""
    into: str = ""
    """The execution that it became part of, where it was gathered with others."""
