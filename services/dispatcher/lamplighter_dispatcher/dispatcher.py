"""The executions of one process: begun as their due events come in, and brought to an end when it leaves."""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts.events import JobDue
from lamplighter_contracts.streams import Consumer
from lamplighter_dispatcher.catalog import read_catalog
from lamplighter_dispatcher.execution import Execution
from lamplighter_dispatcher.outcomes import StopReason
from lamplighter_dispatcher.plans import NoPlan, Plan, resolve
from lamplighter_dispatcher.roster import Roster, Running, Slots
from lamplighter_runtime.consuming import Received, come_again, quietly
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

PAUSE_SECONDS = 1.0


class Dispatcher:
    def __init__(self, client: Client, roster: Roster, execution: Execution, lease_seconds: float) -> None:
        self._client = client
        self._roster = roster
        self._execution = execution
        self._lease_seconds = lease_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, consumer: Consumer, batch: Sequence[Received[JobDue]], slots: Slots) -> None:
        """Run each in a task of its own, which gives its slot back."""
        fresh: list[Running] = []
        for due in batch:
            running = self._roster.enter(due, time.monotonic() + self._lease_seconds)
            if running is None:
                # It runs here already: the lease must have been too short for a moment.
                slots.release()
                self._start(quietly(due.in_progress()))
            else:
                fresh.append(running)
        if fresh:
            self._start(self._begin(consumer, fresh, slots))

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

    async def _begin(self, consumer: Consumer, batch: Sequence[Running], slots: Slots) -> None:
        try:
            catalog = await read_catalog(self._client, [running.due.event.job for running in batch])
        except Exception as failure:  # noqa: BLE001 - whatever went wrong, no event must be lost
            for running in batch:
                await self._come_again(consumer, running, failure)
                self._end(running, slots)
            return
        for running in batch:
            plan = resolve(running.due.event.job, catalog)
            self._start(self._run(consumer, running, plan, slots))

    async def _run(self, consumer: Consumer, running: Running, plan: Plan | NoPlan, slots: Slots) -> None:
        try:
            await self._execution.go(running, plan)
        except Exception as failure:  # noqa: BLE001
            await self._come_again(consumer, running, failure)
        finally:
            self._end(running, slots)

    async def _come_again(self, consumer: Consumer, running: Running, failure: Exception) -> None:
        """While NATS is away nothing is poison; anything else is, when it has failed often enough."""
        if isinstance(failure, BusUnavailable):
            log.warning("due.waits", execution_id=running.execution_id, error=repr(failure))
            await quietly(running.due.give_back(PAUSE_SECONDS))
        else:
            await come_again(self._client, consumer, running.due, failure)

    def _end(self, running: Running, slots: Slots) -> None:
        self._roster.leave(running)
        slots.release()
