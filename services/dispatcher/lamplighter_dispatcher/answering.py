"""Records a person's word on an approval, or that there was none: reads the status, decides, compares and sets."""

from datetime import UTC, datetime

from lamplighter_contracts.control import AnswerReply, AnswerRequest
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionAnswered
from lamplighter_contracts.ids import is_execution_id
from lamplighter_dispatcher.answers import UNKNOWN, Record, Reply, on_answer
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.messages import BusUnavailable, Conflict, Stored

TRIES = 20


async def answer(statuses: Statuses, request: AnswerRequest) -> AnswerReply:
    """The reply is what has happened. Raises `BusUnavailable`: then nobody knows."""
    if not is_execution_id(request.execution_id):
        return UNKNOWN.reply
    for _ in range(TRIES):
        now = datetime.now(UTC)
        decision = on_answer(request, await statuses.last(request.execution_id), now)
        if isinstance(decision, Reply):
            return decision.reply
        if isinstance(await record(statuses, decision, now), Stored):
            given = next(a for a in decision.event.approvals if a.approval_id == request.approval_id)
            return AnswerReply(outcome="recorded", approval=given, status=decision.event.status)
    raise BusUnavailable(f"the status of {request.execution_id!r} changes all the time")


async def record(
    statuses: Statuses, decision: Record, now: datetime, due: JobDue | None = None
) -> Stored | Conflict:
    """With the last answer the execution may go on, in the same act. `due`, where it is at hand.

    Raises `BusUnavailable`.
    """
    event = decision.event
    if not isinstance(event, ExecutionAnswered):
        return await statuses.write(event, decision.expected, now)
    if due is None:
        (first,) = await statuses.parked(event.execution_id, [1])
        assert first.due is not None, "the first piece has the due event"
        due = first.due
    return await statuses.resume(event, due, decision.expected, now)
