"""A job: what (a prompt), when (triggers), who (an executor), and within which limits."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, DEFAULT_QUEUE
from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Prompt, Slug

WEBHOOK_PATH = r"^/[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*$"
WebhookPath = Annotated[str, StringConstraints(pattern=WEBHOOK_PATH, max_length=200)]
Schedule = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ScheduleTrigger(Model):
    """Fires at the instants of a cron expression or preset, read in the job's time zone."""

    kind: Literal["schedule"] = "schedule"
    schedule: Schedule


class WebhookTrigger(Model):
    """Fires for each delivery to `path`. The signing secret is derived, never stored: see the gateway."""

    kind: Literal["webhook"] = "webhook"
    path: WebhookPath
    secret_generation: int = 1


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


Executor = Annotated[AgentExecutor | TeamExecutor | SmartExecutor, Field(discriminator="kind")]


class Overlap(StrEnum):
    """What happens to a firing while an execution of the job still runs."""

    SKIP = "skip"
    ALLOW = "allow"


LONGEST_RUN = timedelta(hours=24)
"""The largest time limit that a job may have. How long states stay on the bus is derived from it."""


JOB_LIMIT = 128 * 1024
"""The most bytes that a job may have as JSON."""


class Limits(Model):
    timeout_seconds: int = Field(default=1_800, ge=1, le=int(LONGEST_RUN.total_seconds()))


class JobSpec(Model):
    """What a person may say of a job. Without a trigger it starts by hand only; by hand it always may."""

    name: Name
    prompt: Prompt
    description: Description = ""
    enabled: bool = True
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=16)
    executor: Executor
    timezone: str = "UTC"
    environment: Slug = DEFAULT_ENVIRONMENT
    overlap: Overlap = Overlap.SKIP
    limits: Limits = Limits()
    variables: dict[EnvName, str] = Field(default_factory=dict)

    @property
    def schedules(self) -> tuple[str, ...]:
        return tuple(t.schedule for t in self.triggers if isinstance(t, ScheduleTrigger))

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
    """Occurrences at or before this were never this schedule's: set when it is made, changed or enabled."""
    created_by: str = ""
    deleted_at: Instant | None = None
    revision: int = 0
    """The catalog's sequence of this revision: the ETag. Set when read, 0 in what is being written."""

    @property
    def runs_by_schedule(self) -> bool:
        return self.enabled and self.deleted_at is None and bool(self.schedules)
