"""What becomes of an occurrence that arrives: it fires, waits, or does not run."""

from typing import assert_never

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.capacity import full, is_full
from lamplighter_planning.course import Course
from lamplighter_planning.lanes import has_room, queue_of, running_in
from lamplighter_planning.obstacles import Obstacle
from lamplighter_planning.rulings import Occurrence


def rule(course: Course, occurrence: Occurrence) -> None:
    """By what is in its way, and by what runs already."""
    obstacle = course.obstacle(occurrence.firing)
    if obstacle is not None:
        course.skip(occurrence, obstacle)
        return
    assert course.job is not None
    lane = course.lane_of(occurrence.firing)
    if not has_room(course.job, course.gate, lane):
        _overlap(course, course.job, occurrence, lane)
    elif course.job.concurrency.bound is not None and is_full(course.gate):
        course.skip(occurrence, full(course.gate))
    else:
        course.fire(occurrence, lane)


def _overlap(course: Course, job: Job, occurrence: Occurrence, lane: str) -> None:
    """What the job says of an occurrence for which there is no room."""
    crowd = crowded(job, course.gate, lane)
    if crowd is not None:
        course.skip(occurrence, crowd)
    elif course.queue(occurrence, lane, _expected_words(job, course.gate, lane)):
        make_room(course, lane, occurrence.execution_id)


def crowded(job: Job, gate: Gate, lane: str) -> Obstacle | None:
    """Why nothing more may wait for room in the lane."""
    queue = queue_of(gate, lane)
    match job.concurrency.overlap:
        case Overlap.SKIP | Overlap.ALLOW:
            return Obstacle(SkipReason.OVERLAP, _running_words(gate, lane))
        case Overlap.QUEUE_ONE if queue:
            detail = f"execution {queue[0].execution_id} waits already and stands for it"
            return Obstacle(SkipReason.COALESCED, detail)
        case Overlap.QUEUE_ALL if len(queue) >= job.concurrency.max_queued:
            detail = f"{len(queue)} wait already, as many as may; {_running_words(gate, lane)}"
            return Obstacle(SkipReason.OVERLAP, detail)
        case Overlap.QUEUE_ONE | Overlap.QUEUE_ALL | Overlap.REPLACE:
            return None
        case _:
            assert_never(job.concurrency.overlap)


def make_room(course: Course, lane: str, execution_id: str) -> None:
    """Where the newest replaces the others: it waits for the end of the oldest. Of several that wait, all but the
    newest lose their turn: see `turns`."""
    assert course.job is not None
    if course.job.concurrency.overlap is not Overlap.REPLACE:
        return
    running = running_in(course.gate, lane)
    if not any(course.gate.running[e].stopping for e in running):
        course.stop(running[0], f"replaced by {execution_id}")


def _expected_words(job: Job, gate: Gate, lane: str) -> str:
    if job.concurrency.overlap is Overlap.REPLACE:
        return f"execution {running_in(gate, lane)[0]} is cancelled to make room for it"
    return _running_words(gate, lane)


def _running_words(gate: Gate, lane: str) -> str:
    first = running_in(gate, lane)[0]
    return f"execution {first} was still running (since {rfc3339(gate.running[first].since)})"
