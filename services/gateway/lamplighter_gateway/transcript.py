"""The log of one execution, from where its reader is: what `LOGS` has from there, and before it what history has.

The stream loses messages only at its front. So the first one that it still has for this execution divides the log:
all older batches are history's, that one and all later ones are the stream's. None is lost or doubled, however far
history is behind.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import groupby
from typing import Any

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.executions import ExecutionFinished, LogBatch, LogLine
from lamplighter_contracts.queries import ReadLog, RecordedBatch, RecordedLine
from lamplighter_contracts.streams import LOGS
from lamplighter_gateway.continuity import Continuity, Missing
from lamplighter_gateway.history import History
from lamplighter_gateway.problems import Problem
from lamplighter_runtime.tails import Entry, Tail

Said = tuple[str, Any]
"""An event's name and its data."""

Line = LogLine | RecordedLine


class Transcript:
    """`after` is the sequence in `LOGS` of the last batch that the reader has. `sequence` counts on from there."""

    def __init__(self, client: Client, history: History, execution_id: str, after: int) -> None:
        self._history = history
        self._execution_id = execution_id
        # The last batch the reader has is read once more, to know which line comes next. It is not sent again.
        self._from = max(0, after - 1)
        self._tail = Tail(client, LOGS.name, [subjects.log(execution_id)], after=self._from)
        self._continuity = Continuity(from_start=after == 0)
        self.sequence = after

    async def open(self) -> None:
        """Raises `BusUnavailable`."""
        await self._tail.open()
        # An asynchronous stream may have lost its last moments, and gives their sequences away once more.
        self.sequence = min(self.sequence, self._tail.last_sequence)

    async def close(self) -> None:
        await self._tail.close()

    async def take(self) -> Sequence[Entry]:
        return await self._tail.take()

    async def past(self) -> AsyncIterator[Said]:
        """All that there was when the reading began."""
        first = await self._tail.take() if self._tail.behind else []
        bound = first[0].sequence if first else self._tail.last_sequence + 1
        if self._tail.first_sequence > self._from + 1 and not _is_beginning(first):
            async for said in self._from_history(bound):
                yield said
        for said in self.on_entries(first):
            yield said

    def on_entries(self, entries: Sequence[Entry]) -> Iterator[Said]:
        for entry in entries:
            try:
                batch = envelope.read(LogBatch, entry.body, entry.headers)
            except (ValidationError, ValueError):
                yield "gap", {"reason": "a batch of lines cannot be read"}
                continue
            yield from self._on_lines(entry.sequence, batch.attempt, batch.lines)

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
            yield "gap", {"reason": f"Older lines cannot be shown now. {silence.detail}"}

    def _on_recorded(self, batch: RecordedBatch) -> Iterator[Said]:
        for attempt, lines in groupby(batch.lines, lambda line: line.attempt):
            yield from self._on_lines(batch.sequence, attempt, list(lines))

    def _on_lines(self, sequence: int, attempt: int, lines: Sequence[Line]) -> Iterator[Said]:
        if sequence <= self.sequence:
            if lines:
                self._continuity.seed(attempt, lines[-1].number)
            return
        missing, fresh = self._continuity.admit(attempt, lines)
        if missing is not None:
            yield _gap(missing)
        self.sequence = sequence
        if fresh:
            yield "log", {"attempt": attempt, "lines": [_line(line) for line in fresh]}


def _is_beginning(entries: Sequence[Entry]) -> bool:
    """Whether nothing was ever before these: line 1 of attempt 1."""
    if not entries:
        return False
    try:
        batch = envelope.read(LogBatch, entries[0].body, entries[0].headers)
    except (ValidationError, ValueError):
        return False
    return batch.attempt == 1 and bool(batch.lines) and batch.lines[0].number == 1


def _line(line: Line) -> dict[str, Any]:
    return line.model_dump(mode="json", exclude={"attempt"})


def _gap(missing: Missing) -> Said:
    return "gap", {
        "attempt": missing.attempt,
        "from_line": missing.first,
        "to_line": missing.last,
        "reason": "these lines were lost or are no longer kept",
    }
