"""What becomes of everything that was asked of a job: due, waiting, or skipped and why.

Scheduled occurrences are decided once because the gate's cursor passes them, triggers and orders because of their
mark, what waits because the gate loses it, and ends because the execution is gone from the gate.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested, JobBackfill
from lamplighter_planning import arrivals, backfills, gathering, obstacles
from lamplighter_planning.agenda import begins, is_exhausted, is_released, passed
from lamplighter_planning.catchup import kept
from lamplighter_planning.course import Course
from lamplighter_planning.overdue import Step, overdue_steps
from lamplighter_planning.rulings import Asked, Decision, Occurrence, Origin, Situation
from lamplighter_planning.timetable import timetable
from lamplighter_planning.turns import take_turns


def decide(situation: Situation, asked: Asked, now: datetime) -> Decision:
    """Ends first, since they make room; then what waits, and groups whose time has come; then everything due, in the
    order of its instants.

    Raises `ScheduleError` where occurrences are to be found and the schedule cannot be read.
    """
    course = Course(situation.job, situation.gate, now, situation.bodies)
    course.end(asked.ended)
    take_turns(course, situation)
    gathering.end_gathering(course)
    _take_due(course, situation, asked)
    # What was caught up with may start at once.
    take_turns(course, situation)
    course.unfinished |= gathering.has_gathered(course)
    told = (*_ordered(course, situation, asked), *_filled(course, situation))
    return Decision(
        gate=course.gate if course.gate != situation.gate else None,
        rulings=tuple(course.rulings),
        backfills=told,
        marks=tuple(sorted(_marked(situation, asked))),
        stops=tuple(course.stops),
        unfinished=course.unfinished,
    )


def _take_due(course: Course, situation: Situation, asked: Asked) -> None:
    steps = [*_triggered(situation, asked), *(_scheduled(course, situation) if asked.ticked else ())]
    for _, take in sorted(steps, key=lambda step: step[0]):
        take(course)


def _triggered(situation: Situation, asked: Asked) -> Iterator[Step]:
    """One occurrence a key, however often it was delivered."""
    for trigger in {t.key: t for t in asked.triggers if t.key not in situation.decided}.values():
        occurrence = Occurrence(trigger.execution_id, trigger.firing, Origin.TRIGGER)
        if trigger.gather_until is None:
            yield trigger.accepted_at, partial(arrivals.rule, occurrence=occurrence)
        else:
            yield trigger.accepted_at, partial(gathering.gather, occurrence=occurrence, trigger=trigger)


def _scheduled(course: Course, situation: Situation) -> Iterator[Step]:
    """What came due by schedule. The cursor passes all of it."""
    job = situation.job
    if job is None or not job.is_scheduled:
        return
    times = timetable(job, job.job_id, situation.around)
    over = passed(job, situation.gate, times, course.now, kept(job.missed))
    cursor = over.cursor or (begins(job, course.gate) if is_released(job, course.gate) else None)
    if cursor is not None:
        course.become(cursor=cursor, exhausted=is_exhausted(job, course.gate))
        yield from overdue_steps(job, over, times, course.now)


def _new_orders(situation: Situation, asked: Asked) -> list[BackfillRequested]:
    fresh = {o.backfill_id: o for o in asked.orders if isinstance(o, BackfillRequested)}
    return [order for order in fresh.values() if order.backfill_id not in situation.decided]


def _marked(situation: Situation, asked: Asked) -> set[str]:
    """The backfills that are dealt with: also one whose end was heard of before its beginning, which never begins."""
    begun = {backfill.backfill_id for backfill in situation.gate.backfills}
    return {order.backfill_id for order in asked.orders} - begun - situation.decided


def _ordered(course: Course, situation: Situation, asked: Asked) -> Iterator[JobBackfill]:
    for request in _new_orders(situation, asked):
        yield backfills.begin(course, request)
    for order in asked.orders:
        if isinstance(order, BackfillCancelled):
            yield from backfills.cancel(course, order.backfill_id, f"cancelled by {order.requested_by}")


def _filled(course: Course, situation: Situation) -> Iterator[JobBackfill]:
    if not course.gate.backfills:
        return
    job = situation.job
    if job is None or obstacles.deleted(job) is not None:
        for backfill in course.gate.backfills:
            yield from backfills.cancel(course, backfill.backfill_id, "the job was deleted")
    else:
        yield from backfills.fill(course, timetable(job, job.job_id, situation.around))
