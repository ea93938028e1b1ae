"""Whose turn it is of those that wait: once there is room, and not before their time."""

from collections.abc import Iterator

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.gates import Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.catchup import PUNCTUAL
from lamplighter_planning.course import Course, occurrence_of
from lamplighter_planning.gathering import gathered
from lamplighter_planning.lanes import admissible, is_in_line, is_parked, queue_of
from lamplighter_planning.obstacles import Obstacle, deleted
from lamplighter_planning.rulings import Occurrence, Queued, Situation


def take_turns(course: Course, situation: Situation) -> None:
    """Fire what waited and has room and time now. Nothing of a deleted job waits any longer."""
    if not course.gate.waiting:
        return
    gone = deleted(course.job)
    if gone is not None or course.job is None:
        _dismiss(course, gone)
        return
    if course.job.concurrency.overlap is Overlap.REPLACE:
        for lane in dict.fromkeys(waiting.lane for waiting in course.gate.waiting if is_in_line(waiting)):
            _supersede(course, lane)
    # What does not fire after all leaves its room to the next.
    while ready := list(_ready(course, course.job, situation)):
        for waiting in ready:
            if not course.has_spare():
                return
            _admit(course, waiting, situation)
    course.unfinished |= any(admissible(course.job, course.gate, (), course.now))


def _dismiss(course: Course, gone: Obstacle | None) -> None:
    assert gone is not None
    for waiting in course.gate.waiting:
        if not course.has_spare():
            return
        course.give_up(waiting, gone)


def _supersede(course: Course, lane: str) -> None:
    """Of those that wait in the lane only the newest stays."""
    *older, newest = queue_of(course.gate, lane)
    detail = f"execution {newest.execution_id}, which is newer, took its place"
    for waiting in older:
        came = _taken_back(course, waiting)
        if came is None and not course.has_spare():
            return
        course.give_up(waiting, Obstacle(SkipReason.REPLACED, detail), came)


def _taken_back(course: Course, waiting: Waiting) -> Occurrence | None:
    """One that began to wait in this very course, as it came: it gets one record, not two."""
    for place, ruling in enumerate(course.rulings):
        if isinstance(ruling, Queued) and ruling.occurrence.execution_id == waiting.execution_id:
            del course.rulings[place]
            return ruling.occurrence
    return None


def _ready(course: Course, job: Job, situation: Situation) -> Iterator[Waiting]:
    """One whose triggers were not read back keeps its place until they are."""
    for waiting in admissible(job, course.gate, (), course.now):
        if not is_parked(waiting) or (
            waiting.key in situation.parked and situation.joined.keys() >= set(waiting.joined)
        ):
            yield waiting


def _admit(course: Course, waiting: Waiting, situation: Situation) -> None:
    """It fires, unless something else came into its way."""
    occurrence = _as_it_came(course, waiting, situation)
    if occurrence is None:
        why = "it waited until what started it was forgotten"
        course.give_up(waiting, Obstacle(SkipReason.EXPIRED, why))
        return
    obstacle = course.obstacle(occurrence.firing)
    if obstacle is not None:
        course.give_up(waiting, obstacle, occurrence)
        return
    course.leave(waiting)
    if course.fire(occurrence, waiting.lane):
        _keep_pace(course, waiting)


def _as_it_came(course: Course, waiting: Waiting, situation: Situation) -> Occurrence | None:
    """None where it is forgotten."""
    if not is_parked(waiting):
        return occurrence_of(waiting)
    trigger = situation.parked[waiting.key]
    if not waiting.gathers:
        return occurrence_of(waiting, trigger.firing) if trigger else None
    assert course.job is not None
    firing = gathered(course.job, waiting, trigger, situation)
    return occurrence_of(waiting, firing) if firing else None


def _keep_pace(course: Course, started: Waiting) -> None:
    """What is caught up with later than it may puts off the others as much: they would start all at once."""
    if not started.caught_up or started.not_before is None or course.now - started.not_before <= PUNCTUAL:
        return
    late = course.now - started.not_before
    course.become(
        waiting=tuple(
            w.model_copy(update={"not_before": w.not_before + late}) if w.caught_up and w.not_before else w
            for w in course.gate.waiting
        )
    )
