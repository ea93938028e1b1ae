"""Requests and calls from others: cancel an execution, answer an approval, look at what runs here."""

from collections.abc import Awaitable, Callable

from faststream.nats import NatsBroker
from faststream.params import Path

from lamplighter_contracts import subjects
from lamplighter_contracts.control import AnswerReply, AnswerRequest, CancelReply, CancelRequest
from lamplighter_dispatcher.roster import Roster
from lamplighter_dispatcher.watch import Watch
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

Cancel = Callable[[CancelRequest], Awaitable[CancelReply]]
Answer = Callable[[AnswerRequest], Awaitable[AnswerReply]]


def subscribe(broker: NatsBroker, cancel: Cancel, answer: Answer, roster: Roster, watch: Watch) -> None:
    _answer_requests(broker, cancel, answer)
    _hear_stops(broker, roster, watch)


def _answer_requests(broker: NatsBroker, cancel: Cancel, answer: Answer) -> None:
    """One dispatcher of all answers. No answer says that nobody knows: whoever asked asks again."""

    @broker.subscriber(subjects.CANCEL_EXECUTION, queue="dispatcher")
    async def on_cancel(request: CancelRequest) -> CancelReply:
        try:
            reply = await cancel(request)
        except BusUnavailable as unavailable:
            log.warning("execution.not_cancelled", execution_id=request.execution_id, error=repr(unavailable))
            raise
        log.info(
            "execution.cancel",
            execution_id=request.execution_id,
            requested_by=request.requested_by,
            outcome=reply.outcome,
        )
        return reply

    @broker.subscriber(subjects.ANSWER_APPROVAL, queue="dispatcher")
    async def on_answer(request: AnswerRequest) -> AnswerReply:
        try:
            reply = await answer(request)
        except BusUnavailable as unavailable:
            log.warning("approval.not_answered", approval_id=request.approval_id, error=repr(unavailable))
            raise
        log.info(
            "approval.answer",
            approval_id=request.approval_id,
            approved=request.approved,
            answered_by=request.answered_by,
            outcome=reply.outcome,
        )
        return reply


def _hear_stops(broker: NatsBroker, roster: Roster, watch: Watch) -> None:
    """Each dispatcher hears who has to stop."""

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
