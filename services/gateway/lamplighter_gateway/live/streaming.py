"""The live stream of one execution: its progress and its log as one, the end after the last line.

A slow reader holds its own stream back, and nothing is kept for it: what waits is a small portion of each, the rest
stays in NATS until it is read. Those who read the same execution share what is read.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import TriggerDecided
from lamplighter_contracts.streams import JOBS
from lamplighter_gateway.live.chunks import Chunk
from lamplighter_gateway.live.progress import Progress
from lamplighter_gateway.live.sharing import Sharing
from lamplighter_gateway.live.sse import HEARTBEAT, OPENING, Position, frame, written
from lamplighter_gateway.live.transcript import Said, Transcript
from lamplighter_gateway.past.executions import Found
from lamplighter_gateway.past.history import History
from lamplighter_runtime.tails import Entry, Tail
from lamplighter_runtime.tasks import end

HEARTBEAT_SECONDS = 15.0
LOG_SECONDS = 5.0
"""For how long nothing may come of a log whose execution is over, before the rest counts as missing."""

T = TypeVar("T")


class Live:
    """`open`, then send `frames`, then `close`."""

    def __init__(self, sharing: Sharing, history: History, found: Found, position: Position) -> None:
        self._progress = Progress(sharing, found, position.events)
        self._transcript = Transcript(sharing, history, found.execution_id, position.log)
        self._decision = _decision_tail(sharing.client, found)
        self._skipped: TriggerDecided | None = None
        self._arrived: asyncio.Queue[Iterator[Said]] = asyncio.Queue(maxsize=1)
        self._chunk = Chunk()

    async def open(self) -> None:
        """Raises `BusUnavailable`."""
        await self._progress.open()
        await self._transcript.open()
        if self._decision is not None:
            await self._decision.open()

    async def close(self) -> None:
        await self._progress.close()
        await self._transcript.close()
        if self._decision is not None:
            await self._decision.close()

    async def frames(self) -> AsyncGenerator[bytes, None]:
        yield OPENING
        async for chunk in self._gathered(self._progress.past()):
            yield chunk
        async for chunk in self._gathered(self._transcript.past()):
            yield chunk
        async with self._pumps():
            async for chunk in self._until_complete():
                yield chunk
        for said in self._ending():
            self._add(said)
        for block in self._chunk.take():
            yield block

    async def _gathered(self, past: AsyncIterator[Said]) -> AsyncIterator[bytes]:
        async for said in past:
            self._add(said)
            if self._chunk.is_full:
                for block in self._chunk.take():
                    yield block
        for block in self._chunk.take():
            yield block

    async def _until_complete(self) -> AsyncIterator[bytes]:
        """What arrives, until the execution is over and its log is whole, or will not become whole in time."""
        while not self._is_complete():
            over = self._progress.final is not None
            try:
                patience = LOG_SECONDS if over else HEARTBEAT_SECONDS
                arrived = await asyncio.wait_for(self._arrived.get(), patience)
            except TimeoutError:
                if over:
                    return
                yield HEARTBEAT
                continue
            for said in arrived:
                self._add(said)
                if self._chunk.is_full:
                    for block in self._chunk.take():
                        yield block
            for block in self._chunk.take():
                yield block

    def _is_complete(self) -> bool:
        final = self._progress.final.final if self._progress.final else None
        return self._skipped is not None or (
            final is not None and self._transcript.sequence >= final.log_sequence
        )

    def _ending(self) -> Iterator[Said]:
        if self._progress.final is None:
            yield "end", written(_outcome(self._skipped))
            return
        final = self._progress.final.final
        assert final is not None
        yield from self._transcript.at_end(final)
        yield from self._progress.ending()

    @asynccontextmanager
    async def _pumps(self) -> AsyncIterator[None]:
        """What each stream has goes into the one queue, a portion at a time."""
        pumps = [
            asyncio.create_task(self._pump(self._progress.take, self._progress.tell)),
            asyncio.create_task(self._pump(self._transcript.take, self._transcript.tell)),
        ]
        if self._decision is not None:
            pumps.append(asyncio.create_task(self._pump(self._decision.take, self._on_decision)))
        try:
            yield
        finally:
            await end(pumps)

    async def _pump(
        self, take: Callable[[], Awaitable[Sequence[T]]], tell: Callable[[Sequence[T]], Iterator[Said]]
    ) -> None:
        while True:
            # Told when it is its turn: what is complete is known by what has been told.
            await self._arrived.put(tell(await take()))

    def _on_decision(self, entries: Sequence[Entry]) -> Iterator[Said]:
        """A start that the scheduler skips, at once or after it has waited, becomes no execution: nothing will come."""
        for entry in entries:
            decided = envelope.read(TriggerDecided, entry.body, entry.headers)
            if decided.outcome == "skipped":
                self._skipped = decided
        yield from ()

    def _add(self, said: Said) -> None:
        name, data = said
        position = Position(self._progress.sequence, self._transcript.sequence)
        self._chunk.add(*frame(name, data, position))


def _outcome(skipped: TriggerDecided | None) -> dict[str, Any]:
    """`into`: the execution that it became part of, where it was gathered with others."""
    detail, into = (skipped.detail, skipped.into) if skipped else ("", "")
    return {
        "status": "skipped",
        "reason": "gathered" if into else "skipped",
        "detail": detail,
        "into": into or None,
        "exit_code": None,
    }


def _decision_tail(client: Client, found: Found) -> Tail | None:
    if found.key is None or found.last is not None:
        return None
    return Tail(client, JOBS.name, [subjects.decided(found.job_id, found.key)], after=0)
