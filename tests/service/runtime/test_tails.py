"""A tail reads every message once and in order, whatever happens to the server beneath it."""

import asyncio
import json

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts.streams import EXECUTIONS
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tails import PORTION_BYTES, Tail
from tests.support.servers import Server
from tests.support.waiting import until

DEADLINE = 20


async def _publish(bus: Client, first: int, last: int, subject: str = "execution.a.status") -> None:
    """As a careful publisher does: again and again until it is stored."""
    for number in range(first, last):
        message = Message(subject, str(number).encode(), message_id=f"{subject}-{number}")

        async def store(message: Message = message) -> bool:
            try:
                await publish(bus, message)
            except BusUnavailable:
                return False
            return True

        await until(store)


async def _read(tail: Tail, count: int) -> list[int]:
    async with asyncio.timeout(DEADLINE):
        found: list[int] = []
        while len(found) < count:
            found += [int(entry.body) for entry in await tail.take()]
        return found


def _tail(bus: Client, after: int | None = 0, filters: str = "execution.>", most: int = 256) -> Tail:
    return Tail(bus, EXECUTIONS.name, [filters], after=after, most=most)


async def test_it_reads_the_past_and_then_the_present(bus: Client) -> None:
    await _publish(bus, 0, 50)
    tail = _tail(bus, most=7)
    await tail.open()

    assert tail.behind == 50
    assert await _read(tail, 50) == list(range(50))
    assert tail.behind == 0
    await _publish(bus, 50, 80)
    assert await _read(tail, 30) == list(range(50, 80))
    await tail.close()


async def test_it_begins_after_a_sequence(bus: Client) -> None:
    await _publish(bus, 0, 10)
    tail = _tail(bus, after=6)
    await tail.open()

    assert await _read(tail, 4) == [6, 7, 8, 9]
    await tail.close()


async def test_without_a_sequence_it_begins_with_the_last_of_each_subject(bus: Client) -> None:
    await _publish(bus, 0, 5, "execution.a.status")
    await _publish(bus, 5, 10, "execution.b.status")
    tail = _tail(bus, after=None)
    await tail.open()

    assert await _read(tail, 2) == [4, 9]
    await _publish(bus, 10, 12)
    assert await _read(tail, 2) == [10, 11]
    await tail.close()


async def test_it_survives_the_death_of_the_server(bus: Client, nats_server: Server) -> None:
    await _publish(bus, 0, 20)
    tail = _tail(bus)
    await tail.open()
    assert await _read(tail, 20) == list(range(20))

    reading = asyncio.create_task(_read(tail, 20))
    await asyncio.to_thread(nats_server.kill_and_restart)
    await _publish(bus, 20, 40)

    assert await reading == list(range(20, 40))
    await tail.close()


async def test_it_survives_the_loss_of_its_consumer(bus: Client) -> None:
    await _publish(bus, 0, 5)
    tail = _tail(bus)
    await tail.open()
    assert await _read(tail, 5) == list(range(5))

    reading = asyncio.create_task(_read(tail, 5))
    await _delete_consumers(bus)
    await _publish(bus, 5, 10)

    assert await reading == list(range(5, 10))
    await tail.close()


async def test_a_hole_in_what_arrives_is_noticed_and_filled(bus: Client) -> None:
    """A message that was sent and never arrived: the next one shows it."""
    tail = _tail(bus)
    await tail.open()
    await _publish(bus, 0, 3)
    assert await _read(tail, 3) == [0, 1, 2]

    reading = asyncio.create_task(_read(tail, 3))
    dropped = _drop_the_next_message(tail)
    await _publish(bus, 3, 6)

    assert await reading == [3, 4, 5]
    assert dropped.is_set()
    await tail.close()


async def test_the_last_message_lost_on_the_way_is_noticed_by_the_next_heartbeat(bus: Client) -> None:
    tail = _tail(bus)
    await tail.open()
    reading = asyncio.create_task(_read(tail, 1))
    dropped = _drop_the_next_message(tail)
    await _publish(bus, 0, 1)

    assert await reading == [0]
    assert dropped.is_set()
    await tail.close()


async def test_a_reader_that_does_not_read_holds_little(bus: Client) -> None:
    large = 200_000
    for number in range(20):
        await publish(bus, Message("execution.a.status", bytes(large), message_id=str(number)))
    tail = _tail(bus)
    await tail.open()

    async with asyncio.timeout(DEADLINE):
        taken = len(await tail.take())
        # What the server would send, it has sent by now.
        for _ in range(100):
            await bus.flush()
        held = len(tail._gathered)
        assert (taken + held) * large <= PORTION_BYTES
        while taken < 20:
            taken += len(await tail.take())
    await tail.close()


async def test_a_stream_that_is_not_there_is_said_so(bus: Client) -> None:
    with pytest.raises(BusUnavailable, match="stream not found"):
        await Tail(bus, "NOWHERE", ["nowhere.>"], after=0).open()


def _drop_the_next_message(tail: Tail) -> asyncio.Event:
    """As if the network had lost it. Set once it is lost."""
    handle, dropped = tail._subscription._cb, asyncio.Event()
    assert handle is not None

    async def drop_or_handle(message: Msg) -> None:
        if message.data and not dropped.is_set():
            dropped.set()
            return
        await handle(message)

    tail._subscription._cb = drop_or_handle
    return dropped


async def _delete_consumers(bus: Client) -> None:
    names = json.loads((await bus.request("$JS.API.CONSUMER.NAMES.EXECUTIONS", b"", timeout=3)).data)
    assert names["consumers"]
    for name in names["consumers"]:
        await bus.request(f"$JS.API.CONSUMER.DELETE.EXECUTIONS.{name}", b"", timeout=3)
