"""What came due by schedule, as the steps that rule on each of it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from lamplighter_contracts.events import Firing, SkipReason, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import MissedPolicy
from lamplighter_planning.agenda import Lump, Passed
from lamplighter_planning.arrivals import rule
from lamplighter_planning.catchup import LISTED_MISSED, Late, sort_out
from lamplighter_planning.clock_words import length
from lamplighter_planning.course import Course
from lamplighter_planning.obstacles import Obstacle, pause_words, removed
from lamplighter_planning.rulings import Occurrence, Origin
from lamplighter_planning.timetable import Timetable

Step = tuple[datetime, Callable[[Course], None]]
"""Something to be ruled on, and the instant that gives it its place among the others."""


def overdue_steps(job: Job, over: Passed, times: Timetable, now: datetime) -> Iterator[Step]:
    """A step for every occurrence, or one for many where they share a record."""
    if over.paused is not None and job.pause is not None:
        yield _lump(job, over.paused, Obstacle(SkipReason.PAUSED, pause_words(job.pause)))
    live: list[datetime] = []
    for instant in over.listed:
        removal = times.removal(instant)
        if removal is None:
            live.append(instant)
        else:
            yield instant, partial(_skip, job, times, instant, removed(removal))
    late = sort_out(job.missed, live, times, now)
    yield from _missed(job, over.unlisted, late, times, now)
    for instant, starts_at in late.caught_up:
        yield instant, partial(_catch_up, job, times, instant, starts_at)
    if late.fires is not None:
        yield late.fires, partial(_rule, job, times, late.fires)


def _missed(job: Job, unlisted: Lump | None, late: Late, times: Timetable, now: datetime) -> Iterator[Step]:
    lump = _joined(unlisted, late.missed[:-LISTED_MISSED])
    if lump is not None:
        yield _lump(job, lump, Obstacle(SkipReason.MISSED, _lump_words(lump)))
    for instant in late.missed[-LISTED_MISSED:]:
        obstacle = Obstacle(SkipReason.MISSED, _missed_words(job, instant, late, times, now))
        yield instant, partial(_skip, job, times, instant, obstacle)


def _joined(unlisted: Lump | None, more: tuple[datetime, ...]) -> Lump | None:
    if not more:
        return unlisted
    if unlisted is None:
        return Lump(more[0], more[-1], len(more))
    return Lump(unlisted.first, more[-1], unlisted.count + len(more), unlisted.exact)


def _lump_words(lump: Lump) -> str:
    at_least = "" if lump.exact else "at least "
    return f"{at_least}{lump.count} occurrences up to this one came due while no scheduler was at work"


def _missed_words(job: Job, instant: datetime, late: Late, times: Timetable, now: datetime) -> str:
    since, decided = now - times.effective(instant), f"it was decided at {rfc3339(now)}"
    if job.missed.policy is not MissedPolicy.ALL and late.fires is not None:
        return f"{decided}, when a later occurrence was due as well"
    if since > late.tolerance:
        return f"it was decided {length(since)} late, and the job allows {length(late.tolerance)} at most"
    count = len(late.caught_up)
    return f"{decided}, and the job catches up with the latest {'one' if count == 1 else count} only"


def _lump(job: Job, lump: Lump, obstacle: Obstacle) -> Step:
    first_at = lump.first if lump.count > 1 else None
    occurrence = Occurrence(*_identity(job.job_id, lump.last), Origin.SCHEDULE)
    return lump.last, partial(
        Course.skip, occurrence=occurrence, obstacle=obstacle, count=lump.count, first_at=first_at
    )


def _skip(job: Job, times: Timetable, instant: datetime, obstacle: Obstacle, course: Course) -> None:
    course.skip(scheduled(job, times, instant), obstacle)


def _rule(job: Job, times: Timetable, instant: datetime, course: Course) -> None:
    rule(course, scheduled(job, times, instant))


def _catch_up(job: Job, times: Timetable, instant: datetime, starts_at: datetime, course: Course) -> None:
    detail = f"it was missed; the job catches up with one every {job.missed.every_seconds} s"
    course.queue(scheduled(job, times, instant, caught_up=True), "", detail, starts_at)


def scheduled(job: Job, times: Timetable, instant: datetime, *, caught_up: bool = False) -> Occurrence:
    identity, firing = _identity(job.job_id, instant)
    effective = None if job.spread.is_none else times.effective(instant)
    if effective is not None or caught_up:
        firing = firing.model_copy(update={"effective_at": effective, "caught_up": caught_up})
    return Occurrence(identity, firing, Origin.SCHEDULE)


def _identity(job_id: str, instant: datetime) -> tuple[str, Firing]:
    key = rfc3339(instant)
    return execution_id(instant, job_id, key), Firing(kind=TriggerKind.SCHEDULE, key=key, nominal_at=instant)
