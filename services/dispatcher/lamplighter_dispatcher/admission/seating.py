"""Takes and leaves seats on the bus by compare-and-set: all that an execution needs, or none."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import read_transition
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.seats import Seats
from lamplighter_contracts.streams import EXECUTIONS, LIVE_STATE_TTL
from lamplighter_dispatcher.admission import seats as deciding
from lamplighter_dispatcher.admission.lineup import Full, LineUp
from lamplighter_dispatcher.admission.seats import Place
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import commit

log = get_logger()

TRIES = 50
"""Each lost try means that another has written; they are as many as there are dispatchers."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The state of a place, and the sequence that a change of it has to follow."""

    place: Place
    seats: Seats
    sequence: int

    def becomes(self, seats: Seats) -> Message:
        return Message(
            subjects.seats(self.place.kind, self.place.object_id),
            seats.model_dump_json().encode(),
            expected=self.sequence,
            ttl=LIVE_STATE_TTL,
            rollup=True,
        )


def _seats(place: Place, last: Last | None) -> Seats:
    """What cannot be read holds up nobody: they sit down anew."""
    try:
        return Seats.model_validate_json(last.body) if last else place.empty
    except ValidationError as poison:
        log.warning("seats.unreadable", kind=place.kind, object_id=place.object_id, error=repr(poison))
        return place.empty


class Seating:
    """One for a process. `most_waiting` is how many executions it may hold that wait for a seat."""

    def __init__(self, client: Client, most_waiting: int) -> None:
        self._client = client
        self._most_waiting = most_waiting
        self._line = LineUp()
        self._taken: dict[str, dict[Place, int]] = {}
        """By execution id, since when it has which seat: those that are this process's to leave."""
        # Of one process one at a time changes a place: they would only make each other try again.
        self._locks: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def open(self) -> None:
        self._subscription = await self._client.subscribe(subjects.seat_left("*", "*"), cb=self._on_left)

    async def close(self) -> None:
        try:
            await self._subscription.unsubscribe()
        except NatsError as error:
            log.debug("seats.close", error=repr(error))

    @property
    def waiting(self) -> int:
        return self._line.waiting

    @property
    def is_crowded(self) -> bool:
        """Whether so many wait that one more is better given back."""
        return self.waiting >= self._most_waiting

    async def take(self, execution_id: str, places: Sequence[Place]) -> Full | None:
        """None where it is seated everywhere. Otherwise it is seated nowhere. Raises `BusUnavailable`."""
        if not places:
            return None
        async with AsyncExitStack() as held:
            await self._hold(held, places)
            for _ in range(TRIES):
                outcome = await self._try(execution_id, places)
                if outcome is None or isinstance(outcome, Full):
                    return outcome
        raise BusUnavailable(f"the seats at {places[0].object_id!r} change all the time")

    async def wait(self, execution_id: str, full: Full) -> None:
        """Until there may be room. Nothing is taken by that: admit it anew, for much may have changed, and `take`."""
        await self._line.wait(execution_id, full)

    async def leave(self, execution_id: str, places: Sequence[Place]) -> None:
        """Where NATS is away the seat stays taken, until somebody who needs it looks whether it is still used.

        A seat that another process has taken over, for the same execution, stays that one's.
        """
        taken = self._taken.pop(execution_id, {})
        try:
            async with AsyncExitStack() as held:
                await self._hold(held, places)
                await self._leave(execution_id, places, taken)
        except (BusUnavailable, NatsError) as unavailable:
            log.warning("seat.not_left", execution_id=execution_id, error=repr(unavailable))

    async def _try(self, execution_id: str, places: Sequence[Place]) -> Full | bool | None:
        """None: seated. False: somebody else wrote first."""
        heard, now = {place: self._line.heard(place) for place in places}, datetime.now(UTC)
        messages, freed = [], 0
        taken: dict[Place, int] = {}
        for found in await self._read(places):
            seats = deciding.take(found.seats, execution_id, found.place.most, now)
            if seats is None:
                pruned = await self._prune(found, now)
                freed += len(found.seats.seated) - len(pruned.seated) - 1
                seats = deciding.take(pruned, execution_id, found.place.most, now)
            if seats is None:
                return Full(found.place, heard[found.place])
            messages.append(found.becomes(seats))
            taken[found.place] = seats.seated[execution_id]
        # Before it is stored: of a seat that may be taken or not, it is known which one it would be.
        self._taken[execution_id] = taken
        if not isinstance(await commit(self._client, messages), Stored):
            return False
        for place in places if freed > 0 else ():
            await self._tell(place, freed)
        return None

    async def _leave(self, execution_id: str, places: Sequence[Place], taken: Mapping[Place, int]) -> None:
        for _ in range(TRIES):
            found = await self._read(places)
            after = [deciding.leave(one.seats, execution_id, taken.get(one.place)) for one in found]
            left = [(one, seats) for one, seats in zip(found, after, strict=True) if seats != one.seats]
            if not left:
                return
            if isinstance(await commit(self._client, [one.becomes(seats) for one, seats in left]), Stored):
                for one, _seats in left:
                    await self._tell(one.place)
                return
        raise BusUnavailable(f"the seats at {places[0].object_id!r} change all the time")

    async def _read(self, places: Sequence[Place]) -> list[_Found]:
        wanted = {place: subjects.seats(place.kind, place.object_id) for place in places}
        found = await last_messages(self._client, EXECUTIONS.name, list(wanted.values()))
        states = []
        for place, subject in wanted.items():
            last = found.get(subject)
            states.append(_Found(place, _seats(place, last), last.sequence if last else 0))
        return states

    async def _prune(self, found: _Found, now: datetime) -> Seats:
        """Without those who forgot to leave, or died before they could."""
        return deciding.prune(found.seats, await self._statuses(found.seats.seated), now)

    async def _statuses(self, execution_ids: Iterable[str]) -> dict[str, ExecutionStatus]:
        wanted = [subjects.execution_status(execution_id) for execution_id in execution_ids]
        found = await last_messages(self._client, EXECUTIONS.name, wanted)
        events = [read_transition(last.body) for last in found.values()]
        return {event.execution_id: event.status for event in events}

    async def _hold(self, held: AsyncExitStack, places: Sequence[Place]) -> None:
        """In one order for all, so that no two wait for each other."""
        for place in sorted(places, key=lambda one: (one.kind, one.object_id)):
            await held.enter_async_context(self._locks[place.kind, place.object_id])

    async def _tell(self, place: Place, seats: int = 1) -> None:
        for _ in range(seats):
            await self._client.publish(subjects.seat_left(place.kind, place.object_id))

    async def _on_left(self, message: Msg) -> None:
        kind, object_id = message.subject.split(".")[-2:]
        self._line.tell(kind, object_id)
