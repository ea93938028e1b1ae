"""Decisions and timers as messages: what is published, on which subject, expected to follow what."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import assert_never

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import Event, JobDue, JobSkipped, TriggerDecided, TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.streams import DEDUPE_WINDOW, DUE_TTL
from lamplighter_runtime.messages import Message
from lamplighter_scheduler.decisions import Decision, Due, Ruling, Situation, Skipped

SOURCE = "/lamplighter/scheduler"

TICK_TTL = "1h"
"""A tick that nobody took for so long is dropped; the reconciler arms a new one."""

SCHEDULE = "Nats-Schedule"
REVISION = "Lamplighter-Job-Revision"

_GATE_HEADERS = {"content-type": "application/json"}


def messages(situation: Situation, decision: Decision, now: datetime) -> list[Message]:
    """All that a decision changes, for one atomic batch. Empty where it changes nothing."""
    found = [message for ruling in decision.rulings for message in _of_ruling(situation, ruling, now)]
    if decision.gate is not None:
        found.append(_gate(decision.gate, situation.gate_sequence))
    return found


def _of_ruling(situation: Situation, ruling: Ruling, now: datetime) -> Iterator[Message]:
    match ruling:
        case Due():
            yield _due(situation, ruling, now)
        case Skipped():
            yield _skipped(situation, ruling, now)
        case _:
            assert_never(ruling)
    if ruling.occurrence.firing.kind is not TriggerKind.SCHEDULE:
        yield _decided(situation.job_id, ruling, now)


def _due(situation: Situation, due: Due, now: datetime) -> Message:
    assert situation.job is not None
    execution_id = due.occurrence.execution_id
    event = JobDue(
        execution_id=execution_id,
        job_id=situation.job_id,
        job=situation.job,
        firing=due.occurrence.firing,
        decided_at=now,
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


def _skipped(situation: Situation, skipped: Skipped, now: datetime) -> Message:
    event = JobSkipped(
        job_id=situation.job_id,
        job_revision=situation.job.revision if situation.job else 0,
        execution_id=skipped.occurrence.execution_id,
        firing=skipped.occurrence.firing,
        decided_at=now,
        reason=skipped.reason,
        detail=skipped.detail,
        count=skipped.occurrence.count,
    )
    # Not the key itself: it comes from outside and need not fit a header.
    identity = f"{event.execution_id}:skipped"
    return Message(
        subjects.job_skipped(situation.job_id),
        envelope.body(event),
        _headers(event, identity, situation.job_id, now),
        message_id=identity,
        ttl=DUE_TTL,
    )


def _decided(job_id: str, ruling: Ruling, now: datetime) -> Message:
    occurrence = ruling.occurrence
    event = TriggerDecided(
        execution_id=occurrence.execution_id,
        outcome="due" if isinstance(ruling, Due) else "skipped",
        detail="" if isinstance(ruling, Due) else ruling.detail,
    )
    return Message(
        subjects.decided(job_id, occurrence.firing.key),
        envelope.body(event),
        _headers(event, f"{occurrence.execution_id}:decided", job_id, now),
        expected=0,
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
    """The server's words for a single instant. It releases one that is past at once."""
    return f"@at {instant.astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
