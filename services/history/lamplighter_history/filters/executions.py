"""Lists of executions."""

from collections.abc import Sequence
from typing import Any

from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.queries import ListExecutions
from lamplighter_history.cursors import read_cursor
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Document

NEWEST_FIRST = [("_id", -1)]
"""Execution ids sort by the instant they fired."""

AGENT = "by.agent_id"

LIST_TEXT = 300
"""How many characters of a text a list shows."""


def listed(query: ListExecutions) -> Document:
    wanted = within(query.projects)
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.statuses:
        wanted["state.status"] = {"$in": [status.value for status in query.statuses]}
    if query.executor_kind is not None:
        wanted["executor_kind"] = query.executor_kind
    if query.executor_id is not None:
        wanted["executor_id"] = query.executor_id
    if query.backfill_id is not None:
        wanted["firing.backfill_id"] = query.backfill_id
    if query.cursor is not None:
        wanted["_id"] = {"$lt": read_cursor(query.cursor)}
    return wanted if query.agent_id is None else _done_by(query.agent_id, wanted)


def _done_by(agent_id: str, wanted: Document) -> Document:
    """Those that it has begun, and those that are its by their job.

    Each branch names all it asks for, or MongoDB would not merge the two along their indexes.
    """
    by_job = {"executor_kind": "agent", "executor_id": agent_id}
    return {"$or": [wanted | {AGENT: agent_id}, wanted | by_job]}


def blocked(execution_ids: Sequence[str]) -> Document:
    """Those that never began."""
    return {"state.status": ExecutionStatus.BLOCKED.value, "_id": {"$in": list(execution_ids)}}


ENDED = {"state.seq": 1, "state.finished_at": 1, "state.reason": 1, "state.detail": 1}


def _cut(path: str) -> Document:
    return {"$substrCP": [f"${path}", 0, LIST_TEXT]}


LISTED: dict[str, Any] = {
    "job_id": 1,
    "project": 1,
    "job_name": 1,
    "job_revision": 1,
    "prompt": _cut("prompt"),
    "executor_kind": 1,
    "executor_id": 1,
    "environment": 1,
    "firing.kind": 1,
    "firing.key": 1,
    "firing.nominal_at": 1,
    "firing.effective_at": 1,
    "firing.caught_up": 1,
    "firing.backfill_id": 1,
    "firing.trust": 1,
    "firing.body": 1,
    "firing.triggered_by": 1,
    "firing.delivery": 1,
    "created_at": 1,
    "queued": 1,
    "forwarded": 1,
    "by": 1,
    "attempts": 1,
    "resumptions": 1,
    "failures": 1,
    "cancel": 1,
    "usage": 1,
    "approvals": 1,
    "choice.said": 1,
    "state.not_before": 1,
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
