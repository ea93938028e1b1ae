"""The occurrences of a past range, fired as fast as the backfill's own bound allows."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Literal

from lamplighter_contracts.events import BackfillRequested, Firing, JobBackfill, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Backfill, Gate
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_planning.capacity import is_full
from lamplighter_planning.course import Course
from lamplighter_planning.lanes import backfill_running, has_backfill_room
from lamplighter_planning.obstacles import deleted
from lamplighter_planning.rulings import Occurrence, Origin
from lamplighter_planning.timetable import Timetable, read_schedules
from lamplighter_schedules import next_after

LOOKED_AT = 2_000
"""Occurrences that one decision passes over, because calendars leave them out."""

MOST_BACKFILLS = 4
"""Of one job at a time: its gate is one message."""


def begin(course: Course, asked: BackfillRequested) -> JobBackfill:
    """The job may be gone, or have too many of them: then nothing of it fires."""
    backfill = Backfill(
        backfill_id=asked.backfill_id,
        schedules=course.job.schedules if course.job else (),
        timezone=course.job.timezone if course.job else "UTC",
        after_at=asked.after_at,
        until_at=asked.until_at,
        cursor=asked.after_at,
        instants=asked.instants,
        max_parallel=asked.max_parallel,
        requested_at=asked.requested_at,
        requested_by=asked.requested_by,
    )
    if deleted(course.job) is not None or _is_crowded(course.gate):
        return told(course, backfill, "cancelled")
    course.become(backfills=(*course.gate.backfills, backfill))
    return told(course, backfill, "started")


def _is_crowded(gate: Gate) -> bool:
    return len(gate.backfills) >= MOST_BACKFILLS or is_full(gate)


def cancel(course: Course, backfill_id: str, why: str) -> Iterator[JobBackfill]:
    """What has not fired does not, and what runs is cancelled."""
    for backfill in [b for b in course.gate.backfills if b.backfill_id == backfill_id]:
        for execution in [e for e, r in course.gate.running.items() if r.backfill_id == backfill_id]:
            course.stop(execution, why)
        _drop(course, backfill)
        yield told(course, backfill, "cancelled")


def fill(course: Course, times: Timetable) -> Iterator[JobBackfill]:
    """Fire what there is room for. A backfill of which nothing is left and nothing runs is complete."""
    for backfill in course.gate.backfills:
        filled = _fired(course, backfill, times)
        if is_left(filled) or backfill_running(course.gate, filled):
            kept = (filled if b is backfill else b for b in course.gate.backfills)
            course.become(backfills=tuple(kept))
        else:
            _drop(course, filled)
            yield told(course, filled, "completed")


def _fired(course: Course, backfill: Backfill, times: Timetable) -> Backfill:
    """The backfill after what fires of it now."""
    for instant in islice(pending(backfill), LOOKED_AT):
        if not _has_room(course, backfill):
            return backfill
        if times.removal(instant) is None:
            if not course.has_spare():
                return backfill
            fires = course.fire(occurrence(course.gate.job_id, backfill, instant))
            backfill = backfill.model_copy(update={"fired": backfill.fired + fires})
        backfill = backfill.model_copy(update={"cursor": instant})
    course.unfinished |= is_left(backfill) and _has_room(course, backfill)
    return backfill


def _has_room(course: Course, backfill: Backfill) -> bool:
    return has_backfill_room(course.gate, backfill) and not is_full(course.gate)


def is_left(backfill: Backfill) -> bool:
    """Whether anything of it has still to fire."""
    return next(pending(backfill), None) is not None


def pending(backfill: Backfill) -> Iterator[datetime]:
    """The nominal instants that are left, ascending."""
    if backfill.instants:
        yield from (instant for instant in backfill.instants if instant > backfill.cursor)
        return
    schedules = read_schedules(backfill.schedules, backfill.timezone)
    instant = next_after(schedules, backfill.cursor)
    while instant is not None and instant <= backfill.until_at:
        yield instant
        instant = next_after(schedules, instant)


def occurrence(job_id: str, backfill: Backfill, instant: datetime) -> Occurrence:
    """Its id tells when the backfill was asked for: it belongs among what happened then."""
    key = f"{backfill.backfill_id}:{rfc3339(instant)}"
    firing = Firing(
        kind=TriggerKind.BACKFILL,
        key=key,
        nominal_at=instant,
        backfill_id=backfill.backfill_id,
        triggered_by=backfill.requested_by,
    )
    return Occurrence(execution_id(backfill.requested_at, job_id, key), firing, Origin.BACKFILL)


def _drop(course: Course, backfill: Backfill) -> None:
    left = (b for b in course.gate.backfills if b.backfill_id != backfill.backfill_id)
    course.become(backfills=tuple(left))


def told(
    course: Course, backfill: Backfill, phase: Literal["started", "completed", "cancelled"]
) -> JobBackfill:
    return JobBackfill(
        backfill_id=backfill.backfill_id,
        job_id=course.gate.job_id,
        project=course.job.project if course.job else DEFAULT_PROJECT,
        phase=phase,
        at=course.now,
        after_at=backfill.after_at,
        until_at=backfill.until_at,
        fired=backfill.fired,
        max_parallel=backfill.max_parallel,
        requested_at=backfill.requested_at,
        requested_by=backfill.requested_by,
    )
