"""What runs in this process, and the slots it takes."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from lamplighter_contracts.events import ExecutionStarted, JobDue
from lamplighter_dispatcher.metrics import SLOTS_IN_USE
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.consuming import Received


@dataclass(eq=False)
class Running:
    """One execution that this process holds, from its due event to its end."""

    due: Received[JobDue]
    leased_until: float
    """On the monotonic clock. Renewed by each heartbeat that found the execution still ours."""
    claim: ExecutionStarted | None = None
    """As it was written. None before."""
    sequence: int | None = None
    """Of the last status that this worker wrote or knows of. None before the claim."""
    cancelled_by: str | None = None
    look: bool = False
    """Somebody said stop while the claim was under way."""
    ending: bool = False
    """The work is done, and its end is being written."""
    stop: Stop = field(default_factory=Stop)

    @property
    def execution_id(self) -> str:
        return self.due.event.execution_id

    @property
    def attempt(self) -> int:
        return self.claim.attempt if self.claim else 0


class Roster:
    """By execution id. What is listed here is not begun a second time."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def enter(self, due: Received[JobDue], leased_until: float) -> Running | None:
        """None where this process runs it already."""
        if due.event.execution_id in self._running:
            return None
        running = Running(due, leased_until)
        self._running[running.execution_id] = running
        self._empty.clear()
        SLOTS_IN_USE.set(len(self._running))
        return running

    def leave(self, running: Running) -> None:
        del self._running[running.execution_id]
        SLOTS_IN_USE.set(len(self._running))
        if not self._running:
            self._empty.set()

    def get(self, execution_id: str) -> Running | None:
        return self._running.get(execution_id)

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._running.values()))

    def __len__(self) -> int:
        return len(self._running)

    async def empty(self) -> None:
        await self._empty.wait()


class Slots:
    """Room for executions of one queue."""

    def __init__(self, number: int) -> None:
        self.free = number
        self._some = asyncio.Event()
        self._some.set()

    async def some(self) -> int:
        """How many are free, as soon as one is."""
        await self._some.wait()
        return self.free

    def occupy(self, number: int) -> None:
        self.free -= number
        if self.free < 1:
            self._some.clear()

    def release(self, number: int = 1) -> None:
        self.free += number
        if self.free > 0:
            self._some.set()
