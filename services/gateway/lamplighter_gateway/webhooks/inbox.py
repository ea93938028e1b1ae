"""The durable inbox: each accepted start of a job, and each genuine delivery, once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import JobTriggered
from lamplighter_contracts.streams import DEDUPE_WINDOW, JOBS
from lamplighter_gateway.webhooks.verdicts import Verdict
from lamplighter_runtime.latest import last_message, last_messages
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import GroupPublisher

SOURCE = "/lamplighter/gateway"
TRIES = 3


@dataclass(frozen=True, slots=True)
class Accepted:
    """The execution that a start leads to. `duplicate`: the same key had been accepted before."""

    execution_id: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """A delivery as it is recorded. `duplicate`: it is a repeat, and this is the first one."""

    received: DeliveryReceived
    duplicate: bool


class Inbox:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._publisher = GroupPublisher(client)
        self._under_way: dict[str, asyncio.Future[Recorded]] = {}

    async def accept(self, event: JobTriggered, by: Mapping[str, str]) -> Accepted:
        """Store the start, or find the one that came first. `by` are the headers that tell the audit whose it is.

        Raises `BusUnavailable`, `MessageTooLarge`."""
        message = trigger_message(event, by)
        for _ in range(TRIES):
            verdict = await self._publisher.publish(message)
            if isinstance(verdict, Stored):
                return Accepted(event.execution_id, verdict.duplicate)
            first = await last_message(self._client, JOBS.name, message.subject)
            # It may have expired between the two looks: then the way is free.
            if first is not None:
                return Accepted(envelope.read(JobTriggered, first.body, first.headers).execution_id, True)
        raise BusUnavailable(f"the start on {message.subject!r} was neither stored nor found")

    async def record(self, verdict: Verdict) -> Recorded:
        """Store the delivery with what it starts, or find the one that came first.

        Repeats that come while the first is under way wait for it. Raises `BusUnavailable`, `MessageTooLarge`.
        """
        subject = subjects.delivery(verdict.received.job_id, verdict.received.key)
        if subject in self._under_way:
            first = await asyncio.shield(self._under_way[subject])
            return Recorded(first.received, duplicate=True)
        mine = self._under_way[subject] = asyncio.ensure_future(self._record(verdict))
        mine.add_done_callback(lambda done: self._ended(subject, done))
        # Who breaks off takes nothing from those who wait with him.
        return await asyncio.shield(mine)

    def _ended(self, subject: str, done: asyncio.Future[Recorded]) -> None:
        del self._under_way[subject]
        if not done.cancelled():
            # Nobody may be left to hear of a failure.
            done.exception()

    async def first(self, job_id: str, key: str) -> DeliveryReceived | None:
        """The delivery that is known by this key. Raises `BusUnavailable`."""
        found = await last_message(self._client, JOBS.name, subjects.delivery(job_id, key))
        return envelope.read(DeliveryReceived, found.body, found.headers) if found else None

    async def _record(self, verdict: Verdict) -> Recorded:
        received, trigger = verdict.received, verdict.trigger
        for _ in range(TRIES):
            messages = [delivery_message(received), *([trigger_message(trigger)] if trigger else [])]
            if isinstance(await self._publisher.commit(messages), Stored):
                return Recorded(received, duplicate=False)
            first, start = await self._found(received)
            if first is not None:
                # An unanswered try of our own may have been the first.
                return Recorded(first, duplicate=first.delivery_id != received.delivery_id)
            if start is not None and trigger is not None:
                # Somebody started the job by hand under the same key: that is the start, and this is a record of it.
                received, trigger = received.model_copy(update={"execution_id": start.execution_id}), None
        raise BusUnavailable(f"the delivery {received.delivery_id!r} was neither stored nor found")

    async def _found(self, received: DeliveryReceived) -> tuple[DeliveryReceived | None, JobTriggered | None]:
        delivery = subjects.delivery(received.job_id, received.key)
        start = subjects.trigger(received.job_id, received.key)
        found = await last_messages(self._client, JOBS.name, [delivery, start])
        first, other = found.get(delivery), found.get(start)
        return (
            envelope.read(DeliveryReceived, first.body, first.headers) if first else None,
            envelope.read(JobTriggered, other.body, other.headers) if other else None,
        )


def trigger_message(event: JobTriggered, by: Mapping[str, str] | None = None) -> Message:
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
        )
        | dict(by or {}),
        # Not the bare id: the due event of this execution carries that, in the same stream.
        message_id=f"{event.execution_id}:triggered",
        expected=0,
        ttl=DEDUPE_WINDOW,
    )


def delivery_message(event: DeliveryReceived) -> Message:
    """As that of a trigger: the first on its subject, or none."""
    return Message(
        subjects.delivery(event.job_id, event.key),
        envelope.body(event),
        envelope.headers(
            event,
            event_id=event.delivery_id,
            source=SOURCE,
            time=event.received_at,
            subject=event.job_id,
        ),
        message_id=f"{event.delivery_id}:received",
        expected=0,
        ttl=DEDUPE_WINDOW,
    )
