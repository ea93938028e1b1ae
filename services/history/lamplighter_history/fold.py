"""The fold: what a batch of events means, as the fewest writes.

Every write is idempotent and commutes with every other, so any order, any repetition and any cutting into batches
gives the same documents.
"""

from collections.abc import Iterable
from typing import Any, assert_never

from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStep,
    ExecutionTransition,
    JobDue,
    JobSkipped,
    LogBatch,
)
from lamplighter_history.changes import CatalogChange
from lamplighter_history.folds import audit, executions, logs, occurrences
from lamplighter_history.writes import Collection, Entry, Retention, Upsert, Write

OfExecution = JobDue | JobSkipped | ExecutionTransition | ExecutionStep | LogBatch
Folded = OfExecution | CatalogChange


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
        case JobDue() as event:
            return executions.due(event), occurrences.fired(event, entry.at + retention.occurrences)
        case JobSkipped() as event:
            return (occurrences.skipped(event, entry.at + retention.occurrences),)
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
