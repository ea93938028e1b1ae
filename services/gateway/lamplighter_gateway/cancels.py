"""Asking the dispatchers to end an execution: one of them answers for all."""

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_contracts.events import ExecutionStatus
from lamplighter_gateway.executions import Found
from lamplighter_gateway.problems import Problem, not_found, unavailable

TIMEOUT_SECONDS = 3.0


async def cancel(client: Client, found: Found, by: str) -> ExecutionStatus:
    """Its status from now on. Raises `Problem`: conflict (it was over), unavailable (no dispatcher)."""
    request = CancelRequest(execution_id=found.execution_id, job_id=found.job_id, requested_by=by)
    try:
        answer = await client.request(
            subjects.CANCEL_EXECUTION,
            request.model_dump_json().encode(),
            timeout=TIMEOUT_SECONDS,
            headers={"content-type": "application/json"},
        )
    except NoRespondersError as error:
        raise unavailable("No dispatcher is running: nothing was cancelled.") from error
    except (NatsError, TimeoutError, ConnectionError) as error:
        raise unavailable("No dispatcher answers; it may have been cancelled. Ask again.") from error
    return read_reply(found.execution_id, CancelReply.model_validate_json(answer.data))


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
