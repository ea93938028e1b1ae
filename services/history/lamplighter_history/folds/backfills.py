"""How backfills stand: what was asked for, and the last phase that was told."""

from datetime import datetime

from lamplighter_contracts.events import JobBackfill
from lamplighter_history.writes import Collection, Document, Upsert

_GOES_ON, _OVER = 0, 1


def stands(event: JobBackfill, sequence: int, expires_at: datetime) -> Upsert:
    """`expires_at` is for the end: one that goes on is not forgotten."""
    asked = {
        "job_id": event.job_id,
        "project": event.project,
        "after_at": event.after_at,
        "until_at": event.until_at,
        "max_parallel": event.max_parallel,
        "requested_at": event.requested_at,
        "requested_by": event.requested_by,
    }
    rank = _GOES_ON if event.phase == "started" else _OVER
    state: Document = {"seq": [rank, sequence], "phase": event.phase, "fired": event.fired}
    if rank == _OVER:
        state |= {"ended_at": event.at, "expires_at": expires_at}
    return Upsert(Collection.BACKFILLS, event.backfill_id, asked, {"state": state})
