"""What is in the way of an occurrence, apart from what runs: the first thing found."""

import json
from datetime import datetime
from typing import NamedTuple

from lamplighter_contracts.events import Firing, SkipReason, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_contracts.timing import Pause
from lamplighter_planning.agenda import is_exhausted
from lamplighter_schedules import Removal

LARGEST_DUE = LARGEST_RECORD = MESSAGE_LIMIT - 2 * 1024
"""Of job, prompt and firing in one message, or of firing and detail, with room for what is around them."""

_DELIBERATE = (TriggerKind.MANUAL, TriggerKind.BACKFILL)
"""A person's act: it runs a paused job too."""

_REASONS = {
    "date": SkipReason.EXCLUDED_DATE,
    "blackout": SkipReason.BLACKOUT,
    "calendar": SkipReason.CALENDAR,
}


class Obstacle(NamedTuple):
    reason: SkipReason
    detail: str


def deleted(job: Job | None) -> Obstacle | None:
    if job is None:
        return Obstacle(SkipReason.DELETED, "no such job is known")
    if job.deleted_at is not None:
        return Obstacle(SkipReason.DELETED, f"the job was deleted at {rfc3339(job.deleted_at)}")
    return None


def standing(job: Job | None, gate: Gate, firing: Firing, now: datetime) -> Obstacle | None:
    """What forbids the firing, whatever runs."""
    gone = deleted(job)
    if gone is not None or job is None:
        return gone
    if job.pause is not None and job.pause.covers(now) and firing.kind not in _DELIBERATE:
        return Obstacle(SkipReason.PAUSED, pause_words(job.pause))
    if firing.kind is TriggerKind.SCHEDULE and is_exhausted(job, gate):
        return Obstacle(SkipReason.EXHAUSTED, exhausted_words(job))
    return None


def pause_words(pause: Pause) -> str:
    """`the job was paused by ann at 2026-03-01T09:00:00Z until 2026-03-02T09:00:00Z: maintenance`."""
    by = f" by {pause.paused_by}" if pause.paused_by else ""
    until = f" until {rfc3339(pause.ends_at)}" if pause.ends_at else ""
    note = f": {pause.note}" if pause.note else ""
    return f"the job was paused{by} at {rfc3339(pause.paused_at)}{until}{note}"


def exhausted_words(job: Job) -> str:
    most = job.window.max_runs
    return f"the schedule has fired {'once' if most == 1 else f'{most} times'}, as often as it may"


def removed(removal: Removal) -> Obstacle:
    return Obstacle(_REASONS[removal.reason], removal.detail)


def too_large(job: Job, firing: Firing, prompt: str) -> Obstacle | None:
    """Whether all of it does not fit into one message. A job alone always does: it is bounded when it is saved."""
    if firing.payload is None and not prompt:
        return None
    parts = (job.model_dump_json(), firing.model_dump_json(), json.dumps(prompt, ensure_ascii=False))
    size = sum(len(part.encode()) for part in parts)
    if size <= LARGEST_DUE:
        return None
    detail = f"job and payload together have {size:,} bytes, at most {LARGEST_DUE:,} fit into one message"
    return Obstacle(SkipReason.TOO_LARGE, detail)


def is_recordable(firing: Firing, detail: str) -> bool:
    """Whether the record of what did not run has room for the payload."""
    if firing.payload is None:
        return True
    parts = (firing.model_dump_json(), json.dumps(detail, ensure_ascii=False))
    return sum(len(part.encode()) for part in parts) <= LARGEST_RECORD
