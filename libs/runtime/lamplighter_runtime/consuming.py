"""The frame of every service: take a batch from a durable consumer, read it, handle it, acknowledge it.

What a message may meet: it is handled and acknowledged; handling fails and it comes again later, five times;
it cannot be read, or failed five times, and goes to `DEAD` with the reason, so that it holds up no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import UnexpectedType
from lamplighter_contracts.streams import Consumer
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message, MessageTooLarge
from lamplighter_runtime.metrics import BATCH_SIZE, DEAD_LETTERS, HANDLED, HANDLING_SECONDS
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.pulls import Pull

log = get_logger()

BACKOFF_SECONDS = (1, 5, 25, 60)
TRIES = len(BACKOFF_SECONDS) + 1
OUTAGE_SECONDS = 5
"""The longest that an event waits for a server that does not answer, before it is tried again."""

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """One message, read. `sequence` is its place in the stream, `deliveries` how often it came (1: first)."""

    event: E
    subject: str
    sequence: int
    deliveries: int
    message: Msg

    @property
    def stored_at(self) -> datetime:
        """When the server stored it, by the server's clock."""
        return self.message.metadata.timestamp

    async def ack(self) -> None:
        await self.message.ack()

    async def in_progress(self) -> None:
        """Keep the message from coming again for another `ack_wait`."""
        await self.message.in_progress()

    async def give_back(self, delay_seconds: float = 0) -> None:
        await self.message.nak(delay=delay_seconds or None)


Read = Callable[[Msg], E | None]
"""The event in a message, or None for one that is no concern of this consumer. Raises for poison."""

Handle = Callable[[Sequence[Received[E]]], Awaitable[None]]


async def consume(
    client: Client, consumer: Consumer, read: Read[E], handle: Handle[E], *, most: int = 500
) -> None:
    """Handle batches for ever. Cancelling gives back what was not begun."""
    pull = Pull(client, consumer)
    await pull.open()
    try:
        while True:
            messages = await pull.take(most)
            await to_the_end(_handle_batch(client, consumer, read, handle, messages))
    finally:
        await pull.close()


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """A batch that was begun is finished, also when the loop around it is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _handle_batch(
    client: Client, consumer: Consumer, read: Read[E], handle: Handle[E], messages: Sequence[Msg]
) -> None:
    BATCH_SIZE.labels(consumer.durable).observe(len(messages))
    with HANDLING_SECONDS.labels(consumer.durable).time():
        batch = await read_batch(client, consumer, read, messages)
        if not batch:
            return
        await _handle(client, consumer, handle, batch)


async def _handle(
    client: Client, consumer: Consumer, handle: Handle[E], batch: Sequence[Received[E]]
) -> None:
    failure = await _try(handle, batch)
    if failure is None:
        await _acknowledge(consumer, batch)
    elif isinstance(failure, ConnectionError):
        await _postpone(consumer, batch, failure)
    elif len(batch) == 1:
        await come_again(client, consumer, batch[0], failure)
    else:
        # Some may be poison: by halves they are found, and the others go on together.
        half = len(batch) // 2
        await _handle(client, consumer, handle, batch[:half])
        await _handle(client, consumer, handle, batch[half:])


async def _try(handle: Handle[E], batch: Sequence[Received[E]]) -> Exception | None:
    try:
        await handle(batch)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the message must not be lost
        return error
    return None


async def _acknowledge(consumer: Consumer, batch: Sequence[Received[E]]) -> None:
    for one in batch:
        await quietly(one.ack())
    HANDLED.labels(consumer.durable, "done").inc(len(batch))


async def _postpone(consumer: Consumer, batch: Sequence[Received[E]], outage: ConnectionError) -> None:
    """While a server is unreachable nothing is anybody's poison, however often it fails; and alone, each would
    wait for the same server. All come again, soon enough to be done shortly after it is back."""
    HANDLED.labels(consumer.durable, "postponed").inc(len(batch))
    log.warning("batch.postponed", consumer=consumer.durable, messages=len(batch), error=repr(outage))
    for one in batch:
        await quietly(one.give_back(min(_backoff(one), OUTAGE_SECONDS)))


async def come_again(client: Client, consumer: Consumer, one: Received[E], failure: Exception) -> None:
    """Later, with growing delay; at the end of its tries to `DEAD`."""
    HANDLED.labels(consumer.durable, "failed").inc()
    log.warning(
        "event.failed",
        consumer=consumer.durable,
        subject=one.subject,
        deliveries=one.deliveries,
        error=repr(failure),
        exc_info=failure,
    )
    if one.deliveries >= TRIES:
        await bury(client, consumer, one.message, f"failed {one.deliveries} times: {failure!r}")
        return
    await quietly(one.give_back(_backoff(one)))


def _backoff(one: Received[E]) -> float:
    return BACKOFF_SECONDS[min(one.deliveries, len(BACKOFF_SECONDS)) - 1]


async def read_batch(
    client: Client, consumer: Consumer, read: Read[E], messages: Sequence[Msg]
) -> list[Received[E]]:
    """The messages that could be read and matter. The others are settled: poison to `DEAD`, the rest acknowledged."""
    batch: list[Received[E]] = []
    for message in messages:
        try:
            event = read(message)
        except (ValidationError, UnexpectedType, ValueError) as error:
            await bury(client, consumer, message, f"cannot be read: {error}")
            continue
        if event is None:
            await quietly(message.ack())
            continue
        at = message.metadata
        batch.append(Received(event, message.subject, at.sequence.stream, at.num_delivered, message))
    return batch


async def bury(client: Client, consumer: Consumer, message: Msg, reason: str) -> None:
    """Set a poison message aside in `DEAD`, with where it came from and why; only then it leaves its consumer."""
    at = message.metadata
    headers = {k: v for k, v in (message.headers or {}).items() if not k.startswith("Nats-")}
    headers |= {
        "Lamplighter-Subject": message.subject,
        "Lamplighter-Stream": at.stream,
        "Lamplighter-Sequence": str(at.sequence.stream),
        "Lamplighter-Reason": " ".join(reason.split())[:1_000],
    }
    grave = subjects.dead(consumer.stream.name, consumer.durable)
    remains = Message(grave, message.data, headers, message_id=f"{grave}:{at.sequence.stream}")
    try:
        await publish(client, _fitting(remains))
    except BusUnavailable as unavailable:
        log.warning("event.not_buried", consumer=consumer.durable, error=repr(unavailable))
        return
    await quietly(message.term())
    DEAD_LETTERS.labels(consumer.durable).inc()
    log.error("event.dead", consumer=consumer.durable, subject=message.subject, reason=reason[:300])


def _fitting(grave: Message) -> Message:
    """What is too large to be set aside whole is so without its body, which is still where it came from."""
    try:
        grave.wire_headers()
    except MessageTooLarge as too_large:
        return replace(grave, body=b"", headers={**grave.headers, "Lamplighter-Left-Out": str(too_large)})
    return grave


async def quietly(acknowledgement: Awaitable[None]) -> None:
    """An acknowledgement is advice: if it does not arrive the message comes again, and that is harmless."""
    try:
        await acknowledgement
    except NatsError as error:
        log.debug("ack.lost", error=repr(error))
