"""What each consumer hears, and what is done about it. Every handler may see a message again: it changes nothing."""

from collections import defaultdict
from collections.abc import Sequence

from nats.aio.msg import Msg

from lamplighter_contracts import envelope
from lamplighter_contracts.events import ExecutionFinished, JobTriggered
from lamplighter_runtime.consuming import Received
from lamplighter_scheduler.decisions import Asked
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.timers import Timers

MOST = 400
"""Messages taken together. As triggers of one job they make 801 messages, which fit one atomic batch."""


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


class Handlers:
    def __init__(self, firings: Firings, timers: Timers) -> None:
        self._firings = firings
        self._timers = timers

    async def on_job_written(self, batch: Sequence[Received[str]]) -> None:
        await self._timers.review({received.event for received in batch})

    async def on_tick(self, batch: Sequence[Received[str]]) -> None:
        job_ids = {received.event for received in batch}
        settled = await self._firings.settle([Asked(job_id, ticked=True) for job_id in job_ids])
        await self._timers.follow(settled)

    async def on_job_triggered(self, batch: Sequence[Received[JobTriggered]]) -> None:
        by_job: dict[str, list[Received[JobTriggered]]] = defaultdict(list)
        for received in batch:
            by_job[received.event.job_id].append(received)
        await self._firings.settle([_asked(job_id, triggers) for job_id, triggers in by_job.items()])

    async def on_execution_finished(self, batch: Sequence[Received[ExecutionFinished]]) -> None:
        by_job: dict[str, set[str]] = defaultdict(set)
        for received in batch:
            by_job[received.event.job_id].add(received.event.execution_id)
        await self._firings.settle(
            [Asked(job_id, ended=frozenset(executions)) for job_id, executions in by_job.items()]
        )


def _asked(job_id: str, triggers: Sequence[Received[JobTriggered]]) -> Asked:
    repeated = frozenset(received.event.key for received in triggers if received.deliveries > 1)
    return Asked(job_id, triggers=tuple(received.event for received in triggers), repeated=repeated)
