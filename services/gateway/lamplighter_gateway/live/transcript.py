"""The log of one execution, from where its reader is: what `LOGS` has from there, and before it what history has.

The stream loses messages only at its front. So the first one that it still has for this execution divides the log:
all older batches are history's, that one and all later ones are the stream's. None is lost or doubled, however far
history is behind.
"""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.executions import ExecutionFinished, LogBatch, LogLine
from lamplighter_contracts.queries import ReadLog, RecordedBatch, RecordedLine
from lamplighter_contracts.streams import LOGS
from lamplighter_gateway.live.continuity import Continuity, Missing
from lamplighter_gateway.live.sharing import SharedTail, Sharing
from lamplighter_gateway.live.sse import written
from lamplighter_gateway.past.history import History
from lamplighter_gateway.web.problems import Problem
from lamplighter_runtime.tails import Entry

Said = tuple[str, bytes]
"""An event's name and its data, as written."""

Line = LogLine | RecordedLine

LINE_BYTES = 100
"""What a line costs beside its text."""


class Numbered(NamedTuple):
    number: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that came together, written once for all who read them. `data` is None where they cannot be read."""

    sequence: int
    attempt: int = 0
    lines: tuple[Numbered, ...] = ()
    data: bytes | None = None

    @property
    def size(self) -> int:
        return 300 + LINE_BYTES * len(self.lines) + len(self.data or b"")


class Transcript:
    """`after` is the sequence in `LOGS` of the last batch that the reader has. `sequence` counts on from there."""

    def __init__(self, sharing: Sharing, history: History, execution_id: str, after: int) -> None:
        self._history = history
        self._execution_id = execution_id
        # The last batch the reader has is read once more, to know which line comes next. It is not sent again.
        self._from = max(0, after - 1)
        self._tail = SharedTail(sharing, LOGS.name, [subjects.log(execution_id)], self._from, _read)
        self._continuity = Continuity(from_start=after == 0)
        self.sequence = after

    async def open(self) -> None:
        """Raises `BusUnavailable`."""
        await self._tail.open()
        # An asynchronous stream may have lost its last moments, and gives their sequences away once more.
        self.sequence = self._had = min(self.sequence, self._tail.last_sequence)

    async def close(self) -> None:
        await self._tail.close()

    async def take(self) -> Sequence[Batch]:
        return await self._tail.take()

    async def past(self) -> AsyncIterator[Said]:
        """All that there was when the reading began."""
        first = await self._tail.take() if self._tail.behind else []
        bound = first[0].sequence if first else self._tail.last_sequence + 1
        if self._tail.first_sequence > self._from + 1 and not _is_beginning(first):
            async for said in self._from_history(bound):
                yield said
        for said in self.tell(first):
            yield said

    def tell(self, batches: Sequence[Batch]) -> Iterator[Said]:
        for batch in batches:
            if batch.data is None:
                yield "gap", written({"reason": "a batch of lines cannot be read"})
            else:
                yield from self._on_batch(batch)

    def at_end(self, final: ExecutionFinished) -> Iterator[Said]:
        """What is missing of the last attempt, once nothing more can come."""
        missing = self._continuity.missing_at_end(final.attempt, final.log_lines)
        if missing is not None:
            yield _gap(missing)

    async def _from_history(self, bound: int) -> AsyncIterator[Said]:
        after = self._from
        try:
            while True:
                query = ReadLog(execution_id=self._execution_id, after_sequence=after)
                page = await self._history.log(query)
                for batch in page.batches:
                    if batch.sequence >= bound:
                        return
                    after = batch.sequence
                    for said in self._on_recorded(batch):
                        yield said
                if not page.more or not page.batches:
                    return
        except Problem as silence:
            yield "gap", written({"reason": f"Older lines cannot be shown now. {silence.detail}"})

    def _on_recorded(self, batch: RecordedBatch) -> Iterator[Said]:
        for attempt, lines in groupby(batch.lines, lambda line: line.attempt):
            yield from self._on_batch(_batch(batch.sequence, attempt, list(lines)))

    def _on_batch(self, batch: Batch) -> Iterator[Said]:
        if batch.sequence <= self._had:
            if batch.lines:
                self._continuity.seed(batch.attempt, batch.lines[-1].number)
            return
        missing, fresh = self._continuity.admit(batch.attempt, batch.lines)
        if missing is not None:
            yield _gap(missing)
        self.sequence = batch.sequence
        if fresh and batch.data is not None:
            whole = len(fresh) == len(batch.lines)
            yield "log", batch.data if whole else _part(batch.data, fresh)


def _read(entry: Entry) -> Batch:
    try:
        batch = envelope.read(LogBatch, entry.body, entry.headers)
    except (ValidationError, ValueError):
        return Batch(entry.sequence)
    return _batch(entry.sequence, batch.attempt, batch.lines)


def _batch(sequence: int, attempt: int, lines: Sequence[Line]) -> Batch:
    said = [line.model_dump(mode="json", exclude={"attempt"}) for line in lines]
    numbers = tuple(Numbered(line.number) for line in lines)
    return Batch(sequence, attempt, numbers, written({"attempt": attempt, "lines": said}))


def _part(data: bytes, fresh: Sequence[Numbered]) -> bytes:
    """Only those lines. Seldom: a batch that somebody has already had a part of."""
    whole, numbers = json.loads(data), {line.number for line in fresh}
    return written({**whole, "lines": [line for line in whole["lines"] if line["number"] in numbers]})


def _is_beginning(batches: Sequence[Batch]) -> bool:
    """Whether nothing was ever before these: line 1 of attempt 1."""
    first = batches[0] if batches else None
    return first is not None and first.attempt == 1 and bool(first.lines) and first.lines[0].number == 1


def _gap(missing: Missing) -> Said:
    data = {
        "attempt": missing.attempt,
        "from_line": missing.first,
        "to_line": missing.last,
        "reason": "these lines were lost or are no longer kept",
    }
    return "gap", written(data)
