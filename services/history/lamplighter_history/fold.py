"""The fold: what a batch of events means, as the fewest writes.

Every write is idempotent and commutes with every other, so any order, any repetition and any cutting into batches
gives the same documents.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStep,
    ExecutionTransition,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    LogBatch,
)
from lamplighter_history.changes import CatalogChange
from lamplighter_history.folds import audit, backfills, executions, logs, occurrences
from lamplighter_history.writes import Collection, Entry, Retention, Upsert, Write

OfJob = JobDue | JobSkipped | JobQueued | JobBackfill
OfExecution = JobDue | JobSkipped | JobQueued | ExecutionTransition | ExecutionStep | LogBatch
Folded = OfJob | OfExecution | CatalogChange


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
        case ExecutionStarted() | ExecutionCancelling() | ExecutionFinished() as event:
            expires_at = entry.at + retention.executions
            return (executions.transition(event, entry.sequence, expires_at),)
        case ExecutionStep() as event:
            return (executions.step(event, entry.sequence),)
        case LogBatch() as event:
            return (logs.chunk(event, entry.sequence, entry.at + retention.logs),)
        case CatalogChange() as event:
            return (audit.recorded(event, entry.sequence, entry.at),)
        case _:
            assert_never(entry.event)


def _of_job(event: OfJob, sequence: int, at: datetime, retention: Retention) -> tuple[Write, ...]:
    match event:
        case JobDue():
            return executions.due(event), occurrences.fired(event, sequence, at + retention.occurrences)
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
