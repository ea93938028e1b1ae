"""Requests and calls from others: cancel an execution, look at one that runs here."""

from collections.abc import Awaitable, Callable

from faststream.nats import NatsBroker
from faststream.params import Path

from lamplighter_contracts import subjects
from lamplighter_contracts.control import CancelReply, CancelRequest
from lamplighter_dispatcher.roster import Roster
from lamplighter_dispatcher.watch import Watch
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

Cancel = Callable[[CancelRequest], Awaitable[CancelReply]]


def subscribe(broker: NatsBroker, cancel: Cancel, roster: Roster, watch: Watch) -> None:
    """One dispatcher of all answers a request to cancel; each of them hears who has to stop."""

    @broker.subscriber(subjects.CANCEL_EXECUTION, queue="dispatcher")
    async def on_cancel(request: CancelRequest) -> CancelReply:
        try:
            reply = await cancel(request)
        except BusUnavailable as unavailable:
            # No answer says that nobody knows; whoever asked asks again.
            log.warning("execution.not_cancelled", execution_id=request.execution_id, error=repr(unavailable))
            raise
        log.info(
            "execution.cancel",
            execution_id=request.execution_id,
            requested_by=request.requested_by,
            outcome=reply.outcome,
        )
        return reply

    @broker.subscriber(subjects.stop("{execution_id}"))
    async def on_stop(execution_id: str = Path()) -> None:
        running = roster.get(execution_id)
        if running is None or running.ending:
            return
        if running.sequence is None:
            running.look = True
            return
        try:
            await watch.look(running)
        except BusUnavailable as unavailable:
            log.warning("execution.stop_waits", execution_id=execution_id, error=repr(unavailable))
