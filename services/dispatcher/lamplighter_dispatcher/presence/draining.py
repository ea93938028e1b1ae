"""Whether this dispatcher takes work, or only ends what it has."""

import asyncio
from collections.abc import Callable

from faststream.nats import NatsBroker

from lamplighter_contracts import subjects
from lamplighter_contracts.workers import DrainReply, DrainRequest
from lamplighter_runtime.logs import get_logger

log = get_logger()


class Draining:
    """Before taking something wait for `open`; what stands and waits for work goes home on `closed`."""

    def __init__(self) -> None:
        self._open, self._closed = asyncio.Event(), asyncio.Event()
        self._open.set()

    def __bool__(self) -> bool:
        return self._closed.is_set()

    async def open(self) -> None:
        await self._open.wait()

    async def closed(self) -> None:
        await self._closed.wait()

    def turn(self, *, drain: bool) -> None:
        """It stands until it is turned back, or the process ends."""
        begin, end = (self._closed, self._open) if drain else (self._open, self._closed)
        end.clear()
        begin.set()


def subscribe(
    broker: NatsBroker,
    worker: str,
    draining: Draining,
    running: Callable[[], int],
    changed: Callable[[], None],
) -> None:
    """Hear requests that are meant for this worker. `changed` is called after each."""

    @broker.subscriber(subjects.drain(worker))
    async def on_drain(request: DrainRequest) -> DrainReply:
        draining.turn(drain=request.drain)
        changed()
        log.info("worker.drain", worker=worker, drain=request.drain, requested_by=request.requested_by)
        return DrainReply(outcome="draining" if draining else "working", running=running())
