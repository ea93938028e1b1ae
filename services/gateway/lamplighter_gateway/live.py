"""The live stream of one execution: its progress and its log as one, the end after the last line.

A slow reader holds the stream back, and nothing is kept for it: what waits is one portion of each stream at most,
the rest stays in NATS until it is read.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import TriggerDecided
from lamplighter_contracts.streams import JOBS
from lamplighter_gateway.executions import Found
from lamplighter_gateway.history import History
from lamplighter_gateway.progress import Progress
from lamplighter_gateway.sse import HEARTBEAT, OPENING, Position, frame
from lamplighter_gateway.transcript import Said, Transcript
from lamplighter_runtime.tails import Entry, Tail
from lamplighter_runtime.tasks import end

HEARTBEAT_SECONDS = 15.0
LOG_SECONDS = 5.0
"""For how long nothing may come of a log whose execution is over, before the rest counts as missing."""

Tell = Callable[[Sequence[Entry]], Iterator[Said]]


class Live:
    """`open`, then send `frames`, then `close`."""

    def __init__(self, client: Client, history: History, found: Found, position: Position) -> None:
        self._progress = Progress(client, found, position.events)
        self._transcript = Transcript(client, history, found.execution_id, position.log)
        self._decision = _decision_tail(client, found)
        self._skipped: str | None = None
        self._arrived: asyncio.Queue[tuple[Tell, Sequence[Entry]]] = asyncio.Queue(maxsize=1)

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
        async for said in self._progress.past():
            yield self._frame(said)
        async for said in self._transcript.past():
            yield self._frame(said)
        async with self._pumps():
            async for chunk in self._until_complete():
                yield chunk
        for said in self._ending():
            yield self._frame(said)

    async def _until_complete(self) -> AsyncIterator[bytes]:
        """What arrives, until the execution is over and its log is whole, or will not become whole in time."""
        while not self._is_complete():
            over = self._progress.final is not None
            try:
                patience = LOG_SECONDS if over else HEARTBEAT_SECONDS
                tell, entries = await asyncio.wait_for(self._arrived.get(), patience)
            except TimeoutError:
                if over:
                    return
                yield HEARTBEAT
                continue
            for said in tell(entries):
                yield self._frame(said)

    def _is_complete(self) -> bool:
        final = self._progress.final.final if self._progress.final else None
        return self._skipped is not None or (
            final is not None and self._transcript.sequence >= final.log_sequence
        )

    def _ending(self) -> Iterator[Said]:
        if self._progress.final is None:
            yield (
                "end",
                {"status": "skipped", "reason": "skipped", "detail": self._skipped, "exit_code": None},
            )
            return
        final = self._progress.final.final
        assert final is not None
        yield from self._transcript.at_end(final)
        yield from self._progress.ending()

    @asynccontextmanager
    async def _pumps(self) -> AsyncIterator[None]:
        """What each stream has goes into the one queue, a portion at a time."""
        sources: list[tuple[Progress | Transcript | Tail, Tell]] = [
            (self._progress, self._progress.on_entries),
            (self._transcript, self._transcript.on_entries),
        ]
        if self._decision is not None:
            sources.append((self._decision, self._on_decision))
        pumps = [asyncio.create_task(self._pump(source, tell)) for source, tell in sources]
        try:
            yield
        finally:
            await end(pumps)

    async def _pump(self, source: Progress | Transcript | Tail, tell: Tell) -> None:
        while True:
            await self._arrived.put((tell, await source.take()))

    def _on_decision(self, entries: Sequence[Entry]) -> Iterator[Said]:
        """A start that the scheduler skips, at once or after it has waited, becomes no execution: nothing will come."""
        for entry in entries:
            decided = envelope.read(TriggerDecided, entry.body, entry.headers)
            if decided.outcome == "skipped":
                self._skipped = decided.detail
        return iter(())

    def _frame(self, said: Said) -> bytes:
        name, data = said
        return frame(name, data, Position(self._progress.sequence, self._transcript.sequence))


def _decision_tail(client: Client, found: Found) -> Tail | None:
    if found.key is None or found.last is not None:
        return None
    return Tail(client, JOBS.name, [subjects.decided(found.job_id, found.key)], after=0)
