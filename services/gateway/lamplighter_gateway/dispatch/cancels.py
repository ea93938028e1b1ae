"""Asking the dispatchers to end an execution."""

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_gateway.dispatch.dispatchers import ask
from lamplighter_gateway.past.executions import Found
from lamplighter_gateway.web.problems import Problem, not_found


async def cancel(client: Client, found: Found, by: str) -> ExecutionStatus:
    """Its status from now on. Raises `Problem`: conflict (it was over), unavailable (no dispatcher)."""
    request = CancelRequest(execution_id=found.execution_id, job_id=found.job_id, requested_by=by)
    answer = await ask(client, subjects.CANCEL_EXECUTION, request, "cancelled")
    return read_reply(found.execution_id, CancelReply.model_validate_json(answer))


def read_reply(execution_id: str, reply: CancelReply) -> ExecutionStatus:
    """Raises a `Problem` where the request came to nothing."""
    match reply.outcome:
        case "accepted":
            return reply.status or ExecutionStatus.CANCELLING
        case "finished":
            was = reply.status.value if reply.status else "over"
            raise Problem("conflict", f"The execution {execution_id} was {was} before it could be cancelled.")
        case "unknown":
            raise not_found("execution", execution_id)
