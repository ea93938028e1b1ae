"""The executions of one process: begun as messages bring them up, and brought to an end when it leaves."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts.streams import Consumer
from lamplighter_dispatcher.admission.admitting import Admission
from lamplighter_dispatcher.execution import Execution
from lamplighter_dispatcher.intake import Brought
from lamplighter_dispatcher.outcomes import StopReason
from lamplighter_dispatcher.roster import Roster, Running, Slots
from lamplighter_runtime.consuming import Received, come_again, quietly
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

PAUSE_SECONDS = 1.0


class Dispatcher:
    def __init__(
        self, client: Client, roster: Roster, admission: Admission, execution: Execution, lease_seconds: float
    ) -> None:
        self._client = client
        self._roster = roster
        self._admission = admission
        self._execution = execution
        self._lease_seconds = lease_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, consumer: Consumer, slots: Slots, batch: Sequence[Received[Brought]]) -> None:
        """Run each in a task of its own, which gives its slot back."""
        fresh: list[Running] = []
        for brought in batch:
            due = Received(
                brought.event.due, brought.subject, brought.sequence, brought.deliveries, brought.message
            )
            leased_until = time.monotonic() + self._lease_seconds
            running = self._roster.enter(due, leased_until, slots, brought.event.part)
            if running is None:
                # It runs here already: the lease must have been too short for a moment, or an earlier message of it
                # comes back while it goes on after an approval.
                slots.release()
                delay = PAUSE_SECONDS if self._is_news(brought.event) else self._lease_seconds
                self._start(quietly(due.give_back(delay)))
            else:
                fresh.append(running)
        if fresh:
            self._start(self._begin(consumer, fresh))

    def _is_news(self, brought: Brought) -> bool:
        """Whether it brings up what was parked a moment ago, and has yet to be put away."""
        running = self._roster.get(brought.due.execution_id)
        return running is not None and brought.part > running.part

    async def leave(self, grace_seconds: float) -> None:
        """Let what runs come to its end within the grace time; stop the rest, and hand it to another."""
        try:
            await asyncio.wait_for(self._roster.empty(), grace_seconds)
        except TimeoutError:
            log.warning("dispatcher.hands_back", running=len(self._roster))
        self._execution.leaving.set()
        for running in self._roster:
            running.stop.request(StopReason.SHUTDOWN)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, consumer: Consumer, batch: Sequence[Running]) -> None:
        """What the catalog says of all of them is read together."""
        try:
            surroundings = await self._admission.prepare([running.due.event for running in batch])
        except Exception as failure:  # noqa: BLE001 - whatever went wrong, no message must be lost
            for running in batch:
                await self._come_again(consumer, running, failure)
                self._end(running)
            return
        for running in batch:
            running.surroundings = surroundings
            self._start(self._run(consumer, running))

    async def _run(self, consumer: Consumer, running: Running) -> None:
        try:
            await self._execution.go(running)
        except Exception as failure:  # noqa: BLE001
            await self._come_again(consumer, running, failure)
        finally:
            self._end(running)

    async def _come_again(self, consumer: Consumer, running: Running, failure: Exception) -> None:
        """While NATS is away nothing is poison; anything else is, when it has failed often enough."""
        if isinstance(failure, BusUnavailable):
            log.warning("due.waits", execution_id=running.execution_id, error=repr(failure))
            await quietly(running.due.give_back(PAUSE_SECONDS))
        else:
            await come_again(self._client, consumer, running.due, failure)

    def _end(self, running: Running) -> None:
        self._roster.leave(running)
        running.slots.release()
