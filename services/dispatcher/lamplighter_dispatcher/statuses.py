"""The status subject of each execution: read, and written by compare-and-set, many together."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import GATED_HEADER, body, headers, read, read_transition
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionResumed,
    ExecutionStep,
    ExecutionTransition,
    ExecutionWaiting,
    Parked,
)
from lamplighter_contracts.streams import DUE_TTL, EXECUTIONS, FINAL_STATE_TTL, LIVE_STATE_TTL
from lamplighter_dispatcher.claims import Seen
from lamplighter_runtime.latest import Last, last_message, last_messages
from lamplighter_runtime.messages import Conflict, Message, Stored
from lamplighter_runtime.publishing import GroupPublisher, commit, publish

SOURCE = "/lamplighter/dispatcher"


class Statuses:
    """One for a process: what its executions write at the same time shares a batch."""

    def __init__(self, client: Client, worker: str) -> None:
        self._client = client
        self._worker = worker
        self._group = GroupPublisher(client)

    async def last(self, execution_id: str) -> Seen | None:
        """Raises `BusUnavailable`."""
        return (await self.last_of([execution_id])).get(execution_id)

    async def last_of(self, execution_ids: list[str]) -> dict[str, Seen]:
        """In one round trip, for those that have a status."""
        places = {subjects.execution_status(execution_id): execution_id for execution_id in execution_ids}
        found = await last_messages(self._client, EXECUTIONS.name, list(places))
        return {places[subject]: _seen(last) for subject, last in found.items()}

    async def write(self, event: ExecutionTransition, expected: int, now: datetime) -> Stored | Conflict:
        """Raises `BusUnavailable`: then it may have been stored or not."""
        return await self._group.publish(self._message(event, expected, now))

    async def park(
        self, waiting: ExecutionWaiting, pieces: Sequence[Parked], expected: int, now: datetime
    ) -> Stored | Conflict:
        """What it needs to go on, and that it waits, in one act. Raises `BusUnavailable` and `MessageTooLarge`."""
        kept = [self._piece(piece, now) for piece in pieces]
        return await commit(self._client, [*kept, self._message(waiting, expected, now)])

    async def resume(
        self, answered: ExecutionAnswered, due: JobDue, expected: int, now: datetime
    ) -> Stored | Conflict:
        """That all is answered, and the word to go on, in one act. Raises `BusUnavailable`."""
        resumed = ExecutionResumed(
            execution_id=answered.execution_id, job_id=answered.job_id, part=answered.part, due=due
        )
        identity = f"{answered.execution_id}.resumed.{answered.part}"
        attributes = headers(resumed, event_id=identity, source=SOURCE, time=now, subject=answered.job_id)
        subject = subjects.resume(due.job.queue, answered.execution_id)
        message = Message(subject, body(resumed), attributes, identity, ttl=LIVE_STATE_TTL)
        return await commit(self._client, [message, self._message(answered, expected, now)])

    async def forward(self, due: JobDue) -> None:
        """To the dispatchers of another queue. Raises `BusUnavailable`."""
        identity = f"{due.execution_id}.forward.{due.job.queue}"
        attributes = headers(due, event_id=identity, source=SOURCE, time=due.decided_at, subject=due.job_id)
        subject = subjects.job_due(due.job.queue, due.job_id)
        await publish(self._client, Message(subject, body(due), attributes, identity, ttl=DUE_TTL))

    async def parked(self, execution_id: str, numbers: Iterable[int]) -> list[Parked]:
        """Raises `BusUnavailable`, and `ValueError` where one cannot be read."""
        wanted = [subjects.execution_parked(execution_id, number) for number in numbers]
        found = await last_messages(self._client, EXECUTIONS.name, wanted)
        try:
            return [read(Parked, last.body, last.headers) for last in found.values()]
        except ValueError as unreadable:
            raise ValueError(f"what is kept of {execution_id!r} cannot be read") from unreadable

    async def effects_of(self, execution_id: str) -> ExecutionEffects | None:
        """Raises `BusUnavailable`."""
        last = await last_message(self._client, EXECUTIONS.name, subjects.execution_effects(execution_id))
        return read(ExecutionEffects, last.body, last.headers) if last else None

    async def effects(self, event: ExecutionEffects) -> None:
        """Raises `BusUnavailable`."""
        done = sum(effect.done for effect in event.effects)
        count = len(event.effects) + event.omitted
        identity = f"{event.execution_id}.effects.{event.attempt}.{count}.{done}"
        attributes = headers(event, event_id=identity, source=SOURCE, time=datetime.now(UTC))
        subject = subjects.execution_effects(event.execution_id)
        # Only the last list counts.
        message = Message(subject, body(event), attributes, identity, ttl=LIVE_STATE_TTL, rollup=True)
        await publish(self._client, message)

    async def tell(self, event: ExecutionStep | ExecutionDecided) -> None:
        """Raises `BusUnavailable`."""
        if isinstance(event, ExecutionStep):
            subject = subjects.execution_step(event.execution_id)
            identity = f"{event.execution_id}.step.{event.attempt}.{event.number}.{event.phase}"
        else:
            subject = subjects.execution_decided(event.execution_id)
            identity = f"{event.execution_id}.decided.{event.attempt}.{event.number}"
        attributes = headers(event, event_id=identity, source=SOURCE, time=event.at)
        await self._group.publish(Message(subject, body(event), attributes, identity, ttl=LIVE_STATE_TTL))

    def _message(self, event: ExecutionTransition, expected: int, now: datetime) -> Message:
        # Whoever repeats this very write finds it done; nobody else has this id.
        identity = f"{event.execution_id}.{event.kind}.{event.attempt}.{self._worker}.{expected}"
        final = isinstance(event, ExecutionFinished)
        attributes = headers(event, event_id=identity, source=SOURCE, time=now, subject=event.job_id)
        if final and event.gated:
            attributes[GATED_HEADER] = "1"
        ttl = FINAL_STATE_TTL if final else LIVE_STATE_TTL
        subject = subjects.execution_status(event.execution_id)
        return Message(subject, body(event), attributes, identity, expected, ttl)

    def _piece(self, piece: Parked, now: datetime) -> Message:
        attributes = headers(
            piece, event_id=f"{piece.execution_id}.parked.{piece.number}", source=SOURCE, time=now
        )
        subject = subjects.execution_parked(piece.execution_id, piece.number)
        return Message(subject, body(piece), attributes, ttl=LIVE_STATE_TTL, rollup=True)


def _seen(last: Last) -> Seen:
    return Seen(last.sequence, read_transition(last.body))
