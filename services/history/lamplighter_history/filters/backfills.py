"""Backfills, and what their executions come to."""

from collections.abc import Sequence

from lamplighter_contracts.queries import ListBackfills
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Document

NEWEST_FIRST = [("requested_at", -1), ("_id", -1)]


def listed(query: ListBackfills) -> Document:
    wanted = within(query.projects)
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.backfill_id is not None:
        wanted["_id"] = query.backfill_id
    return wanted


def executions(backfill_ids: Sequence[str]) -> list[Document]:
    """Counted along the index, without a document."""
    return [
        {"$match": {"firing.backfill_id": {"$in": list(backfill_ids)}}},
        {
            "$group": {
                "_id": {"backfill_id": "$firing.backfill_id", "status": "$state.status"},
                "count": {"$sum": 1},
            }
        },
    ]
