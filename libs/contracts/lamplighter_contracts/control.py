"""Requests that change what runs, and their replies."""

from typing import Literal

from lamplighter_contracts.executions import Approval, ApprovalNote, ExecutionStatus
from lamplighter_contracts.fields import Model


class CancelRequest(Model):
    execution_id: str
    job_id: str
    requested_by: str


class CancelReply(Model):
    """`accepted`: it is or will be cancelled. `finished`: it was over before. `unknown`: no such execution."""

    outcome: Literal["accepted", "finished", "unknown"]
    status: ExecutionStatus | None = None


class AnswerRequest(Model):
    """A person's word on one action."""

    execution_id: str
    approval_id: str
    approved: bool
    note: ApprovalNote = ""
    answered_by: str


class AnswerReply(Model):
    """`recorded`: it counts. `answered`: another word came first, and `approval` has it. `over`: the execution does
    not wait any more. `unknown`: no such approval."""

    outcome: Literal["recorded", "answered", "over", "unknown"]
    approval: Approval | None = None
    status: ExecutionStatus | None = None
    """Of the execution, after it."""
