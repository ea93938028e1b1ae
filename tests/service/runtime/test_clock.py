"""The clock of NATS' server, as a service reads it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from nats.aio.client import Client
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from lamplighter_contracts.streams import SCHEDULER_TICKS, TIMERS
from lamplighter_runtime import clock
from lamplighter_runtime.clock import ServerClock, open_clock
from lamplighter_runtime.consuming import Received, consume
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.reckoning import Reading, Reckoning
from tests.support.servers import Server
from tests.support.waiting import until

HOUR = timedelta(hours=1)
ROUND_TRIP = timedelta(milliseconds=250)
"""Far more than one takes."""


def wrong_by(bus: Client, error: timedelta) -> ServerClock:
    moment = time.monotonic()
    return ServerClock(bus, TIMERS, Reckoning(Reading(datetime.now(UTC) + error, moment, moment)))


def is_right(read: ServerClock) -> bool:
    """The server of a test runs on this machine."""
    return abs(read.now() - datetime.now(UTC)) < ROUND_TRIP


async def stored_now(bus: Client, subject: str = "tick.job.a") -> datetime:
    await publish(bus, Message(subject, b""))
    last = await last_message(bus, TIMERS.name, subject)
    assert last is not None
    return last.stored_at


@asynccontextmanager
async def running(read: ServerClock) -> AsyncIterator[None]:
    loop = asyncio.create_task(read.run())
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.wait([loop])


async def test_it_agrees_with_what_the_server_stamps(bus: Client) -> None:
    read = await open_clock(bus, TIMERS)
    before = read.now()
    stored_at = await stored_now(bus)
    assert before - ROUND_TRIP < stored_at < read.now() + ROUND_TRIP


async def test_it_does_not_open_without_an_answer(bus: Client) -> None:
    await bus.jetstream().delete_stream(TIMERS.name)
    with pytest.raises(BusUnavailable):
        await open_clock(bus, TIMERS)


async def test_a_wrong_wall_clock_is_told_of_once_and_not_believed(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HourAhead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + HOUR

    monkeypatch.setattr(clock, "datetime", HourAhead)
    with capture_logs() as logs:
        read = await open_clock(bus, TIMERS)
        await read.correct()
    assert is_right(read)
    [told] = [line for line in logs if line["event"] == "clock.differs"]
    assert told["from_server_seconds"] == pytest.approx(3_600, abs=1)
    assert REGISTRY.get_sample_value("lamplighter_clock_difference_seconds") == pytest.approx(3_600, abs=1)


async def test_it_asks_again_after_a_reconnect(bus: Client, nats_server: Server) -> None:
    read = wrong_by(bus, -HOUR)
    async with running(read):
        nats_server.kill_and_restart()
        await until(lambda: _eventually(read), what="the right time")


async def test_a_message_that_proves_it_wrong_has_it_ask_again(bus: Client) -> None:
    """Also where the message is from before the server's own clock was set back."""
    read = await open_clock(bus, TIMERS)
    with capture_logs() as logs:
        async with running(read):
            read.seen(datetime.now(UTC) + HOUR)
            assert read.now() > datetime.now(UTC) + HOUR - ROUND_TRIP
            await until(lambda: _eventually(read), what="the right time")
    steps = [line["by_seconds"] for line in logs if line["event"] == "clock.stepped"]
    assert steps == [pytest.approx(3_600, abs=1), pytest.approx(-3_600, abs=1)]


async def _eventually(read: ServerClock) -> bool:
    return is_right(read)


@pytest.mark.parametrize("error", [-HOUR, timedelta(milliseconds=-300)])
async def test_a_handler_is_never_earlier_than_its_messages(bus: Client, error: timedelta) -> None:
    read = wrong_by(bus, error)
    decided: list[tuple[datetime, datetime]] = []

    async def handle(batch: Sequence[Received[str]]) -> None:
        decided.extend((one.stored_at, read.now()) for one in batch)

    async def all_decided() -> bool:
        return len(decided) == 3

    await provision_consumers(bus, [SCHEDULER_TICKS])
    for _ in range(3):
        await stored_now(bus)
    loop = asyncio.create_task(consume(bus, SCHEDULER_TICKS, lambda m: m.subject, read.heeding(handle)))
    await until(all_decided)
    loop.cancel()
    await asyncio.wait([loop])
    assert all(stored_at <= moment for stored_at, moment in decided)
