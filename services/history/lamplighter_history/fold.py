"""The fold: what a batch of events means, as the fewest writes.

Every write is idempotent and commutes with every other, so any order, any repetition and any cutting into batches
gives the same documents.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeGuard, assert_never

from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import JobBackfill, JobDue, JobQueued, JobSkipped
from lamplighter_contracts.executions import (
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionStatus,
    ExecutionStep,
    ExecutionTransition,
    LogBatch,
)
from lamplighter_history.folds import (
    backfills,
    decisions,
    deliveries,
    executions,
    logs,
    occurrences,
    steps,
)
from lamplighter_history.folds.transitions import transition
from lamplighter_history.writes import Collection, Entry, Retention, Upsert, Write

OfJob = JobDue | JobSkipped | JobQueued | JobBackfill
OfRun = ExecutionTransition | ExecutionStep | ExecutionDecided | ExecutionEffects
OfExecution = JobDue | JobSkipped | JobQueued | OfRun | LogBatch
Folded = OfJob | OfExecution | DeliveryReceived


def fold(entries: Iterable[Entry[Folded]], retention: Retention) -> list[Write]:
    """At most one write a document."""
    writes: dict[tuple[Collection, Any], Write] = {}
    for entry in entries:
        for write in meaning(entry, retention):
            place = (write.collection, write.document_id)
            before = writes.get(place)
            if isinstance(before, Upsert) and isinstance(write, Upsert):
                writes[place] = before.merged(write)
            else:
                writes[place] = write
    return list(writes.values())


def meaning(entry: Entry[Folded], retention: Retention) -> tuple[Write, ...]:
    """What one event says, by itself."""
    match entry.event:
        case JobDue() | JobSkipped() | JobQueued() | JobBackfill() as event:
            return _of_job(event, entry.sequence, entry.at, retention)
        case LogBatch() as event:
            return (logs.chunk(event, entry.sequence, entry.at + retention.logs),)
        case DeliveryReceived() as event:
            return deliveries.received(event, entry.at, retention)
        case _:
            return _of_run(entry.event, entry.sequence, entry.at + retention.executions)


def _of_run(event: OfRun, sequence: int, expires_at: datetime) -> tuple[Write, ...]:
    match event:
        case ExecutionStep():
            return (steps.step(event, sequence),)
        case ExecutionEffects():
            return (steps.effects(event, sequence),)
        case ExecutionDecided():
            said = decisions.decided(event, sequence)
            return (executions.upsert(event.execution_id, {}, {"state": executions.QUEUED, **said}),)
        case _:
            return (transition(event, sequence, expires_at),)


def _of_job(event: OfJob, sequence: int, at: datetime, retention: Retention) -> tuple[Write, ...]:
    match event:
        case JobDue():
            record = executions.due(event, sequence)
            if event.choice is not None:
                return (record,)
            return record, occurrences.fired(event, sequence, at + retention.occurrences)
        case JobSkipped():
            return (occurrences.skipped(event, sequence, at + retention.occurrences),)
        case JobQueued():
            return executions.queued(event, sequence), occurrences.queued(event, sequence)
        case JobBackfill():
            return (backfills.stands(event, sequence, at + retention.executions),)
        case _:
            assert_never(event)


def may_have_waited(entries: Iterable[Entry[Folded]]) -> list[str]:
    """Executions of which a batch says that they wait, or that they are skipped.

    Of one that did both, the record has to end, and neither event knows of the other. So after the batch is written
    the ledger is asked: whichever of the two comes second finds both there.
    """
    both = JobQueued | JobSkipped
    return [entry.event.execution_id for entry in entries if isinstance(entry.event, both)]


def may_have_been_blocked(entries: Iterable[Entry[Folded]]) -> list[str]:
    """Executions of which a batch says that they are due, or that they never began.

    Of one that did both, the ledger's record says at last why nothing came of it. It is asked for as above.
    """
    events = (entry.event for entry in entries)
    return [event.execution_id for event in events if _is_due_or_blocked(event)]


def _is_due_or_blocked(event: Folded) -> TypeGuard[JobDue | ExecutionFinished]:
    if isinstance(event, ExecutionFinished):
        return event.outcome is ExecutionStatus.BLOCKED
    return isinstance(event, JobDue)
