"""Whose turn it is of those that wait: once there is room, and not before their time."""

from collections.abc import Iterator, Mapping

from lamplighter_contracts.events import JobTriggered, SkipReason
from lamplighter_contracts.gates import Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.catchup import PUNCTUAL
from lamplighter_planning.course import Course, occurrence_of
from lamplighter_planning.lanes import admissible, is_parked, queue_of
from lamplighter_planning.obstacles import Obstacle, deleted
from lamplighter_planning.rulings import Occurrence, Queued

Parked = Mapping[str, JobTriggered | None]
"""The triggers that were read back, by key. None for one that is forgotten."""


def take_turns(course: Course, parked: Parked) -> None:
    """Fire what waited and has room and time now. Nothing of a deleted job waits any longer."""
    if not course.gate.waiting:
        return
    gone = deleted(course.job)
    if gone is not None or course.job is None:
        _dismiss(course, gone)
        return
    if course.job.concurrency.overlap is Overlap.REPLACE:
        for lane in dict.fromkeys(waiting.lane for waiting in course.gate.waiting if not waiting.caught_up):
            _supersede(course, lane)
    # What does not fire after all leaves its room to the next.
    while ready := list(_ready(course, course.job, parked)):
        for waiting in ready:
            if not course.has_spare():
                return
            _admit(course, waiting, parked)
    course.unfinished |= any(admissible(course.job, course.gate, (), course.now))


def _dismiss(course: Course, gone: Obstacle | None) -> None:
    assert gone is not None
    for waiting in course.gate.waiting:
        if not course.has_spare():
            return
        course.leave(waiting)
        course.skip(occurrence_of(waiting), gone)


def _supersede(course: Course, lane: str) -> None:
    """Of those that wait in the lane only the newest stays."""
    *older, newest = queue_of(course.gate, lane)
    detail = f"execution {newest.execution_id}, which is newer, took its place"
    for waiting in older:
        came = _taken_back(course, waiting)
        if came is None and not course.has_spare():
            return
        course.leave(waiting)
        course.skip(came or occurrence_of(waiting), Obstacle(SkipReason.REPLACED, detail))


def _taken_back(course: Course, waiting: Waiting) -> Occurrence | None:
    """One that began to wait in this very course, as it came: it gets one record, not two."""
    for place, ruling in enumerate(course.rulings):
        if isinstance(ruling, Queued) and ruling.occurrence.execution_id == waiting.execution_id:
            del course.rulings[place]
            return ruling.occurrence
    return None


def _ready(course: Course, job: Job, parked: Parked) -> Iterator[Waiting]:
    """One whose trigger was not read back keeps its place until it is."""
    for waiting in admissible(job, course.gate, (), course.now):
        if not is_parked(waiting) or waiting.key in parked:
            yield waiting


def _admit(course: Course, waiting: Waiting, parked: Parked) -> None:
    """It fires, unless something else came into its way."""
    course.leave(waiting)
    occurrence = _as_it_came(waiting, parked)
    if occurrence is None:
        why = "it waited until what started it was forgotten"
        course.skip(occurrence_of(waiting), Obstacle(SkipReason.EXPIRED, why))
        return
    obstacle = course.obstacle(occurrence.firing)
    if obstacle is not None:
        course.skip(occurrence, obstacle)
    elif course.fire(occurrence, waiting.lane):
        _keep_pace(course, waiting)


def _as_it_came(waiting: Waiting, parked: Parked) -> Occurrence | None:
    if not is_parked(waiting):
        return occurrence_of(waiting)
    trigger = parked[waiting.key]
    return occurrence_of(waiting, trigger.firing) if trigger else None


def _keep_pace(course: Course, started: Waiting) -> None:
    """What is caught up with later than it may puts off the others as much: they would start all at once."""
    if started.not_before is None or course.now - started.not_before <= PUNCTUAL:
        return
    late = course.now - started.not_before
    course.become(
        waiting=tuple(
            w.model_copy(update={"not_before": w.not_before + late}) if w.not_before else w
            for w in course.gate.waiting
        )
    )
