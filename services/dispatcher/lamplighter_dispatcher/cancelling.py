"""Cancels an execution: reads its status, decides, writes by compare-and-set, and tells whoever runs it."""

from datetime import UTC, datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_contracts.ids import is_execution_id
from lamplighter_dispatcher.cancels import Answer, on_cancel
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.messages import BusUnavailable, Stored

TRIES = 20
"""Each lost try means that another has written: an execution has not so many states."""


async def cancel(client: Client, statuses: Statuses, request: CancelRequest) -> CancelReply:
    """The reply is what has happened. Raises `BusUnavailable`: then nobody knows."""
    if not is_execution_id(request.execution_id):
        return CancelReply(outcome="unknown")
    for _ in range(TRIES):
        now = datetime.now(UTC)
        decision = on_cancel(request, await statuses.last(request.execution_id), now)
        if isinstance(decision, Answer) or isinstance(
            await statuses.write(decision.event, decision.expected, now), Stored
        ):
            if decision.tell:
                await client.publish(subjects.stop(request.execution_id))
            return decision.reply
    raise BusUnavailable(f"the status of {request.execution_id!r} changes all the time")
