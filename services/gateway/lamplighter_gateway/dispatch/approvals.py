"""A person's word on an approval: asked of the dispatchers, and what their reply means."""

from typing import assert_never

from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict

from lamplighter_contracts import subjects
from lamplighter_contracts.control import AnswerReply, AnswerRequest
from lamplighter_contracts.executions import Approval, ApprovalNote, ApprovalState
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.queries import ApprovalRecord
from lamplighter_gateway.dispatch.dispatchers import ask
from lamplighter_gateway.web.problems import Problem


class AnswerBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: ApprovalNote = ""


async def say(
    client: Client, record: ApprovalRecord, approved: bool, body: AnswerBody, by: str
) -> ApprovalRecord:
    """The approval as it is then. Raises `Problem`: conflict (another word came first, or it is over), unavailable."""
    request = AnswerRequest(
        execution_id=record.execution_id,
        approval_id=record.approval.approval_id,
        approved=approved,
        note=body.note,
        answered_by=by,
    )
    reply = AnswerReply.model_validate_json(await ask(client, subjects.ANSWER_APPROVAL, request, "answered"))
    return record.model_copy(update={"approval": read_reply(record.approval, approved, reply)})


def read_reply(known: Approval, approved: bool, reply: AnswerReply) -> Approval:
    """The same word twice is one. Raises `Problem` (conflict) where the word came to nothing."""
    now = reply.approval or known
    match reply.outcome:
        case "recorded":
            return now
        case "answered":
            wanted = ApprovalState.APPROVED if approved else ApprovalState.DENIED
            if now.state is not wanted:
                raise Problem("conflict", answered_words(now))
            return now
        case "over" | "unknown":
            raise Problem("conflict", answered_words(now))
        case _:
            assert_never(reply.outcome)


def answered_words(approval: Approval) -> str:
    """Why another word on it comes too late."""
    name = f"The approval {approval.approval_id!r}"
    match approval.state:
        case ApprovalState.PENDING:
            return f"{name} is over: its execution does not wait for it any more."
        case ApprovalState.APPROVED | ApprovalState.DENIED:
            by = f" by {approval.answered_by}" if approval.answered_by else ""
            at = f" at {rfc3339(approval.answered_at)}" if approval.answered_at else ""
            return f"{name} was {approval.state} before{by}{at}."
        case ApprovalState.EXPIRED:
            return f"{name} expired at {rfc3339(approval.deadline_at)}, as nobody had answered."
        case ApprovalState.CANCELLED:
            return f"{name} is over: its execution was cancelled."
        case _:
            assert_never(approval.state)
