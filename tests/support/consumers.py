"""How far a durable consumer is: what a test waits for before it looks at what was made of its messages."""

from nats.aio.client import Client
from nats.js.errors import NotFoundError

from lamplighter_contracts.streams import Consumer


async def unsettled(bus: Client, consumer: Consumer) -> int:
    """How many messages it has not been given yet, or has been given and not acknowledged; 0 when all is done."""
    info = await bus.jetstream().consumer_info(consumer.stream.name, consumer.durable)
    given = info.delivered.stream_seq if info.delivered else 0
    waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
    # The server counts a message as pending a moment after it has stored it: so the last one is looked for.
    return waiting or int(given < await _last(bus, consumer))


async def _last(bus: Client, consumer: Consumer) -> int:
    """The sequence of the last message that is meant for it; 0 where there is none."""
    found = [0]
    for pattern in consumer.filters:
        try:
            last = await bus.jetstream().get_last_msg(consumer.stream.name, pattern)
        except NotFoundError:
            continue
        found.append(last.seq or 0)
    return max(found)
