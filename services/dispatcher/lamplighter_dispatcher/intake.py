"""Takes what is to be run as there is room for it, and never more: what is taken is run at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts.envelope import read
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import ExecutionResumed
from lamplighter_contracts.ids import is_execution_id
from lamplighter_contracts.streams import Consumer
from lamplighter_dispatcher.presence.draining import Draining
from lamplighter_dispatcher.roster import Slots
from lamplighter_runtime.consuming import Received, quietly, read_batch, to_the_end
from lamplighter_runtime.pulls import Pull
from lamplighter_runtime.tasks import end


@dataclass(frozen=True, slots=True)
class Brought:
    """An execution that a message brings up. `part`: see `Running`."""

    due: JobDue
    part: int = 0


Read = Callable[[Msg], Brought]
Begin = Callable[[Sequence[Received[Brought]]], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A consumer, how its messages are read, and how many are taken together."""

    consumer: Consumer
    read: Read
    most: int


async def take_in(client: Client, source: Source, slots: Slots, draining: Draining, begin: Begin) -> None:
    """For ever, but while it drains. Each that is given to `begin` has a slot, which its end releases. Cancelling
    gives back what waits."""
    while True:
        await draining.open()
        taking = asyncio.create_task(_take_in(client, source, slots, begin))
        closed = asyncio.create_task(draining.closed())
        try:
            await asyncio.wait([taking, closed], return_when=asyncio.FIRST_COMPLETED)
            if taking.done():
                taking.result()
        finally:
            await end([taking, closed])


async def _take_in(client: Client, source: Source, slots: Slots, begin: Begin) -> None:
    pull = Pull(client, source.consumer)
    await pull.open()
    try:
        while True:
            messages = await pull.take(min(source.most, await slots.some()))
            await to_the_end(_begin(client, source, messages, slots, begin))
    finally:
        await pull.close()


async def _with_room(messages: Sequence[Msg], slots: Slots) -> Sequence[Msg]:
    """Those that there are slots for, which they occupy. What was asked for when more were free goes back."""
    room = max(0, min(slots.free, len(messages)))
    slots.occupy(room)
    for message in messages[room:]:
        await quietly(message.nak())
    return messages[:room]


async def _begin(client: Client, source: Source, messages: Sequence[Msg], slots: Slots, begin: Begin) -> None:
    taken = await _with_room(messages, slots)
    batch = await read_batch(client, source.consumer, source.read, taken)
    slots.release(len(taken) - len(batch))
    begin(batch)


def read_due(message: Msg) -> Brought:
    """Raises `ValueError` for poison: the id becomes part of subjects and of paths."""
    return Brought(_checked(read(JobDue, message.data, message.headers)))


def read_resumed(message: Msg) -> Brought:
    """Raises `ValueError` for poison."""
    resumed = read(ExecutionResumed, message.data, message.headers)
    return Brought(_checked(resumed.due), resumed.part)


def _checked(due: JobDue) -> JobDue:
    if not is_execution_id(due.execution_id):
        raise ValueError(f"{due.execution_id!r} is not the id of an execution")
    return due
