"""Decisions and timers as messages: what is published, on which subject, expected to follow what."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import assert_never

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import (
    Event,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    TriggerDecided,
    TriggerKind,
)
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_contracts.streams import DEDUPE_WINDOW, DUE_TTL
from lamplighter_planning.rulings import Decision, Due, Origin, Queued, Ruling, Situation, Skipped
from lamplighter_runtime.messages import Message

SOURCE = "/lamplighter/scheduler"

TICK_TTL = "1h"
"""A tick that nobody took for so long is dropped; the reconciler arms a new one."""

SCHEDULE = "Nats-Schedule"
REVISION = "Lamplighter-Job-Revision"

LAST_ALARM = datetime(2262, 1, 1, tzinfo=UTC)
"""NATS counts nanoseconds in 64 bits: of what is later than this it makes a time long past, and releases it at once."""

_GATE_HEADERS = {"content-type": "application/json"}


def messages(situation: Situation, decision: Decision, now: datetime) -> list[Message]:
    """All that a decision changes, for one atomic batch. Empty where it changes nothing."""
    found = [message for ruling in decision.rulings for message in _of_ruling(situation, ruling, now)]
    found += [_backfill(event, now) for event in decision.backfills]
    found += [_ordered(situation.job_id, backfill_id, now) for backfill_id in decision.marks]
    if decision.gate is not None:
        found.append(_gate(decision.gate, situation.gate_sequence))
    return found


def _of_ruling(situation: Situation, ruling: Ruling, now: datetime) -> Iterator[Message]:
    match ruling:
        case Due():
            yield _due(situation, ruling, now)
        case Queued():
            yield _queued(situation, ruling, now)
        case Skipped():
            yield _skipped(situation, ruling, now)
        case _:
            assert_never(ruling)
    if ruling.occurrence.firing.kind in (TriggerKind.MANUAL, TriggerKind.WEBHOOK):
        yield _decided(situation, ruling, now)


def _due(situation: Situation, due: Due, now: datetime) -> Message:
    assert situation.job is not None
    execution_id = due.occurrence.execution_id
    event = JobDue(
        execution_id=execution_id,
        job_id=situation.job_id,
        job=situation.job,
        firing=due.occurrence.firing,
        decided_at=now,
        prompt=due.prompt,
        gated=due.gated,
    )
    headers = _headers(event, execution_id, situation.job_id, now)
    if due.gated:
        headers[envelope.GATED_HEADER] = "1"
    return Message(
        subjects.job_due(situation.job.queue, situation.job_id),
        envelope.body(event),
        headers,
        message_id=execution_id,
        ttl=DUE_TTL,
    )


def _queued(situation: Situation, queued: Queued, now: datetime) -> Message:
    event = JobQueued(
        job_id=situation.job_id,
        project=_project(situation),
        job_revision=situation.job.revision if situation.job else 0,
        execution_id=queued.occurrence.execution_id,
        firing=queued.occurrence.firing,
        decided_at=now,
        detail=queued.detail,
        not_before=queued.not_before,
    )
    return _told(subjects.job_queued(situation.job_id), event, f"{event.execution_id}:queued", now)


def _skipped(situation: Situation, skipped: Skipped, now: datetime) -> Message:
    event = JobSkipped(
        job_id=situation.job_id,
        project=_project(situation),
        job_revision=situation.job.revision if situation.job else 0,
        execution_id=skipped.occurrence.execution_id,
        firing=skipped.occurrence.firing,
        decided_at=now,
        reason=skipped.reason,
        detail=skipped.detail,
        into=skipped.into,
        count=skipped.count,
        first_at=skipped.first_at,
    )
    # Not the key itself: it comes from outside and need not fit a header.
    return _told(subjects.job_skipped(situation.job_id), event, f"{event.execution_id}:skipped", now)


def _project(situation: Situation) -> str:
    return situation.job.project if situation.job else DEFAULT_PROJECT


def _backfill(event: JobBackfill, now: datetime) -> Message:
    return _told(subjects.job_backfill(event.job_id), event, f"{event.backfill_id}:{event.phase}", now)


def _told(subject: str, event: JobQueued | JobSkipped | JobBackfill, identity: str, now: datetime) -> Message:
    headers = _headers(event, identity, event.job_id, now)
    return Message(subject, envelope.body(event), headers, message_id=identity, ttl=DUE_TTL)


def _decided(situation: Situation, ruling: Ruling, now: datetime) -> Message:
    """The first mark of a trigger is the only one that can be written; one that waited gets another after it."""
    execution_id, key = ruling.occurrence.execution_id, ruling.occurrence.firing.key
    first = ruling.occurrence.origin is Origin.TRIGGER
    match ruling:
        case Due():
            event = TriggerDecided(execution_id=execution_id, outcome="due")
        case Queued():
            event = TriggerDecided(execution_id=execution_id, outcome="queued", detail=ruling.detail)
        case Skipped():
            event = TriggerDecided(
                execution_id=execution_id, outcome="skipped", detail=ruling.detail, into=ruling.into
            )
        case _:
            assert_never(ruling)
    follows = situation.outlived.get(key, 0) if first else None
    return _mark(situation.job_id, key, event, now, follows)


def _ordered(job_id: str, backfill_id: str, now: datetime) -> Message:
    """The mark of a backfill's order, as a trigger has one."""
    return _mark(job_id, backfill_id, TriggerDecided(execution_id=backfill_id, outcome="due"), now, 0)


def _mark(job_id: str, key: str, event: TriggerDecided, now: datetime, follows: int | None) -> Message:
    """`follows`: None whatever is there."""
    identity = f"{event.execution_id}:{'admitted' if follows is None else 'decided'}"
    return Message(
        subjects.decided(job_id, key),
        envelope.body(event),
        _headers(event, identity, job_id, now),
        expected=follows,
        ttl=DEDUPE_WINDOW,
    )


def _gate(gate: Gate, follows: int) -> Message:
    body = gate.model_dump_json().encode()
    return Message(subjects.gate(gate.job_id), body, _GATE_HEADERS, expected=follows, rollup=True)


def _headers(event: Event, event_id: str, job_id: str, now: datetime) -> dict[str, str]:
    return envelope.headers(event, event_id=event_id, source=SOURCE, time=now, subject=job_id)


def timer(job_id: str, revision: int, instant: datetime, follows: int) -> Message:
    """Has NATS write a tick of the job at `instant`. It deletes the timer in the same act."""
    headers = {
        SCHEDULE: at(instant),
        "Nats-Schedule-Target": subjects.tick(job_id),
        "Nats-Schedule-TTL": TICK_TTL,
        REVISION: str(revision),
    }
    return Message(subjects.timer(job_id), b"", headers, expected=follows)


def at(instant: datetime) -> str:
    """The server's words for a single instant. It releases one that is past at once.

    What is due later than any timer can be set is looked at again then.
    """
    return f"@at {min(instant, LAST_ALARM).astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
