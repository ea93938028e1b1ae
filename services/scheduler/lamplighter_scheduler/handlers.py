"""What each consumer hears, and what is done about it. Every handler may see a message again: it changes nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from nats.aio.msg import Msg

from lamplighter_contracts import envelope
from lamplighter_contracts.events import BackfillCancelled, BackfillOrder, BackfillRequested, JobTriggered
from lamplighter_contracts.executions import ExecutionFinished, ExecutionStatus
from lamplighter_planning.rulings import Asked, Ended
from lamplighter_runtime.consuming import Received, quietly
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.invariants import is_unsettled
from lamplighter_scheduler.parked import BODIES_AT_ONCE
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers

MOST = 350
"""Messages taken together. As triggers of one job they make 701 messages, and what waited adds 200 at most: that
fits one atomic batch."""


END_HEARD = 3
HEAR_AGAIN_SECONDS = 1.0
"""How often, and after how long, the end of an execution that never began is heard. A decision takes less."""


def read_job_id(message: Msg) -> str:
    """Of a catalog change or a tick: the subject says it all."""
    return message.subject.rsplit(".", 1)[1]


def read_trigger(message: Msg) -> JobTriggered:
    return envelope.read(JobTriggered, message.data, message.headers)


def read_gated_end(message: Msg) -> ExecutionFinished | None:
    """None for what no gate waits for, told from the headers alone."""
    headers = message.headers or {}
    if headers.get(envelope.TYPE_HEADER) != ExecutionFinished.event_type:
        return None
    if headers.get(envelope.GATED_HEADER) != "1":
        return None
    return envelope.read(ExecutionFinished, message.data, headers)


def read_order(message: Msg) -> BackfillOrder:
    headers = message.headers or {}
    if headers.get(envelope.TYPE_HEADER) == BackfillCancelled.event_type:
        return envelope.read(BackfillCancelled, message.data, headers)
    return envelope.read(BackfillRequested, message.data, headers)


class Handlers:
    def __init__(self, states: States, firings: Firings, timers: Timers) -> None:
        self._states = states
        self._firings = firings
        self._timers = timers

    async def on_job_written(self, batch: Sequence[Received[str]]) -> None:
        """What was changed may also concern what a pause passed over, and what waits."""
        job_ids = {received.event for received in batch}
        situations = await self._states.of_jobs(job_ids)
        unsettled = [Asked(s.job_id, ticked=True) for s in situations if is_unsettled(s)]
        if unsettled:
            await self._firings.settle(unsettled)
        await self._timers.review(job_ids)

    async def on_tick(self, batch: Sequence[Received[str]]) -> None:
        job_ids = {received.event for received in batch}
        settled = await self._firings.settle([Asked(job_id, ticked=True) for job_id in job_ids])
        await self._timers.follow(settled)

    async def on_job_triggered(self, batch: Sequence[Received[JobTriggered]]) -> None:
        for share in shares(batch):
            by_job: dict[str, list[Received[JobTriggered]]] = defaultdict(list)
            for received in share:
                by_job[received.event.job_id].append(received)
            settled = await self._firings.settle(
                [_triggered(job_id, triggers) for job_id, triggers in by_job.items()]
            )
            await self._timers.keep(settled)

    async def on_backfill_ordered(self, batch: Sequence[Received[BackfillOrder]]) -> None:
        by_job: dict[str, list[Received[BackfillOrder]]] = defaultdict(list)
        for received in batch:
            by_job[received.event.job_id].append(received)
        await self._firings.settle([_ordered(job_id, orders) for job_id, orders in by_job.items()])

    async def on_execution_finished(self, batch: Sequence[Received[ExecutionFinished]]) -> None:
        by_job: dict[str, list[Ended]] = defaultdict(list)
        for received in batch:
            by_job[received.event.job_id].append(_ended(received.event))
        settled = await self._firings.settle(
            [Asked(job_id, ended=tuple(ended)) for job_id, ended in by_job.items()]
        )
        await self._timers.keep(settled)
        await _hear_again(batch)


def shares(batch: Sequence[Received[JobTriggered]]) -> Iterator[list[Received[JobTriggered]]]:
    """In order, with no more than so much of large bodies in each: mostly there is but one share."""
    share: list[Received[JobTriggered]] = []
    size = 0
    for received in batch:
        body = received.event.body.size if received.event.body else 0
        if body and size and size + body > BODIES_AT_ONCE:
            yield share
            share, size = [], 0
        share.append(received)
        size += body
    yield share


async def _hear_again(batch: Sequence[Received[ExecutionFinished]]) -> None:
    """Who cancels a start before it was decided has its end heard before its beginning: the place that it takes
    then is free when the end comes again. One that was blocked was decided before."""
    for received in batch:
        is_early = received.event.attempt == 0 and received.event.outcome is ExecutionStatus.CANCELLED
        if is_early and received.deliveries < END_HEARD:
            await quietly(received.give_back(HEAR_AGAIN_SECONDS))


def _triggered(job_id: str, triggers: Sequence[Received[JobTriggered]]) -> Asked:
    repeated = frozenset(received.event.key for received in triggers if received.deliveries > 1)
    return Asked(job_id, triggers=tuple(received.event for received in triggers), repeated=repeated)


def _ordered(job_id: str, orders: Sequence[Received[BackfillOrder]]) -> Asked:
    repeated = frozenset(received.event.backfill_id for received in orders if received.deliveries > 1)
    return Asked(job_id, orders=tuple(received.event for received in orders), repeated=repeated)


def _ended(event: ExecutionFinished) -> Ended:
    good = event.outcome is ExecutionStatus.COMPLETED
    return Ended(event.execution_id, event.finished_at, event.result if good else None)
