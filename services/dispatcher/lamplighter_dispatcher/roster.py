"""What runs in this process, and the slots it takes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionStarted
from lamplighter_dispatcher.admission.plans import Catalog
from lamplighter_dispatcher.admission.seats import Place
from lamplighter_dispatcher.claims import Bringer
from lamplighter_dispatcher.metrics import SLOTS_IN_USE
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.consuming import Received


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

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """The slot that one holds is free for others meanwhile; then it waits until one is free again."""
        self.release()
        try:
            yield
        finally:
            # It may be one too many for a moment, rather than one that never ends.
            self.occupy(1)

    def occupy(self, number: int) -> None:
        self.free -= number
        if self.free < 1:
            self._some.clear()

    def release(self, number: int = 1) -> None:
        self.free += number
        if self.free > 0:
            self._some.set()


@dataclass(eq=False)
class Running:
    """One execution that this process holds, from its due event to its end."""

    due: Received[JobDue]
    leased_until: float
    """On the monotonic clock. Renewed by each heartbeat that found the execution still ours."""
    slots: Slots
    """Of its queue; it holds one."""
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
    surroundings: Catalog = field(default_factory=Catalog)
    """What the catalog said when it was taken."""
    places: tuple[Place, ...] = ()
    """Where it has a seat."""
    part: int = 0
    """0: its due event brought it up. Later: the word that it may go on after an approval."""

    @property
    def bringer(self) -> Bringer:
        return Bringer(self.part, self.due.deliveries)

    @property
    def execution_id(self) -> str:
        return self.due.event.execution_id

    @property
    def attempt(self) -> int:
        return self.claim.attempt if self.claim else 0


def _nobody() -> None:
    pass


class Roster:
    """By execution id. What is listed here is not begun a second time."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self.changed: Callable[[], None] = _nobody
        """Called whenever something is entered or leaves."""

    def enter(
        self, due: Received[JobDue], leased_until: float, slots: Slots, part: int = 0
    ) -> Running | None:
        """None where this process runs it already."""
        if due.event.execution_id in self._running:
            return None
        running = Running(due, leased_until, slots, part=part)
        self._running[running.execution_id] = running
        self._empty.clear()
        self._count()
        return running

    def leave(self, running: Running) -> None:
        del self._running[running.execution_id]
        self._count()
        if not self._running:
            self._empty.set()

    def _count(self) -> None:
        SLOTS_IN_USE.set(len(self._running))
        self.changed()

    def get(self, execution_id: str) -> Running | None:
        return self._running.get(execution_id)

    def __iter__(self) -> Iterator[Running]:
        return iter(list(self._running.values()))

    def __len__(self) -> int:
        return len(self._running)

    def agents(self) -> dict[str, int]:
        """How many executions of each agent run; members of a team count for their team."""
        claims = [running.claim for running in self._running.values() if running.claim is not None]
        return dict(Counter(claim.agent_id for claim in claims if claim.agent_id))

    async def empty(self) -> None:
        await self._empty.wait()
