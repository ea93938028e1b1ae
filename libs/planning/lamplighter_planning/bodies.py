"""What has to be read back, of what is too large for a message, before a decision can be made."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import JobTriggered, TriggerKind
from lamplighter_contracts.jobs import Job
from lamplighter_planning.gathering import GATHERED_BYTES
from lamplighter_planning.obstacles import deleted
from lamplighter_planning.rulings import Asked, Situation

MOST_GATHERED_BYTES = 4 * GATHERED_BYTES
"""Read back of one group. As JSON without blanks they may take less."""

_MOMENT = timedelta(minutes=1)
"""A pause that ends within it may be over when the decision is made."""


def bodies_needed(situation: Situation, asked: Asked, now: datetime) -> Iterator[BodyReference]:
    """For the prompts and lanes of what may fire, and for what was gathered."""
    job = situation.job
    if job is None or deleted(job) is not None:
        return
    fresh = (trigger for trigger in asked.triggers if trigger.key not in situation.decided)
    yield from _of(trigger for trigger in fresh if _is_looked_at(job, trigger, now))
    for waiting in situation.gate.waiting:
        parked = situation.parked.get(waiting.key)
        if waiting.gathers:
            joined = (situation.joined.get(token) for token in waiting.joined)
            yield from _first(_of([parked, *joined]))
        else:
            yield from _of([parked])


def _of(triggers: Iterable[JobTriggered | None]) -> Iterator[BodyReference]:
    for trigger in triggers:
        if trigger is not None and trigger.body is not None:
            yield trigger.body


def _first(bodies: Iterable[BodyReference]) -> Iterator[BodyReference]:
    """As many as may find room among the others; what is not read is left out."""
    room = MOST_GATHERED_BYTES
    for body in bodies:
        if body.size <= room:
            room -= body.size
            yield body


def _is_looked_at(job: Job, trigger: JobTriggered, now: datetime) -> bool:
    """One that is gathered is looked at only for its lane; what meets a pause, not at all."""
    if trigger.gather_until is not None and job.concurrency.key is None:
        return False
    pause = job.pause
    if pause is None or not pause.covers(now) or trigger.kind is not TriggerKind.WEBHOOK:
        return True
    return pause.ends_at is not None and pause.ends_at <= now + _MOMENT
