"""What happened to one execution, from where its reader is: transitions and steps in order, the end held back."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    ExecutionTransition,
)
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.streams import EXECUTIONS
from lamplighter_gateway.executions import Found, final_of
from lamplighter_gateway.sightings import LastStatus
from lamplighter_gateway.transcript import Said
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tails import Entry, Tail

log = get_logger()


class Progress:
    """`after` is the sequence in `EXECUTIONS` of the last event that the reader has. `final`: it is over."""

    def __init__(self, client: Client, found: Found, after: int) -> None:
        self._found = found
        self._step_subject = subjects.execution_step(found.execution_id)
        filters = [subjects.execution_events(found.execution_id)]
        self._tail = Tail(client, EXECUTIONS.name, filters, after=after)
        self.sequence = after
        self.final: LastStatus | None = None

    async def open(self) -> None:
        """Raises `BusUnavailable`."""
        await self._tail.open()

    async def close(self) -> None:
        await self._tail.close()

    async def take(self) -> Sequence[Entry]:
        return await self._tail.take()

    async def past(self) -> AsyncIterator[Said]:
        """All that there was when the reading began."""
        while self._tail.behind:
            for said in self.on_entries(await self._tail.take()):
                yield said
        for said in self._standing():
            yield said

    def on_entries(self, entries: Sequence[Entry]) -> Iterator[Said]:
        for entry in entries:
            try:
                yield from self._on_entry(entry)
            except (ValidationError, ValueError):
                log.exception("live.unreadable", subject=entry.subject, sequence=entry.sequence)

    def ending(self) -> Iterator[Said]:
        """The held back end, for a reader who has the whole log."""
        assert self.final is not None
        assert isinstance(self.final.event, ExecutionFinished)
        if self.final.sequence > self.sequence:
            self.sequence = self.final.sequence
            yield "status", _status(self.final.event)
        yield "end", _outcome(self.final.event)

    def _on_entry(self, entry: Entry) -> Iterator[Said]:
        if entry.subject == self._step_subject:
            step = envelope.read(ExecutionStep, entry.body, entry.headers)
            self.sequence = entry.sequence
            yield "step", step.model_dump(mode="json", exclude={"execution_id"})
            return
        event = envelope.read_transition(entry.body)
        if isinstance(event, ExecutionFinished):
            self.final = LastStatus(entry.sequence, event)
            return
        self.sequence = entry.sequence
        yield "status", _status(event)

    def _standing(self) -> Iterator[Said]:
        """The state that the bus has forgotten, or that its reader knew already, or that is not there yet."""
        last, record = self._found.last, self._found.record
        if self.final is None and last is not None and last.final is not None:
            self.final = last
        if self.final is None and record is not None:
            self.final = final_of(record)
        if self.final is not None or self.sequence > 0:
            return
        status = record.status if record is not None else ExecutionStatus.QUEUED
        yield "status", {"status": status.value}


def _status(event: ExecutionTransition) -> dict[str, Any]:
    status = {"status": event.status.value, "attempt": event.attempt}
    match event:
        case ExecutionStarted():
            return {**status, "at": rfc3339(event.started_at), "worker": event.worker}
        case ExecutionCancelling():
            return {**status, "at": rfc3339(event.requested_at), "requested_by": event.requested_by}
        case ExecutionFinished():
            return {**status, "at": rfc3339(event.finished_at), "reason": event.reason}


def _outcome(event: ExecutionFinished) -> dict[str, Any]:
    return {
        "status": event.outcome.value,
        "reason": event.reason,
        "detail": event.detail,
        "exit_code": event.exit_code,
        "result": event.result,
        "attempt": event.attempt,
        "finished_at": rfc3339(event.finished_at),
        "log_lines": event.log_lines,
    }
