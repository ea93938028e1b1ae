"""The events for one reader, as they go over the wire: what there was from where it is, then what comes."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from lamplighter_gateway.live.chunks import Chunk
from lamplighter_gateway.live.feed import Feed
from lamplighter_gateway.live.marks import KEPT, Mark, is_partly_gone
from lamplighter_gateway.live.rereading import Rereading
from lamplighter_gateway.live.sse import OPENING, frame, written
from lamplighter_gateway.live.told import Told
from lamplighter_gateway.live.wanted import Wanted

HEARTBEAT_SECONDS = 15.0
_HOURS = int(KEPT.total_seconds() // 3600)
GONE = (
    f"The bus keeps events for {_HOURS} hours. Some of what came after this position is no longer there; "
    "how much is not known. Executions and occurrences tell what became of it."
)
ANEW = (
    "This position is beyond the end of the bus, which was made anew or restored since. "
    "What was missed is not known."
)


@dataclass(frozen=True, slots=True)
class Ending:
    """When nothing more is to come: with the end of a job, or (`at_once`, with the reason) after what there was until
    now."""

    job_id: str = ""
    at_once: Literal["", "deleted", "present"] = ""


WHY = {
    "deleted": "The job was deleted.",
    "present": "This is all that there was until now.",
    "leaving": "This gateway stops: connect again.",
}


class Listening:
    """`begin`, then send `frames`. `mark` is where the reader is."""

    def __init__(self, feed: Feed, wanted: Wanted, mark: Mark | None, ending: Ending) -> None:
        """`mark`: None begins now."""
        self._feed, self._wanted, self._ending = feed, wanted, ending
        self._given = mark
        self._gap = ""
        self._synced = False
        self._ended = False
        self._sent_at = 0.0
        self._chunk = Chunk()

    async def begin(self) -> None:
        """Raises `BusUnavailable`."""
        await self._feed.begun()
        ring = self._feed.ring
        self.mark = self._given or ring.head
        self._until = ring.next if self._ending.at_once else None
        if self._given is None or (self._is_covered() and ring.head.covers(self._given)):
            return
        lasts, begun_at = await self._feed.lasts()
        self.mark = self._given.cut(lasts)
        if self.mark != self._given:
            self._gap = ANEW
        elif is_partly_gone(self._given, begun_at, self._feed.now()):
            self._gap = GONE

    async def frames(self) -> AsyncGenerator[bytes, None]:
        self._sent_at = _now()
        # With the position: who loses the connection before anything has happened misses nothing either.
        yield OPENING + b"id: %b\n\n" % str(self.mark).encode()
        if self._gap:
            yield self._say("gap", {"reason": self._gap})
        while not self._ended:
            async with aclosing(self._present() if self._is_covered() else self._past()) as blocks:
                async for block in blocks:
                    self._sent_at = _now()
                    yield block

    def farewell(self) -> bytes:
        """For who is still there when the gateway goes: to come again, and go on after this."""
        return self._say("end", {"reason": "leaving", "detail": WHY["leaving"]})

    async def _present(self) -> AsyncGenerator[bytes, None]:
        """From the ring, as long as it has what comes next."""
        ring, self._synced = self._feed.ring, False
        number = ring.first
        while (events := ring.since(number)) is not None:
            number += self._gather(events)
            # What is sent slowly must not hold what the ring has given up.
            del events
            if number == ring.next:
                self.mark = self.mark.joined(ring.head)
            if self._until is not None and number >= self._until:
                self._end(self._ending.at_once)
            blocks = self._chunk.take()
            if not blocks and self._is_silent():
                blocks = [
                    self._heartbeat(self._feed.present(self.mark) if number == ring.next else self.mark)
                ]
            for block in blocks:
                yield block
            if self._ended:
                return
            await ring.wait(number, self._sent_at + HEARTBEAT_SECONDS - _now())

    async def _past(self) -> AsyncGenerator[bytes, None]:
        """From the streams themselves, until the ring has what comes next."""
        rereading = Rereading(self._feed.telling, self.mark)
        async with aclosing(rereading.events()) as events:
            async for event in events:
                self.mark = rereading.mark
                self._show(event, None)
                if not (self._chunk.is_full or self._ended or self._is_silent()):
                    continue
                for block in self._chunk.take() or [self._heartbeat(self.mark)]:
                    yield block
                if self._ended or self._is_covered():
                    return
        self.mark = rereading.mark
        for block in self._chunk.take():
            yield block

    def _gather(self, events: Sequence[Told]) -> int:
        """How many of them are dealt with: shown, or not for this reader."""
        for count, event in enumerate(events, 1):
            if self._synced or not self.mark.has(event.source, event.sequence):
                self._move_to(event)
                self._show(event, event.frame if self._synced else None)
            if self._chunk.is_full or self._ended:
                return count
        return len(events)

    def _move_to(self, event: Told) -> None:
        """Once the reader has nothing that the ring's own marks do not say, they are its marks too."""
        assert event.mark is not None
        self._synced = self._synced or event.mark.covers(self.mark)
        self.mark = event.mark if self._synced else self.mark.joined(event.mark)

    def _show(self, event: Told, frame: bytes | None) -> None:
        if self._wanted.takes(event):
            self._chunk.add(frame or event.framed(self.mark))
        if event.ends and event.ends == self._ending.job_id:
            self._end("deleted")

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self._chunk.add(self._say("end", {"reason": reason, "detail": WHY[reason]}))

    def _is_covered(self) -> bool:
        return self.mark.covers(self._feed.ring.floor)

    def _is_silent(self) -> bool:
        return _now() - self._sent_at >= HEARTBEAT_SECONDS

    def _heartbeat(self, mark: Mark) -> bytes:
        """It moves the reader on, so that it need not come back to what was not for it."""
        return b": still here\nid: %b\n\n" % str(mark).encode()

    def _say(self, name: str, data: dict[str, Any]) -> bytes:
        return b"".join(frame(name, written(data), self.mark))


def _now() -> float:
    return asyncio.get_running_loop().time()
