"""What the bus itself knows of one execution, be it too young for history or history away."""

from dataclasses import dataclass
from datetime import timedelta

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import JobTriggered, TriggerDecided
from lamplighter_contracts.executions import ExecutionFinished, ExecutionTransition
from lamplighter_contracts.ids import fired_at
from lamplighter_contracts.streams import EXECUTIONS, JOBS
from lamplighter_runtime.latest import Last, last_message, messages_since

SKEW = timedelta(seconds=2)
"""How far the clocks of a gateway and of NATS may be apart."""
STORED_WITHIN = timedelta(seconds=12)
"""A start is stored within this time after its execution id was made, or never: three tries of three seconds."""
PAGE, PAGE_BYTES = 500, 2 << 20


@dataclass(frozen=True, slots=True)
class LastStatus:
    """The last message on the execution's status subject."""

    sequence: int
    event: ExecutionTransition

    @property
    def final(self) -> ExecutionFinished | None:
        return self.event if isinstance(self.event, ExecutionFinished) else None


class Sightings:
    """Each raises `BusUnavailable`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def last_status(self, execution_id: str) -> LastStatus | None:
        last = await last_message(self._client, EXECUTIONS.name, subjects.execution_status(execution_id))
        return LastStatus(last.sequence, envelope.read_transition(last.body)) if last else None

    async def trigger(self, execution_id: str) -> JobTriggered | None:
        """The accepted start that this execution is to come of.

        An execution id is made from the instant at which its start is accepted: so the start stands in the
        stream just after that instant, and a short reading finds it, whichever gateway accepted it.
        """
        found = await self._made(execution_id, subjects.ANY_TRIGGER)
        return envelope.read(JobTriggered, found.body, found.headers) if found else None

    async def delivery(self, delivery_id: str) -> DeliveryReceived | None:
        """As it was received. Its id is made from that instant: so it is found as a start is."""
        found = await self._made(delivery_id, subjects.ANY_DELIVERY)
        return envelope.read(DeliveryReceived, found.body, found.headers) if found else None

    async def _made(self, event_id: str, pattern: str) -> Last | None:
        """The message of that event, whose id has the instant at which it was made."""
        try:
            made_at = fired_at(event_id)
            since, until = made_at - SKEW, made_at + STORED_WITHIN
        except (ValueError, OverflowError):
            return None  # no clock ever showed that time
        while True:
            page = await messages_since(self._client, JOBS.name, pattern, since, PAGE, PAGE_BYTES)
            for message in page:
                if message.headers.get(envelope.ID_HEADER) == event_id:
                    return message
            last = page[-1].stored_at if page else until
            if last >= until or last <= since:
                return None
            since = last

    async def decision(self, trigger: JobTriggered) -> TriggerDecided | None:
        """What the scheduler made of a start: an execution that is due, a wait for its turn, or a skip. Its last word
        counts."""
        last = await last_message(self._client, JOBS.name, subjects.decided(trigger.job_id, trigger.key))
        return envelope.read(TriggerDecided, last.body, last.headers) if last else None
