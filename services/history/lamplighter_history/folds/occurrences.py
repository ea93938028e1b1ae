"""The ledger: one record for each due instant, delivery and manual start, also when it did not run.

An execution id is made from job and key, so it is the record's identity, whether or not it ran. What was ruled is one
sub-document. An occurrence that waits is ruled upon once more; one that fired is, where nothing began.
"""

from datetime import datetime, timedelta

from lamplighter_contracts.events import JobDue, JobQueued, JobSkipped, Outcome, SkipReason, outcome_of
from lamplighter_contracts.reasons import Blocked
from lamplighter_history.folds.executions import firing
from lamplighter_history.writes import Collection, Document, Upsert

_WAITS, _FINAL, BLOCKED_LATER = 0, 1, 2
"""Whose word stays."""

_SKIPPED = {Blocked.POLICY: SkipReason.POLICY, Blocked.APPROVAL: SkipReason.APPROVAL}
"""Ends that somebody meant. Any other says that nobody could do it."""


def fired(event: JobDue, sequence: int, expires_at: datetime) -> Upsert:
    ruling = _ruling(event, [_FINAL, sequence], Outcome.FIRED)
    return _upsert(event, {"ruling": ruling | {"expires_at": expires_at}})


def skipped(event: JobSkipped, sequence: int, expires_at: datetime) -> Upsert:
    ruling = _ruling(event, [_FINAL, sequence], outcome_of(event.reason))
    ruling |= {"reason": event.reason.value, "detail": event.detail, "count": event.count}
    if event.first_at is not None:
        ruling["first_at"] = event.first_at
    if event.into:
        ruling["into"] = event.into
    return _upsert(event, {"ruling": ruling | {"expires_at": expires_at}})


def queued(event: JobQueued, sequence: int) -> Upsert:
    """It does not expire: what becomes of it is still to come, and `queued` says then that it waited."""
    ruling = _ruling(event, [_WAITS, sequence], Outcome.QUEUED) | {"detail": event.detail}
    return _upsert(event, {"ruling": ruling, "queued": {"seq": sequence, "at": event.decided_at}})


def never_began(occurrence: Document, end: Document, kept: timedelta) -> Upsert:
    """Of one that fired, by its record in the ledger and by the end of its execution, which was blocked."""
    reason = _SKIPPED.get(end["reason"], SkipReason.BLOCKED)
    ruling = occurrence["ruling"] | {
        "seq": [BLOCKED_LATER, end["seq"]],
        "outcome": outcome_of(reason).value,
        "reason": reason.value,
        "detail": end["detail"],
        "decided_at": end["finished_at"],
        "expires_at": end["finished_at"] + kept,
    }
    return Upsert(Collection.OCCURRENCES, occurrence["_id"], {}, {"ruling": ruling})


def _ruling(event: JobDue | JobSkipped | JobQueued, seq: list[int], outcome: Outcome) -> Document:
    return {
        "seq": seq,
        "outcome": outcome.value,
        "firing": firing(event.firing),
        "decided_at": event.decided_at,
    }


def _upsert(event: JobDue | JobSkipped | JobQueued, latest: dict[str, Document]) -> Upsert:
    project = event.job.project if isinstance(event, JobDue) else event.project
    facts = {"job_id": event.job_id, "project": project}
    return Upsert(Collection.OCCURRENCES, event.execution_id, facts, latest)
