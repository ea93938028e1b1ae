"""What becomes of an occurrence that arrives: it fires, waits, or does not run."""

from typing import assert_never

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.capacity import full, is_full
from lamplighter_planning.course import Course
from lamplighter_planning.lanes import has_room, lane_of, queue_of, running_in
from lamplighter_planning.obstacles import Obstacle
from lamplighter_planning.rulings import Occurrence


def rule(course: Course, occurrence: Occurrence) -> None:
    """By what is in its way, and by what runs already."""
    obstacle = course.obstacle(occurrence.firing)
    if obstacle is not None:
        course.skip(occurrence, obstacle)
        return
    assert course.job is not None
    lane = lane_of(course.job.concurrency, occurrence.firing.payload)
    if not has_room(course.job, course.gate, lane):
        _overlap(course, course.job, occurrence, lane)
    elif course.job.concurrency.bound is not None and is_full(course.gate):
        course.skip(occurrence, full(course.gate))
    else:
        course.fire(occurrence, lane)


def _overlap(course: Course, job: Job, occurrence: Occurrence, lane: str) -> None:
    """What the job says of an occurrence for which there is no room."""
    queue = queue_of(course.gate, lane)
    match job.concurrency.overlap:
        case Overlap.SKIP | Overlap.ALLOW:
            course.skip(occurrence, Obstacle(SkipReason.OVERLAP, _running_words(course.gate, lane)))
        case Overlap.QUEUE_ONE if queue:
            detail = f"execution {queue[0].execution_id} waits already and stands for it"
            course.skip(occurrence, Obstacle(SkipReason.COALESCED, detail))
        case Overlap.QUEUE_ALL if len(queue) >= job.concurrency.max_queued:
            detail = f"{len(queue)} wait already, as many as may; {_running_words(course.gate, lane)}"
            course.skip(occurrence, Obstacle(SkipReason.OVERLAP, detail))
        case Overlap.QUEUE_ONE | Overlap.QUEUE_ALL:
            course.queue(occurrence, lane, _running_words(course.gate, lane))
        case Overlap.REPLACE:
            _replace(course, occurrence, lane)
        case _:
            assert_never(job.concurrency.overlap)


def _running_words(gate: Gate, lane: str) -> str:
    first = running_in(gate, lane)[0]
    return f"execution {first} was still running (since {rfc3339(gate.running[first].since)})"


def _replace(course: Course, occurrence: Occurrence, lane: str) -> None:
    """It waits for the end of the oldest. Of several that wait, all but the newest lose their turn: see `turns`."""
    running = running_in(course.gate, lane)
    waits = course.queue(occurrence, lane, f"execution {running[0]} is cancelled to make room for it")
    if waits and not any(course.gate.running[e].stopping for e in running):
        course.stop(running[0], f"replaced by {occurrence.execution_id}")
