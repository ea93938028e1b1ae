"""The status subject of each execution: read, and written by compare-and-set, many together."""

from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import GATED_HEADER, body, headers, read_transition
from lamplighter_contracts.events import ExecutionFinished, ExecutionStep, ExecutionTransition
from lamplighter_contracts.streams import EXECUTIONS, FINAL_STATE_TTL, LIVE_STATE_TTL
from lamplighter_dispatcher.claims import Seen
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_runtime.messages import Conflict, Message, Stored
from lamplighter_runtime.publishing import GroupPublisher

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
        subject = subjects.execution_status(event.execution_id)
        # Whoever repeats this very write finds it done; nobody else has this id.
        identity = f"{event.execution_id}.{event.kind}.{event.attempt}.{self._worker}.{expected}"
        final = isinstance(event, ExecutionFinished)
        attributes = headers(event, event_id=identity, source=SOURCE, time=now, subject=event.job_id)
        if final and event.gated:
            attributes[GATED_HEADER] = "1"
        ttl = FINAL_STATE_TTL if final else LIVE_STATE_TTL
        return await self._group.publish(Message(subject, body(event), attributes, identity, expected, ttl))

    async def step(self, event: ExecutionStep) -> None:
        """Raises `BusUnavailable`."""
        identity = f"{event.execution_id}.step.{event.attempt}.{event.number}.{event.phase}"
        attributes = headers(event, event_id=identity, source=SOURCE, time=event.at)
        subject = subjects.execution_step(event.execution_id)
        await self._group.publish(Message(subject, body(event), attributes, identity, ttl=LIVE_STATE_TTL))


def _seen(last: Last) -> Seen:
    return Seen(last.sequence, read_transition(last.body))
