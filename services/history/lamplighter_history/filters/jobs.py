"""What many jobs' executions come to."""

from datetime import UTC, datetime

from lamplighter_contracts.queries import SummariseJobs, TypicalDurations
from lamplighter_history.writes import Collection, Document

LAST = 20
"""How many executions tell how long the next one takes."""

STARTED, FINISHED = "attempts.1.started_at", "state.finished_at"

_EVER = datetime.fromtimestamp(0, UTC)

RAN: Document = {FINISHED: {"$gt": _EVER}, STARTED: {"$gt": _EVER}}
"""Both instants are known. A comparison, and not `$exists`, is answered by an index without the document."""


def summary(query: SummariseJobs) -> list[Document]:
    """One step in the index a job, however many executions it has (a DISTINCT_SCAN)."""
    return [
        {"$match": {"job_id": {"$in": list(query.job_ids)}}},
        {"$sort": {"job_id": 1, "_id": -1}},
        {
            "$group": {
                "_id": "$job_id",
                "execution_id": {"$first": "$_id"},
                "status": {"$first": "$state.status"},
                "created_at": {"$first": "$created_at"},
            }
        },
    ]


def durations(query: TypicalDurations) -> list[Document]:
    """Of the whole database. `LAST` steps in the index a job, however many executions it has, and no document."""
    took = {"$subtract": [f"${FINISHED}", f"${STARTED}"]}
    last_ended = {
        "from": Collection.EXECUTIONS.value,
        "localField": "_id",
        "foreignField": "job_id",
        "pipeline": [
            {"$match": RAN},
            {"$sort": {FINISHED: -1}},
            {"$limit": LAST},
            {"$project": {"_id": 0, "milliseconds": took}},
        ],
        "as": "ended",
    }
    return [
        {"$documents": [{"_id": job_id} for job_id in query.job_ids]},
        {"$lookup": last_ended},
        {"$project": {"milliseconds": "$ended.milliseconds"}},
    ]
