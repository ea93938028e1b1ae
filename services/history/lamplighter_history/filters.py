"""From a query to what MongoDB is asked. Pure; each of these is served by an index of `database`."""

from typing import Any

from lamplighter_contracts.queries import ListExecutions, ListOccurrences, ReadLog, SummariseJobs
from lamplighter_history.cursors import read_cursor
from lamplighter_history.folds.logs import chunk_id
from lamplighter_history.writes import Document

NEWEST_FIRST = [("_id", -1)]
"""Execution ids sort by the instant they fired."""

LIST_TEXT = 300
"""How many characters of a text a list shows."""


def executions(query: ListExecutions) -> Document:
    wanted: Document = {}
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.statuses:
        wanted["state.status"] = {"$in": [status.value for status in query.statuses]}
    if query.executor_kind is not None:
        wanted["executor_kind"] = query.executor_kind
    if query.executor_id is not None:
        wanted["executor_id"] = query.executor_id
    return wanted | _before(query.cursor)


def occurrences(query: ListOccurrences) -> Document:
    return {"job_id": query.job_id} | _before(query.cursor)


def log(query: ReadLog) -> Document:
    beyond = chunk_id(query.execution_id, query.after_sequence)
    wanted: Document = {"_id": {"$gt": beyond, "$lt": f"{query.execution_id};"}}
    if query.from_line > 1:
        wanted["last_line"] = {"$gte": query.from_line}
    if query.attempt is not None:
        wanted["attempt"] = query.attempt
    return wanted


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


def _cut(path: str) -> Document:
    return {"$substrCP": [f"${path}", 0, LIST_TEXT]}


LISTED: dict[str, Any] = {
    "job_id": 1,
    "job_name": 1,
    "job_revision": 1,
    "prompt": _cut("prompt"),
    "executor_kind": 1,
    "executor_id": 1,
    "environment": 1,
    "firing.kind": 1,
    "firing.key": 1,
    "firing.nominal_at": 1,
    "firing.triggered_by": 1,
    "firing.delivery": 1,
    "created_at": 1,
    "attempts": 1,
    "cancel": 1,
    "state.seq": 1,
    "state.status": 1,
    "state.finished_at": 1,
    "state.reason": 1,
    "state.detail": _cut("state.detail"),
    "state.exit_code": 1,
    "state.result": _cut("state.result"),
    "state.log_lines": 1,
    "state.log_sequence": 1,
}
"""What a list has of an execution."""


def _before(cursor: str | None) -> Document:
    return {"_id": {"$lt": read_cursor(cursor)}} if cursor is not None else {}
