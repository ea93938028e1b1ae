"""The gate of a job: what has been decided, what runs, and what waits."""

from typing import Any

from pydantic import Field, model_validator

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.jobs import ScheduleTrigger


class Running(Model):
    """An execution that was admitted and is not known to be over."""

    since: Instant
    """When it became due."""
    lane: str = ""
    backfill_id: str = ""
    stopping: str = ""
    """Why it was asked to stop, where it was."""

    @model_validator(mode="before")
    @classmethod
    def _read_bare_instant(cls, data: Any) -> Any:
        """A gate that was written before there were lanes says only since when."""
        return data if isinstance(data, dict | Running) else {"since": data}


class Waiting(Model):
    """An occurrence that fires once there is room for it, and not before its time."""

    execution_id: str
    kind: TriggerKind
    key: str
    nominal_at: Instant
    effective_at: Instant | None = None
    since: Instant
    """When it was decided that it waits. The trigger it came from can be read back for 72 hours."""
    not_before: Instant | None = None
    lane: str = ""
    caught_up: bool = False
    gathers: bool = False
    """Whether others of its group join it, as long as it waits. Until `not_before` it waits for nothing else."""
    group: str = ""
    """What they are gathered by; empty where all are of one kind."""
    joined: tuple[str, ...] = ()
    """The keys of their triggers, as they stand in subjects (`ids.subject_token`), in the order of arrival."""


class Backfill(Model):
    """The occurrences of a past range, fired from `cursor` on as fast as `max_parallel` allows."""

    backfill_id: str
    schedules: tuple[ScheduleTrigger, ...]
    timezone: str
    """Schedules and zone as they were when it was asked for."""
    after_at: Instant
    until_at: Instant
    cursor: Instant
    """The last instant that was dealt with; `after_at` to begin with."""
    instants: tuple[Instant, ...] = ()
    """Chosen occurrences, ascending. Empty for all of the range."""
    max_parallel: int
    fired: int = 0
    requested_at: Instant
    requested_by: str = ""


class Previous(Model):
    """The last execution that completed, for prompts that refer to it."""

    execution_id: str
    finished_at: Instant
    result: str = ""


class Gate(Model):
    """Written only with compare-and-set, in the same batch as what it admits."""

    job_id: Slug
    cursor: Instant | None = None
    """The last scheduled occurrence decided. Nothing at or before it is decided again."""
    running: dict[str, Running] = Field(default_factory=dict)
    """By execution id. Empty where nothing bounds how many run."""
    waiting: tuple[Waiting, ...] = ()
    """In the order in which they fire."""
    backfills: tuple[Backfill, ...] = ()
    runs: int = 0
    """How often the schedule has fired since `counted_from`. Counted where the job bounds it."""
    counted_from: Instant | None = None
    exhausted: bool = False
    """Whether it has fired as often as it might. What came due until the job was changed is none of its occurrences."""
    previous: Previous | None = None
    """Kept where the job's prompt refers to it."""
