"""Deliveries that come together: the first of its group waits, the others join it, and all of them fire as one."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lamplighter_contracts.events import Firing, JobTriggered, SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate, Waiting
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_planning.arrivals import crowded, make_room
from lamplighter_planning.capacity import is_full
from lamplighter_planning.course import Course, occurrence_of
from lamplighter_planning.lanes import has_room, short
from lamplighter_planning.obstacles import LARGEST_DUE, Obstacle
from lamplighter_planning.rulings import Body, Occurrence, Situation
from lamplighter_prompts import LARGEST_PROMPT

MOST_GATHERED = 500
"""Deliveries that fire together. One more begins a new group."""

GATHERED_BYTES = 256 * 1024
"""The most of their payloads, as JSON."""


def gather(course: Course, occurrence: Occurrence, trigger: JobTriggered) -> None:
    """It joins the one of its group that waits, or is the first that does."""
    obstacle = course.obstacle(occurrence.firing)
    if obstacle is not None:
        course.skip(occurrence, obstacle)
        return
    assert course.job is not None
    group = short(trigger.group)
    first = _gathering(course.gate, group)
    if first is not None and not is_full(course.gate):
        _join(course, occurrence, first)
        return
    lane = course.lane_of(occurrence.firing)
    course.queue(occurrence, lane, _gathering_words(trigger), trigger.gather_until, group)


def _gathering(gate: Gate, group: str) -> Waiting | None:
    """The newest of the group, if one more may join it."""
    of_it = [waiting for waiting in gate.waiting if waiting.gathers and waiting.group == group]
    return of_it[-1] if of_it and len(of_it[-1].joined) + 1 < MOST_GATHERED else None


def _join(course: Course, occurrence: Occurrence, first: Waiting) -> None:
    joined = first.model_copy(update={"joined": (*first.joined, subject_token(occurrence.firing.key))})
    course.become(waiting=tuple(joined if w is first else w for w in course.gate.waiting))
    until = f"until {rfc3339(first.not_before)} " if first.not_before else ""
    detail = f"it was gathered with others {until}into execution {first.execution_id}"
    course.skip(occurrence, Obstacle(SkipReason.COALESCED, detail), into=first.execution_id)


def _gathering_words(trigger: JobTriggered) -> str:
    assert trigger.gather_until is not None
    kind = f" of {short(trigger.group)!r}" if trigger.group else ""
    return f"deliveries{kind} are gathered until {rfc3339(trigger.gather_until)}"


def has_gathered(course: Course) -> bool:
    """Whether the time of some group has come, and it has still to be decided."""
    return any(True for _ in _over(course))


def _over(course: Course) -> Iterator[Waiting]:
    for waiting in course.gate.waiting:
        if waiting.gathers and waiting.not_before is not None and waiting.not_before <= course.now:
            yield waiting


def end_gathering(course: Course) -> None:
    """What becomes of groups whose time has come, and that found no room: as of any occurrence that arrives then."""
    if course.job is None or course.job.deleted_at is not None:
        return
    for waiting in list(_over(course)):
        if has_room(course.job, course.gate, waiting.lane):
            continue
        if not course.has_spare():
            return
        occurrence = occurrence_of(waiting)
        obstacle = course.obstacle(occurrence.firing) or crowded(course.job, course.gate, waiting.lane)
        if obstacle is not None:
            course.give_up(waiting, obstacle)
        else:
            _line_up(course, waiting)
            make_room(course, waiting.lane, waiting.execution_id)


def _line_up(course: Course, waiting: Waiting) -> None:
    """Behind those that came before its time had come."""
    course.leave(waiting)
    course.become(waiting=(*course.gate.waiting, waiting.model_copy(update={"not_before": None})))


def gathered(job: Job, waiting: Waiting, first: JobTriggered | None, situation: Situation) -> Firing | None:
    """All of them as one firing, by the first. None where none of them is known any more."""
    triggers = [first, *(situation.joined[token] for token in waiting.joined)]
    if not any(triggers):
        return None
    known = first.firing if first else occurrence_of(waiting).firing
    said = list(_fitting(_payloads(triggers, situation), _room(job)))
    payload = {"count": len(triggers), "deliveries": said, "omitted": len(triggers) - len(said)}
    return known.model_copy(update={"payload": payload, "body": None, "gathered": len(triggers)})


def _payloads(triggers: Sequence[JobTriggered | None], situation: Situation) -> Iterator[Any]:
    for trigger in triggers:
        if trigger is None:
            continue
        if trigger.body is None:
            yield trigger.payload
            continue
        # One that is larger than all of them may be is not read back.
        body = situation.bodies.get(trigger.body.name, Body(gone="not read"))
        if not body.gone:
            yield body.payload


def _fitting(payloads: Iterator[Any], room: int) -> Iterator[Any]:
    """In order; one that is too large for what is left is left out, and a smaller one after it is not."""
    for payload in payloads:
        size = (
            len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")) + 1
        )
        if size <= room:
            room -= size
            yield payload


def _room(job: Job) -> int:
    """Beside the job and its prompt, in one message."""
    return min(GATHERED_BYTES, LARGEST_DUE - len(job.model_dump_json().encode()) - LARGEST_PROMPT)
