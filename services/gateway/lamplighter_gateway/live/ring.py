"""The last events, in memory, for all who follow: bounded in bytes, whoever reads them or does not."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from lamplighter_gateway.live.marks import Mark
from lamplighter_gateway.live.told import Told

MOST_BYTES = 16 << 20
OVERHEAD = 600
"""What an event costs beside its frame."""
AT_ONCE = 256


class Ring:
    """Events are counted from 0 for ever: a reader holds the number of its next one.

    Everything after `floor` and up to `head` that is told at all is in it.
    """

    def __init__(self, mark: Mark) -> None:
        self.floor = self.head = mark
        self._bytes = 0
        self._events: list[Told] = []
        self._first = 0
        self._news = asyncio.Event()

    @property
    def next(self) -> int:
        """The number of the event that is still to come."""
        return self._first + len(self._events)

    @property
    def first(self) -> int:
        return self._first

    def add(self, events: Sequence[Told]) -> None:
        """Events of one stream, in their order."""
        for event in events:
            self.head = self.head.after(event.source, event.sequence, event.stored_at)
            event.stamp(self.head)
            self._events.append(event)
            self._bytes += event.size + OVERHEAD
        self._shrink()
        self._news.set()
        self._news.clear()

    def since(self, number: int) -> Sequence[Told] | None:
        """The next of them from that number on; None where it is too late for that."""
        place = number - self._first
        return None if place < 0 else self._events[place : place + AT_ONCE]

    async def wait(self, number: int, seconds: float) -> None:
        """Until that event is there, or for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                while number >= self.next:
                    await self._news.wait()

    def _shrink(self) -> None:
        gone = 0
        while self._bytes > MOST_BYTES and gone < len(self._events):
            event = self._events[gone]
            self.floor = self.floor.after(event.source, event.sequence, event.stored_at)
            self._bytes -= event.size + OVERHEAD
            gone += 1
        del self._events[:gone]
        self._first += gone
