"""Requests that change what runs, and their replies."""

from typing import Literal

from lamplighter_contracts.events import ExecutionStatus
from lamplighter_contracts.fields import Model


class CancelRequest(Model):
    execution_id: str
    job_id: str
    requested_by: str


class CancelReply(Model):
    """`accepted`: it is or will be cancelled. `finished`: it was over before. `unknown`: no such execution."""

    outcome: Literal["accepted", "finished", "unknown"]
    status: ExecutionStatus | None = None
