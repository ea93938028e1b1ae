"""Decisions of smart jobs, along the instants at which they were made."""

from typing import Any

from lamplighter_contracts.queries import ListChoices
from lamplighter_history.cursors import read_place
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Document

AT = "choice.at"

NEWEST_FIRST = [(AT, -1), ("_id", -1)]

NEEDED: dict[str, Any] = {
    "job_id": 1,
    "project": 1,
    "job_name": 1,
    "prompt": 1,
    "environment": 1,
    "firing.kind": 1,
    "choice": 1,
    "state.status": 1,
}


def listed(query: ListChoices) -> Document:
    """Raises `InvalidQuery` for a cursor that is none."""
    wanted: Document = within(query.projects) | {AT: {"$gte": query.since}}
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.cursor is None:
        return wanted
    place = read_place(query.cursor)
    beyond = {"$nor": [{AT: place.at, "_id": {"$gte": place.execution_id}}]}
    return wanted | {AT: {"$gte": query.since, "$lte": place.at}} | beyond
