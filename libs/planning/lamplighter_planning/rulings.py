"""What is asked of a job, what is known of it, and what is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from lamplighter_contracts.events import BackfillOrder, Firing, JobBackfill, JobTriggered, SkipReason
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_planning.timetable import NOWHERE, Surroundings


@dataclass(frozen=True)
class Ended:
    """An execution is over. `result` is what it said where it completed, else None."""

    execution_id: str
    finished_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True)
class Asked:
    """What came in for one job. `repeated` are the keys of triggers and orders that were delivered before."""

    job_id: str
    ticked: bool = False
    triggers: tuple[JobTriggered, ...] = ()
    orders: tuple[BackfillOrder, ...] = ()
    ended: tuple[Ended, ...] = ()
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Body:
    """A body that was too large for a message, as it was read back; or why there is nothing of it."""

    payload: Any = None
    gone: str = ""


@dataclass(frozen=True)
class Situation:
    """A job as it stands. `job` is None where the catalog has none; `decided` are the keys that have a mark.
    `outlived` are marks, by key, of starts that are forgotten: the same key starts something again.

    `parked` holds the triggers of those that wait and may fire now: None for one that is forgotten. `joined` holds,
    by token, those that were gathered with them: None also for one that found no room. `bodies` are by name.
    """

    job_id: str
    job: Job | None
    gate: Gate
    gate_sequence: int = 0
    gate_written_at: datetime | None = None
    decided: frozenset[str] = frozenset()
    outlived: Mapping[str, int] = field(default_factory=dict)
    around: Surroundings = NOWHERE
    parked: Mapping[str, JobTriggered | None] = field(default_factory=dict)
    joined: Mapping[str, JobTriggered | None] = field(default_factory=dict)
    bodies: Mapping[str, Body] = field(default_factory=dict)


class Origin(Enum):
    """Where an occurrence comes from, which says what guards it from being decided twice."""

    SCHEDULE = auto()
    """The gate's cursor passes it."""
    TRIGGER = auto()
    """Its mark is written with the decision."""
    WAITING = auto()
    """The gate loses it."""
    BACKFILL = auto()
    """The backfill's cursor passes it."""


@dataclass(frozen=True)
class Occurrence:
    """Something that may become an execution."""

    execution_id: str
    firing: Firing
    origin: Origin


@dataclass(frozen=True)
class Due:
    """`prompt` is empty where it is the job's own, as it stands there. `gated`: the gate waits for its end."""

    occurrence: Occurrence
    gated: bool
    lane: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Queued:
    occurrence: Occurrence
    detail: str
    lane: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True)
class Skipped:
    """Stands for `count` occurrences, of which `occurrence` is the last. `into` is what it was gathered into."""

    occurrence: Occurrence
    reason: SkipReason
    detail: str
    count: int = 1
    first_at: datetime | None = None
    into: str = ""


Ruling = Due | Queued | Skipped


@dataclass(frozen=True)
class Decision:
    """`gate` is None where it stays as it is. `marks` are the backfill orders that are dealt with, `stops` the
    executions to be cancelled. `unfinished`: it was too much for one batch, and the job is to be asked again."""

    gate: Gate | None = None
    rulings: tuple[Ruling, ...] = ()
    backfills: tuple[JobBackfill, ...] = ()
    marks: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    unfinished: bool = False
