"""A publish that is not answered in time may have happened: repeated, it is stored once all the same."""

import asyncio

from nats.aio.client import Client

from lamplighter_runtime.messages import Message, Stored
from lamplighter_runtime.publishing import TIMEOUT_SECONDS, GroupPublisher, publish
from tests.support.servers import Server

PAUSE_SECONDS = TIMEOUT_SECONDS + 0.5
"""Long enough for the first try to be given up, short enough for the second to be answered."""


async def stored(bus: Client, subject: str) -> int:
    info = await bus.jetstream().stream_info("EXECUTIONS", subjects_filter=subject)
    return sum((info.state.subjects or {}).values())


async def test_one_message(bus: Client, nats_server: Server) -> None:
    message = Message("execution.a.status", b"{}", message_id="a", expected=0)
    nats_server.pause()
    asyncio.get_running_loop().call_later(PAUSE_SECONDS, nats_server.resume)

    verdict = await publish(bus, message)

    assert isinstance(verdict, Stored)
    assert await stored(bus, "execution.a.status") == 1


async def test_a_shared_batch(bus: Client, nats_server: Server) -> None:
    messages = [Message(f"execution.{n}.status", b"{}", message_id=str(n), expected=0) for n in range(50)]
    group = GroupPublisher(bus)
    nats_server.pause()
    asyncio.get_running_loop().call_later(PAUSE_SECONDS, nats_server.resume)

    verdicts = await asyncio.gather(*(group.publish(message) for message in messages))

    assert all(isinstance(verdict, Stored) for verdict in verdicts)
    assert await stored(bus, "execution.*.status") == 50
