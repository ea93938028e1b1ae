"""The one reading of the bus for all who follow events here. It begins with the first of them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from nats.aio.client import Client

from lamplighter_gateway.live.marks import SOURCES, Mark
from lamplighter_gateway.live.ring import Ring
from lamplighter_gateway.live.telling import Telling
from lamplighter_runtime.jetstream import obtain
from lamplighter_runtime.latest import messages_since
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.tails import PAUSE_SECONDS, Tail

log = get_logger()

BEGIN_SECONDS = 5.0
_ANY, _ONE, _BYTES = ">", 1, 1 << 20


class Feed:
    """`run` goes on as long as the gateway does. The ring is there once `begun` has returned."""

    def __init__(self, client: Client, telling: Telling, now: Callable[[], datetime]) -> None:
        self.telling = telling
        self.now = now
        self._client = client
        self._wanted, self._begun = asyncio.Event(), asyncio.Event()
        self._tails: list[Tail] = []
        self._ring: Ring | None = None

    @property
    def ring(self) -> Ring:
        assert self._ring is not None
        return self._ring

    async def begun(self) -> None:
        """Raises `BusUnavailable` where the reading does not begin in time."""
        self._wanted.set()
        try:
            async with asyncio.timeout(BEGIN_SECONDS):
                await self._begun.wait()
        except TimeoutError:
            raise BusUnavailable("NATS did not begin to read the events") from None

    async def run(self) -> None:
        await self._wanted.wait()
        await self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                for source, tail in enumerate(self._tails):
                    group.create_task(self._read(source, tail))
        finally:
            for tail in self._tails:
                await tail.close()

    async def lasts(self) -> tuple[list[int], datetime]:
        """The last sequence of each stream now, and since when there are streams. Raises `BusUnavailable`."""
        told = [await obtain(self._client, f"STREAM.INFO.{stream.name}") for stream in SOURCES]
        begun_at = min(datetime.fromisoformat(one["created"]) for one in told)
        return [int(one["state"]["last_seq"]) for one in told], begun_at

    async def mark_at(self, since: datetime) -> Mark:
        """Where somebody is who has had everything that came before `since`. Raises `BusUnavailable`."""
        lasts, _ = await self.lasts()
        sequences = []
        for stream, last in zip(SOURCES, lasts, strict=True):
            found = await messages_since(self._client, stream.name, _ANY, since, _ONE, _BYTES)
            sequences.append(found[0].sequence - 1 if found else last)
        return Mark(tuple(sequences), since)

    def present(self, mark: Mark) -> Mark:
        """The mark of somebody who has all that the ring has, at the time of which that can be said."""
        silence = asyncio.get_running_loop().time() - min(tail.heard_at for tail in self._tails)
        heard_at = self.now() - timedelta(seconds=silence)
        return Mark(mark.sequences, max(mark.at, heard_at))

    async def _begin(self) -> None:
        while True:
            try:
                lasts, _ = await self.lasts()
                self._tails = await self._open(lasts)
            except BusUnavailable as away:
                log.debug("events.wait", error=repr(away))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                break
        self._ring = Ring(Mark(tuple(lasts), self.now()))
        self._begun.set()
        log.info("events.begun", after=str(self._ring.head))

    async def _open(self, after: Sequence[int]) -> list[Tail]:
        opened: list[Tail] = []
        try:
            for source in range(len(SOURCES)):
                tail = self.telling.tail(source, after[source])
                await tail.open()
                opened.append(tail)
        except BusUnavailable:
            for tail in opened:
                await tail.close()
            raise
        return opened

    async def _read(self, source: int, tail: Tail) -> None:
        while True:
            entries = await tail.take()
            self.ring.add(await self.telling.told(source, entries))
