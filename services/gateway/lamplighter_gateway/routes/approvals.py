"""Approvals: actions of agents, or whole executions, that wait for a person's word."""

from typing import Any

from litestar import Request, get, post
from pydantic import ValidationError

from lamplighter_contracts.executions import ApprovalState
from lamplighter_contracts.problems import from_validation
from lamplighter_contracts.queries import ListApprovals
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import approval_answer
from lamplighter_gateway.dispatch.approvals import AnswerBody, answered_words, say
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem, invalid
from lamplighter_gateway.web.responses import Answer, answer

PAGE, MOST = 50, 500


@get("/api/v1/approvals")
async def list_approvals(request: Request[Any, Any, Any]) -> Answer:
    """Newest first: `?state=&job_id=&execution_id=&project=&limit=`."""
    query = Parameters(request.query_params)
    asked = ListApprovals(
        execution_id=query.text("execution_id"),
        job_id=query.text("job_id"),
        states=query.choices("state", ApprovalState),
        limit=query.number("limit", PAGE, 1, MOST),
    )
    query.check()
    page = await gateway_of(request).of_project(query.text("project")).history.approvals(asked)
    return answer([approval_answer(record) for record in page.approvals])


@get("/api/v1/approvals/{approval_id:str}")
async def get_approval(request: Request[Any, Any, Any], approval_id: str) -> Answer:
    """One approval: what waits for a word, until when, and what the word was."""
    return answer(approval_answer(await gateway_of(request).executions.approval(approval_id)))


@post("/api/v1/approvals/{approval_id:str}/approve", status_code=200)
async def approve(request: Request[Any, Any, Any], approval_id: str) -> Answer:
    """Let this one action happen. The execution goes on once nothing of it waits any more."""
    return await _say(request, approval_id, approved=True)


@post("/api/v1/approvals/{approval_id:str}/deny", status_code=200)
async def deny(request: Request[Any, Any, Any], approval_id: str) -> Answer:
    """Do not let it happen. An agent is told so, with the note."""
    return await _say(request, approval_id, approved=False)


async def _say(request: Request[Any, Any, Any], approval_id: str, *, approved: bool) -> Answer:
    gateway = gateway_of(request)
    body = _body(await read_object(request, gateway.settings.body_limit_bytes))
    record = await gateway.executions.approval(approval_id)
    if record.approval.state in (ApprovalState.EXPIRED, ApprovalState.CANCELLED):
        raise Problem("conflict", answered_words(record.approval))
    caller = caller_of(request)
    said = await say(gateway.client, record, approved, body, caller.name)
    await gateway.audit.done(
        caller,
        "approval.approve" if approved else "approval.deny",
        "approvals",
        approval_id,
        project=record.project,
        detail=body.note,
    )
    return answer(approval_answer(said))


def _body(given: dict[str, Any]) -> AnswerBody:
    """Raises `Problem`."""
    try:
        return AnswerBody.model_validate(given)
    except ValidationError as wrong:
        raise invalid(from_validation(wrong)) from wrong


HANDLERS = [list_approvals, get_approval, approve, deny]
