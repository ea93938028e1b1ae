"""Approvals, along the instants at which their executions last asked."""

from datetime import UTC, datetime
from typing import Any

from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.queries import ListApprovals
from lamplighter_history.filters.projects import within
from lamplighter_history.writes import Document

SINCE, STATE = "approvals.since", "approvals.all.state"

NEWEST_FIRST = [(SINCE, -1), ("_id", -1)]

NEEDED: dict[str, Any] = {
    "job_id": 1,
    "project": 1,
    "job_name": 1,
    "approvals": 1,
}

_EVER = datetime.fromtimestamp(0, UTC)


def listed(query: ListApprovals) -> Document:
    """Executions that have such among their approvals. What is open is so only while its execution is parked."""
    wanted: Document = within(query.projects) | {SINCE: {"$gt": _EVER}}
    if query.execution_id is not None:
        wanted["_id"] = query.execution_id
    if query.job_id is not None:
        wanted["job_id"] = query.job_id
    if query.states == (ApprovalState.PENDING,):
        return wanted | {"state.status": ExecutionStatus.WAITING.value}
    if query.states:
        wanted[STATE] = {"$in": [state.value for state in query.states]}
    return wanted
