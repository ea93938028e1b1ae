"""The durable inbox: each accepted start of a job, once, on `trigger.job.<job>.<key>`."""

from dataclasses import dataclass

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import JobTriggered
from lamplighter_contracts.streams import DEDUPE_WINDOW, JOBS
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import GroupPublisher

SOURCE = "/lamplighter/gateway"
TRIES = 3


@dataclass(frozen=True, slots=True)
class Accepted:
    """The execution that a start leads to. `duplicate`: the same key had been accepted before."""

    execution_id: str
    duplicate: bool


class Inbox:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._publisher = GroupPublisher(client)

    async def accept(self, event: JobTriggered) -> Accepted:
        """Store the start, or find the one that came first. Raises `BusUnavailable`, `MessageTooLarge`."""
        message = trigger_message(event)
        for _ in range(TRIES):
            verdict = await self._publisher.publish(message)
            if isinstance(verdict, Stored):
                return Accepted(event.execution_id, verdict.duplicate)
            first = await last_message(self._client, JOBS.name, message.subject)
            # It may have expired between the two looks: then the way is free.
            if first is not None:
                return Accepted(envelope.read(JobTriggered, first.body, first.headers).execution_id, True)
        raise BusUnavailable(f"the start on {message.subject!r} was neither stored nor found")


def trigger_message(event: JobTriggered) -> Message:
    """Expected to be the first on its subject, where it stays as long as repeats are to be known."""
    return Message(
        subjects.trigger(event.job_id, event.key),
        envelope.body(event),
        envelope.headers(
            event,
            event_id=event.execution_id,
            source=SOURCE,
            time=event.accepted_at,
            subject=event.job_id,
        ),
        # Not the bare id: the due event of this execution carries that, in the same stream.
        message_id=f"{event.execution_id}:triggered",
        expected=0,
        ttl=DEDUPE_WINDOW,
    )
