"""What came before the ring, for one reader alone: a bounded portion of each stream at a time, in the order in which
it was stored."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from lamplighter_gateway.live.marks import SOURCES, Mark
from lamplighter_gateway.live.telling import Telling
from lamplighter_gateway.live.told import Told
from lamplighter_runtime.tails import Tail

PORTION = 32
"""Messages: what a reader that lags far behind costs is a portion of each stream."""


class _Source:
    def __init__(self, source: int, tail: Tail, telling: Telling) -> None:
        self.source, self._tail, self._telling = source, tail, telling
        self.events: deque[Told] = deque()
        self._last = 0

    async def fill(self) -> None:
        """Until there is an event, or nothing more of the past."""
        while not self.events and self._tail.behind:
            entries = await self._tail.take()
            self._last = entries[-1].sequence
            self.events.extend(await self._telling.told(self.source, entries))

    @property
    def read_up_to(self) -> int:
        """All of the stream up to there has been given out."""
        return 0 if self.events or self._tail.behind else max(self._last, self._tail.last_sequence)


class Rereading:
    """`events` ends when everything has been read that there was; `mark` is where the reader is then."""

    def __init__(self, telling: Telling, mark: Mark) -> None:
        self._telling = telling
        self.mark = mark

    async def events(self) -> AsyncGenerator[Told, None]:
        """Raises `BusUnavailable`."""
        async with self._opened() as sources:
            while True:
                for source in sources:
                    await source.fill()
                    self.mark = self.mark.after(source.source, source.read_up_to, self.mark.at)
                waiting = [source for source in sources if source.events]
                if not waiting:
                    return
                oldest = min(waiting, key=lambda source: source.events[0].stored_at)
                event = oldest.events.popleft()
                self.mark = self.mark.after(event.source, event.sequence, event.stored_at)
                yield event

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[list[_Source]]:
        sources: list[_Source] = []
        tails: list[Tail] = []
        try:
            for source in range(len(SOURCES)):
                tail = self._telling.tail(source, self.mark.sequences[source], PORTION)
                await tail.open()
                tails.append(tail)
                sources.append(_Source(source, tail, self._telling))
            yield sources
        finally:
            for tail in tails:
                await tail.close()
