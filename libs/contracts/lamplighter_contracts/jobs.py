"""A job: what (a prompt), when (triggers), who (an executor), and within which limits."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from lamplighter_contracts.agents import Capability
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, DEFAULT_QUEUE
from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Prompt, Slug
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.reasons import TRANSIENT, Failed
from lamplighter_contracts.timing import Concurrency, Exclusions, Missed, Pause, Spread, Window

WEBHOOK_PATH = r"^/[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*$"
WebhookPath = Annotated[str, StringConstraints(pattern=WEBHOOK_PATH, max_length=200)]
Schedule = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ScheduleTrigger(Model):
    """Fires at the instants of a cron expression, a preset, `@every` or `@at`, read in the job's time zone."""

    kind: Literal["schedule"] = "schedule"
    schedule: Schedule
    seconds: bool = False
    """Whether a cron expression may have six fields, seconds first."""


class Producer(StrEnum):
    """How deliveries are signed. `auto`: by whichever of these the delivery itself shows."""

    AUTO = "auto"
    GITHUB = "github"
    GITLAB = "gitlab"
    STRIPE = "stripe"
    SLACK = "slack"
    STANDARD = "standard"
    BEARER = "bearer"


LONGEST_CEL = 2_000
CelText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_CEL)]
"""An expression in CEL over `headers` and `payload`; empty for none."""
EventName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class WebhookTrigger(Model):
    """Fires for each delivery to `path`. The signing secret is derived, never stored: see the gateway."""

    kind: Literal["webhook"] = "webhook"
    path: WebhookPath
    producer: Producer = Producer.AUTO
    events: tuple[EventName, ...] = Field(default=(), max_length=64)
    """The producer's names of the events that start it; `issues.*` stands for all that begin so. Empty: every one."""
    filter: CelText = ""
    """Starts it where this is true."""
    gather_seconds: int | None = Field(default=None, ge=1, le=3_600)
    """Deliveries that come within so long after the first of their kind start one execution together."""
    gather_by: CelText = ""
    """Of which kind a delivery is, as text or a number; empty: all are of one."""
    rate_per_minute: int | None = Field(default=None, ge=1, le=1_000_000)
    """How many genuine deliveries are taken; more are told when to come again. None: as the gateway is set."""
    secret_generation: int = 1
    previous_generation: int | None = None
    previous_until: Instant | None = None
    """Until then the secret before is good too, where it was rotated so."""


Trigger = Annotated[ScheduleTrigger | WebhookTrigger, Field(discriminator="kind")]


class AgentExecutor(Model):
    kind: Literal["agent"] = "agent"
    agent_id: Slug


class TeamExecutor(Model):
    kind: Literal["team"] = "team"
    team_id: Slug


class SmartExecutor(Model):
    """Whoever fits best, chosen when the job fires."""

    kind: Literal["smart"] = "smart"
    capabilities: tuple[Capability, ...] = Field(default=(), max_length=16)
    """Tags that the agent must have, all of them."""
    fallback: Slug | None = None
    """The agent that takes it where nobody fits clearly. None: it is blocked then, as `needs_choice`."""


Executor = Annotated[AgentExecutor | TeamExecutor | SmartExecutor, Field(discriminator="kind")]


LONGEST_RUN = timedelta(hours=24)
"""The largest time limit that a job may have. How long states stay on the bus is derived from it."""


JOB_LIMIT = 128 * 1024
"""The most bytes that a job may have as JSON."""


class Limits(Model):
    """Of one execution, beside those of its agent: the lower ones hold."""

    timeout_seconds: int = Field(default=1_800, ge=1, le=int(LONGEST_RUN.total_seconds()))
    tokens: int | None = Field(default=None, ge=1)
    cost: float | None = Field(default=None, gt=0)
    """US dollars."""
    tool_calls: int | None = Field(default=None, ge=0)


LONGEST_BACKOFF = timedelta(hours=6)


class Retry(Model):
    """When an attempt that failed is followed by another.

    The death of a worker is another matter: it is always followed by an attempt, within the dispatchers' own bound,
    unless the attempt has had effects and `after_effects` is not set.
    """

    attempts: int = Field(default=3, ge=1, le=20)
    """In all, the first among them."""
    first_seconds: float = Field(default=10, ge=0, le=LONGEST_BACKOFF.total_seconds())
    factor: float = Field(default=3, ge=1, le=10)
    """By which each wait is longer than the one before it."""
    most_seconds: float = Field(default=600, ge=0, le=LONGEST_BACKOFF.total_seconds())
    on: tuple[Failed, ...] = TRANSIENT
    """Which ends are tried again."""
    after_effects: bool = False
    """Also where the attempt reported effects: the next one is told of them."""


LONGEST_APPROVAL = timedelta(hours=70)
"""A due event lives for 72 hours, and brings an approval that nobody gave to its end."""


class Approvals(Model):
    """How long an action of this job waits for a person's word. Silence is a denial."""

    wait_seconds: int = Field(default=86_400, ge=5, le=int(LONGEST_APPROVAL.total_seconds()))


class JobSpec(Model):
    """What a person may say of a job. Without a trigger it starts by hand only; by hand it always may."""

    name: Name
    project: Slug = DEFAULT_PROJECT
    """Chosen when it is made, and never changed."""
    prompt: Prompt
    description: Description = ""
    enabled: bool = True
    """Whether it runs by its triggers unless told otherwise: `Job.pause` says since when and until when it does not."""
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=16)
    executor: Executor
    timezone: str = "UTC"
    environment: Slug = DEFAULT_ENVIRONMENT
    inherits_environment: bool = False
    """Whether it is that of its executor, and follows it; nobody named one."""
    concurrency: Concurrency = Concurrency()
    missed: Missed = Missed()
    window: Window = Window()
    exclusions: Exclusions = Exclusions()
    spread: Spread = Spread()
    limits: Limits = Limits()
    retry: Retry = Retry()
    approvals: Approvals = Approvals()
    secrets: tuple[EnvName, ...] = Field(default=(), max_length=64)
    """Names of the environment's secrets that its executions are given, as variables."""
    variables: dict[EnvName, str] = Field(default_factory=dict)

    @property
    def schedules(self) -> tuple[ScheduleTrigger, ...]:
        return tuple(t for t in self.triggers if isinstance(t, ScheduleTrigger))

    @property
    def webhook(self) -> WebhookTrigger | None:
        return next((t for t in self.triggers if isinstance(t, WebhookTrigger)), None)


class Job(JobSpec):
    job_id: Slug
    queue: Slug = DEFAULT_QUEUE
    """The worker queue of the job's environment."""
    created_at: Instant
    updated_at: Instant
    scheduled_from: Instant
    """Occurrences at or before this were never this schedule's: set when it is made or changed, or restored."""
    pause: Pause | None = None
    """The pause that lasts, or else the last one there was."""
    created_by: str = ""
    deleted_at: Instant | None = None
    revision: int = 0
    """The catalog's sequence of this revision: the ETag. Set when read, 0 in what is being written."""

    @model_validator(mode="before")
    @classmethod
    def _pause_what_is_disabled(cls, data: Any) -> Any:
        """A job that was disabled before pauses were told of says no more than that."""
        if isinstance(data, dict) and data.get("enabled") is False and data.get("pause") is None:
            return {**data, "pause": {"paused_at": data.get("updated_at")}}
        return data

    @property
    def is_scheduled(self) -> bool:
        """Whether it has occurrences at all, paused or not."""
        return self.deleted_at is None and bool(self.schedules)

    def paused_at(self, instant: Instant) -> bool:
        """Whether it does not run by its triggers at `instant`."""
        return self.pause is not None and self.pause.covers(instant)
