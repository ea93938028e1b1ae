"""The time as NATS' server has it: one clock for every replica, whatever the clocks of their machines say.

NATS releases the timers, so who decides what is due must not disagree with it. The wall clock of this machine is
compared and told of, and never asked.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from prometheus_client import Gauge

from lamplighter_contracts.streams import Stream
from lamplighter_runtime.consuming import E, Handle, Received
from lamplighter_runtime.jetstream import obtain
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.reckoning import NO_STEP, STEP, Reading, Reckoning

log = get_logger()

EVERY_SECONDS = 30.0
"""How often the server is asked again. Two clocks drift apart by some milliseconds meanwhile."""

RECONNECT_CHECK_SECONDS = 1.0
FIRST_READINGS = 3
"""Each narrows down what the first left open."""

# Here, so that a service without this clock does not say that there is no difference.
DIFFERENCE = Gauge(
    "lamplighter_clock_difference_seconds",
    "How far this machine's clock is ahead of the clock of NATS' server",
)


async def open_clock(client: Client, stream: Stream) -> "ServerClock":
    """The clock of the server that leads `stream`, which stamps its messages. Raises `BusUnavailable`."""
    clock = ServerClock(client, stream, Reckoning(await _read(client, stream)))
    for _ in range(FIRST_READINGS - 1):
        await clock.correct()
    return clock


class ServerClock:
    """Correct for as long as its loop `run` is at work."""

    def __init__(self, client: Client, stream: Stream, reckoning: Reckoning) -> None:
        self._client = client
        self._stream = stream
        self._reckoning = reckoning
        self._connections = client.stats["reconnects"]
        self._doubted = asyncio.Event()
        self._differs = False

    def now(self) -> datetime:
        return self._reckoning.at(time.monotonic())

    def seen(self, stored_at: datetime) -> None:
        """The server stored a message at that time, so it is that late at least.

        The steady count of a machine that was suspended stands still meanwhile.
        """
        change = self._reckoning.seen(stored_at, time.monotonic())
        if change != NO_STEP:
            _tell_of(change)
            self._doubted.set()

    def heeding(self, handle: Handle[E]) -> Handle[E]:
        """The handler, given each batch not before it is as late as the batch proves."""

        async def handle_in_time(batch: Sequence[Received[E]]) -> None:
            self.seen(max(received.stored_at for received in batch))
            await handle(batch)

        return handle_in_time

    async def correct(self) -> None:
        """Ask the server. Raises `BusUnavailable`."""
        _tell_of(self._reckoning.learn(await _read(self._client, self._stream)))
        self._compare(datetime.now(UTC))

    async def run(self) -> None:
        """Ask regularly, after a reconnect, and when a message shows that the clock was wrong."""
        while True:
            await self._until_due()
            try:
                await self.correct()
            except BusUnavailable as unavailable:
                log.debug("clock.not_corrected", error=repr(unavailable))

    async def _until_due(self) -> None:
        due = time.monotonic() + EVERY_SECONDS
        while time.monotonic() < due and not self._reconnected() and not self._doubted.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), RECONNECT_CHECK_SECONDS)
        self._doubted.clear()

    def _reconnected(self) -> bool:
        before, self._connections = self._connections, self._client.stats["reconnects"]
        return before != self._connections

    def _compare(self, wall: datetime) -> None:
        """Say once that this machine's clock is off: what it stamps elsewhere, its logs say, misleads people."""
        difference = wall - self.now()
        DIFFERENCE.set(difference.total_seconds())
        differs = abs(difference) > STEP
        if differs and not self._differs:
            log.warning("clock.differs", from_server_seconds=round(difference.total_seconds(), 3))
        self._differs = differs


async def _read(client: Client, stream: Stream) -> Reading:
    asked = time.monotonic()
    info = await obtain(client, f"STREAM.INFO.{stream.name}")
    return Reading(datetime.fromisoformat(info["ts"]), asked, time.monotonic())


def _tell_of(change: timedelta) -> None:
    if change != NO_STEP:
        log.warning("clock.stepped", by_seconds=round(change.total_seconds(), 3))
