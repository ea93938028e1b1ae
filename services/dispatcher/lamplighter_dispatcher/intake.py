"""Takes due events as there is room for them, and never more: what is taken is run at once."""

from collections.abc import Callable, Sequence

from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts.envelope import read
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.ids import is_execution_id
from lamplighter_contracts.streams import Consumer
from lamplighter_dispatcher.roster import Slots
from lamplighter_runtime.consuming import Received, read_batch, to_the_end
from lamplighter_runtime.pulls import Pull

Begin = Callable[[Sequence[Received[JobDue]], Slots], None]


async def take_in(client: Client, consumer: Consumer, slots: Slots, begin: Begin) -> None:
    """For ever. Each event given to `begin` has a slot, which its end releases. Cancelling gives back what waits."""
    pull = Pull(client, consumer)
    await pull.open()
    try:
        while True:
            messages = await pull.take(await slots.some())
            slots.occupy(len(messages))
            await to_the_end(_begin(client, consumer, messages, slots, begin))
    finally:
        await pull.close()


async def _begin(
    client: Client, consumer: Consumer, messages: Sequence[Msg], slots: Slots, begin: Begin
) -> None:
    batch = await read_batch(client, consumer, read_due, messages)
    slots.release(len(messages) - len(batch))
    begin(batch, slots)


def read_due(message: Msg) -> JobDue:
    """Raises `ValueError` for poison: the id becomes part of subjects and of paths."""
    due = read(JobDue, message.data, message.headers)
    if not is_execution_id(due.execution_id):
        raise ValueError(f"{due.execution_id!r} is not the id of an execution")
    return due
