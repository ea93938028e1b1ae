"""What many read of the same subjects is read from NATS once, understood once, and written once.

A reader holds only where it is. One that comes to a place which is no longer at hand, or is not there yet, begins
another reading, which others may share in turn.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from nats.aio.client import Client

from lamplighter_runtime.jetstream import obtain
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.tails import PAUSE_SECONDS, Entry, Tail
from lamplighter_runtime.tasks import end

log = get_logger()

PORTION = 64
"""Messages that are read at a time."""
AT_ONCE_BYTES = 64 << 10
"""What a reader is given at a time, beside the one that goes beyond it."""
MOST_BYTES, LEAST_BYTES, ALL_BYTES = 8 << 20, 1 << 20, 48 << 20
"""What one reading keeps at hand: as much as there is room for in all of them."""


class Read(Protocol):
    """What was made of a message."""

    @property
    def sequence(self) -> int: ...

    @property
    def size(self) -> int: ...


R = TypeVar("R", bound=Read)
Key = tuple[str, tuple[str, ...]]


class Reading(Generic[R]):
    """One tail, and the last that it brought. It reads on when a reader has come to its end."""

    def __init__(self, tail: Tail, after: int, read: Callable[[Entry], R], most: Callable[[], int]) -> None:
        self.readers = 0
        self.floor = self.head = after
        """Everything between these two sequences is at hand."""
        self._tail, self._read, self._most = tail, read, most
        self._known: list[R] = []
        self._first = 0
        self._bytes = 0
        self._opening: asyncio.Task[None] | None = None
        self._taking: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Once, whoever asks for it. Raises `BusUnavailable`."""
        self._opening = self._opening or asyncio.create_task(self._tail.open())
        await asyncio.shield(self._opening)

    @property
    def _is_open(self) -> bool:
        opening = self._opening
        return bool(opening and opening.done() and not opening.cancelled() and opening.exception() is None)

    @property
    def behind(self) -> int:
        """How many messages NATS still had after the head."""
        return self._tail.behind

    @property
    def next(self) -> int:
        return self._first + len(self._known)

    def has(self, after: int) -> bool:
        """Whether it leads on from there, with no other message before."""
        return self.floor <= after and (after <= self.head or (self._is_open and not self.behind))

    def place(self, after: int) -> int:
        """The number of the first one that follows."""
        return self._first + bisect_right(self._known, after, key=lambda one: one.sequence)

    def since(self, number: int) -> Sequence[R] | None:
        """Some of what follows; None where that is at hand no more."""
        place = number - self._first
        if place < 0:
            return None
        size, until = 0, place
        while until < len(self._known) and size < AT_ONCE_BYTES:
            size += self._known[until].size
            until += 1
        return self._known[place:until]

    async def more(self) -> None:
        """Wait until it has read on. Whoever gives up waiting takes nothing from the others."""
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take())
        await asyncio.shield(self._taking)

    async def close(self) -> None:
        await end([task for task in (self._opening, self._taking) if task is not None])
        if self._is_open:
            await self._tail.close()

    async def _take(self) -> None:
        entries = await self._tail.take()
        if entries[0].sequence <= self.head:
            # The server lost its last moments, and gives their sequences away once more.
            self._forget(len(self._known))
            self.floor = entries[0].sequence - 1
        self._shrink()
        for entry in entries:
            one = self._read(entry)
            self._known.append(one)
            self._bytes += one.size
        self.head = entries[-1].sequence

    def _shrink(self) -> None:
        """What has just been read is never among what goes: whoever waits for it would have to read it again."""
        count, most, kept = 0, self._most(), self._bytes
        while kept > most and count < len(self._known):
            kept -= self._known[count].size
            count += 1
        self._forget(count)

    def _forget(self, count: int) -> None:
        if count:
            self.floor = self._known[count - 1].sequence
            self._bytes -= sum(one.size for one in self._known[:count])
            del self._known[:count]
            self._first += count


class Sharing:
    """All readings of one gateway."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._readings: dict[Key, list[Reading[Any]]] = {}

    def room(self) -> int:
        """How much one reading may keep at hand."""
        count = sum(map(len, self._readings.values()))
        return max(LEAST_BYTES, min(MOST_BYTES, ALL_BYTES // max(1, count)))

    async def join(self, key: Key, after: int, read: Callable[[Entry], R]) -> Reading[R]:
        """One that leads on from there. Raises `BusUnavailable`."""
        stream, filters = key
        reading = next((one for one in self._readings.get(key, ()) if one.has(after)), None)
        if reading is None:
            tail = Tail(self.client, stream, filters, after=after, most=PORTION)
            reading = Reading(tail, after, read, self.room)
            # There before it is open: who comes meanwhile waits for it too.
            self._readings.setdefault(key, []).append(reading)
        reading.readers += 1
        try:
            await reading.open()
        except BaseException:
            await self.leave(key, reading)
            raise
        return reading

    async def leave(self, key: Key, reading: Reading[Any]) -> None:
        reading.readers -= 1
        if reading.readers:
            return
        self._readings[key].remove(reading)
        if not self._readings[key]:
            del self._readings[key]
        await reading.close()


class SharedTail(Generic[R]):
    """As a `Tail` of one's own, of what `read` makes of its messages: `open`, then `take` again and again, `close`."""

    def __init__(
        self, sharing: Sharing, stream: str, filters: Sequence[str], after: int, read: Callable[[Entry], R]
    ) -> None:
        self._sharing, self._key, self._read = sharing, (stream, tuple(filters)), read
        self._seen = after
        self._skips = False
        self._reading: Reading[R] | None = None
        self.first_sequence = self.last_sequence = 0
        """The first and last sequence that the whole stream had when this was opened."""

    async def open(self) -> None:
        """Raises `BusUnavailable`, also where there is no such stream."""
        state = (await obtain(self._sharing.client, f"STREAM.INFO.{self._key[0]}"))["state"]
        self.first_sequence, self.last_sequence = int(state["first_seq"]), int(state["last_seq"])
        # An asynchronous stream may have lost its last moments, and gives their sequences away once more.
        self._seen = min(self._seen, self.last_sequence)
        self._reading = await self._sharing.join(self._key, self._seen, self._read)
        self._number = self._reading.place(self._seen)
        self._skips = self._reading.head < self._seen

    async def close(self) -> None:
        if self._reading is not None:
            reading, self._reading = self._reading, None
            await self._sharing.leave(self._key, reading)

    @property
    def behind(self) -> int:
        """How many messages were still to come after the last one taken."""
        assert self._reading is not None
        return 0 if self._skips else self._reading.next - self._number + self._reading.behind

    async def take(self) -> Sequence[R]:
        """At least one, in order. Waits for it as long as it takes, outages of NATS included."""
        while True:
            assert self._reading is not None
            taken = self._reading.since(self._number)
            if taken is None:
                await self._begin_again()
            elif not taken:
                await self._reading.more()
            else:
                self._number += len(taken)
                if fresh := self._fresh(taken):
                    self._seen = fresh[-1].sequence
                    return fresh

    def _fresh(self, taken: Sequence[R]) -> Sequence[R]:
        """Without those that the reader had before it joined a reading that was not there yet."""
        if self._skips:
            taken = [one for one in taken if one.sequence > self._seen]
            self._skips = not taken
        return taken

    async def _begin_again(self) -> None:
        """It was too slow for this one."""
        await self.close()
        while True:
            try:
                await self.open()
            except BusUnavailable as away:
                log.debug("sharing.waits", error=repr(away))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return
