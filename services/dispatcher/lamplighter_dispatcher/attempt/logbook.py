"""The log of one attempt: lines numbered, gathered into batches, and stored in order, one batch at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.envelope import body, headers, read
from lamplighter_contracts.executions import LogBatch, LogLine, LogStream
from lamplighter_contracts.streams import LOGS
from lamplighter_dispatcher.attempt.allowance import LINE_OVERHEAD
from lamplighter_dispatcher.metrics import LOG_LOST
from lamplighter_dispatcher.outcomes import LogEnd
from lamplighter_dispatcher.statuses import SOURCE
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message, MessageTooLarge
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tasks import end

log = get_logger()

GATHER_SECONDS = 0.05
BATCH_SIZE = 64 * 1024
"""In the units of `size`. A batch exceeds it by one line at most, and so fits into a message however it is escaped."""
STORE_SECONDS = 60
"""How long a batch is tried before its lines are given up."""
CLOSE_SECONDS = 60
HURRY_SECONDS = 10
"""How long the last lines are tried: longer than NATS takes to restart, unless the run has to be over at once."""
PAUSE_SECONDS = 0.5


@dataclass
class Missing:
    """Lines given up since the last batch that was stored, by number."""

    first: int = 0
    last: int = 0
    count: int = 0

    def add(self, lines: Sequence[LogLine]) -> None:
        self.first = self.first or lines[0].number
        self.last = lines[-1].number
        self.count += len(lines)


def size(text: str) -> int:
    return len(text.encode()) + LINE_OVERHEAD


class Logbook:
    """Nothing runs while there is nothing to store: the first line starts a flush, which ends with the last."""

    def __init__(
        self,
        client: Client,
        execution_id: str,
        attempt: int,
        most_waiting: int,
        *,
        lines: int = 0,
        batches: int = 0,
    ) -> None:
        """`lines` and `batches` are those of the same attempt that were stored before it was parked."""
        self._client = client
        self._execution_id = execution_id
        self._attempt = attempt
        self._most_waiting = most_waiting
        self._waiting: deque[LogLine] = deque()
        self._waiting_size = 0
        self._number = lines
        self._batches = batches
        self._sequence = 0
        self._missing = Missing()
        self._lost = 0
        self._flush: asyncio.Task[None] | None = None
        self._full = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

    async def room(self) -> None:
        """Wait until less waits to be stored than may."""
        await self._room.wait()

    def add(self, stream: LogStream, texts: Sequence[str], source: str = "") -> None:
        """Never waits and never refuses: whoever adds looks at `has_room` first."""
        at = datetime.now(UTC)
        for text in texts:
            self._number += 1
            line = LogLine(number=self._number, at=at, stream=stream, text=text, source=source)
            self._waiting.append(line)
            self._waiting_size += size(text)
        if self._waiting_size >= BATCH_SIZE:
            self._full.set()
        if self._waiting_size >= self._most_waiting:
            self._room.clear()
        if self._waiting and self._flush is None:
            self._flush = asyncio.create_task(self._store_waiting())

    async def close(self, hurry: Callable[[], Coroutine[Any, Any, object]]) -> LogEnd:
        """Store what waits. What is not stored within `CLOSE_SECONDS`, or `HURRY_SECONDS` after `hurry`, is lost and
        counted."""
        self._closing = True
        self._full.set()
        flush = self._flush
        if flush is not None:
            hurried = asyncio.create_task(hurry())
            await asyncio.wait([flush, hurried], timeout=CLOSE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if hurried.done():
                await asyncio.wait([flush], timeout=HURRY_SECONDS)
            await end([flush, hurried])
        lost = self._lost + self._missing.count + len(self._waiting)
        LOG_LOST.inc(lost)
        return LogEnd(self._number, self._sequence, lost, self._batches)

    async def _store_waiting(self) -> None:
        while self._waiting:
            await self._gather()
            batch, stored = self._cut()
            await self._store(batch)
            self._waiting_size -= stored
            if self._waiting_size < self._most_waiting:
                self._room.set()
        self._flush = None

    async def _gather(self) -> None:
        if self._waiting_size < BATCH_SIZE and not self._closing:
            self._full.clear()
            try:
                await asyncio.wait_for(self._full.wait(), GATHER_SECONDS)
            except TimeoutError:
                return

    def _cut(self) -> tuple[list[LogLine], int]:
        """The next lines, and their size."""
        batch: list[LogLine] = []
        cut = 0
        while self._waiting and cut < BATCH_SIZE:
            batch.append(self._waiting.popleft())
            cut += size(batch[-1].text)
        return batch, cut

    async def _store(self, batch: list[LogLine]) -> None:
        self._batches += 1
        lines = self._marker() + batch
        event = LogBatch(execution_id=self._execution_id, attempt=self._attempt, lines=tuple(lines))
        identity = f"{self._execution_id}.log.{self._attempt}.{self._batches}"
        attributes = headers(event, event_id=identity, source=SOURCE, time=batch[-1].at)
        message = Message(subjects.log(self._execution_id), body(event), attributes, identity)
        try:
            self._sequence = max(self._sequence, await self._insist(message))
        except (BusUnavailable, MessageTooLarge, asyncio.CancelledError) as failure:
            self._missing.add(batch)
            log.warning("log.lost", execution_id=self._execution_id, lines=len(batch), error=repr(failure))
            if isinstance(failure, asyncio.CancelledError):
                raise
        else:
            self._lost += self._missing.count
            self._missing = Missing()

    def _marker(self) -> list[LogLine]:
        """In the place of the last line that is missing."""
        gap = self._missing
        if not gap.count:
            return []
        text = f"lines {gap.first:,} to {gap.last:,} are missing here: they could not be stored"
        return [LogLine(number=gap.last, at=datetime.now(UTC), stream=LogStream.SYSTEM, text=text)]

    async def _insist(self, message: Message) -> int:
        deadline = asyncio.get_running_loop().time() + STORE_SECONDS
        while True:
            try:
                verdict = await publish(self._client, message)
            except BusUnavailable:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            # Without an expected sequence there is no conflict: what is stored already counts as stored.
            return getattr(verdict, "sequence", 0)


async def read_log_end(client: Client, execution_id: str) -> LogEnd:
    """How far the log of a worker that died was stored. Raises `BusUnavailable`."""
    last = await last_message(client, LOGS.name, subjects.log(execution_id))
    if last is None:
        return LogEnd()
    batch = read(LogBatch, last.body, last.headers)
    return LogEnd(lines=batch.lines[-1].number if batch.lines else 0, sequence=last.sequence)
