"""The ledger: one record for each due instant, delivery and manual start, also when it did not run.

An execution id is made from job, key and instant, so it is the record's identity, whether or not it ran, and it
sorts by time.
"""

from datetime import datetime

from lamplighter_contracts.events import JobDue, JobSkipped
from lamplighter_history.folds.executions import firing
from lamplighter_history.writes import Collection, Document, Insert


def fired(event: JobDue, expires_at: datetime) -> Insert:
    return _occurrence(event, expires_at, {"outcome": "fired", "count": 1})


def skipped(event: JobSkipped, expires_at: datetime) -> Insert:
    why = {"reason": event.reason.value, "detail": event.detail, "count": event.count}
    return _occurrence(event, expires_at, {"outcome": "skipped", **why})


def _occurrence(event: JobDue | JobSkipped, expires_at: datetime, outcome: Document) -> Insert:
    document = {
        "_id": event.execution_id,
        "job_id": event.job_id,
        "firing": firing(event.firing),
        "decided_at": event.decided_at,
        "expires_at": expires_at,
        **outcome,
    }
    return Insert(Collection.OCCURRENCES, document)
