"""What happened to one execution, from where its reader is: transitions, steps, decisions and effects in
order, the end held back."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionDecided,
    ExecutionEffects,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.streams import EXECUTIONS
from lamplighter_gateway.live.sharing import SharedTail, Sharing
from lamplighter_gateway.live.sse import written
from lamplighter_gateway.live.transcript import Said
from lamplighter_gateway.past.executions import Found, final_of
from lamplighter_gateway.past.sightings import LastStatus
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tails import Entry

log = get_logger()


_TOLD = (
    subjects.execution_status,
    subjects.execution_step,
    subjects.execution_decided,
    subjects.execution_effects,
)
_BESIDE: Mapping[str, type[ExecutionStep | ExecutionDecided | ExecutionEffects]] = {
    "step": ExecutionStep,
    "decided": ExecutionDecided,
    "effects": ExecutionEffects,
}
_BEGUN = {"worker", "agent_id", "team_id", "environment", "resumed"}
_AGAIN = {"not_before", "reason", "detail"}
_PARKED = {"deadline_at", "approvals"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of an execution, as its readers are told of it. `said` is None where nobody can read it."""

    sequence: int
    said: Said | None = None
    final: ExecutionFinished | None = None

    @property
    def size(self) -> int:
        return 300 + (len(self.said[1]) if self.said else 0)


class Progress:
    """`after` is the sequence in `EXECUTIONS` of the last event that the reader has. `final`: it is over."""

    def __init__(self, sharing: Sharing, found: Found, after: int) -> None:
        self._found = found
        # Not all that there is: what a parked execution goes on with may be large, and is nobody's to read.
        filters = [subject(found.execution_id) for subject in _TOLD]
        self._tail = SharedTail(sharing, EXECUTIONS.name, filters, after, _read)
        self.sequence = after
        self.final: LastStatus | None = None

    async def open(self) -> None:
        """Raises `BusUnavailable`."""
        await self._tail.open()

    async def close(self) -> None:
        await self._tail.close()

    async def take(self) -> Sequence[Happened]:
        return await self._tail.take()

    async def past(self) -> AsyncIterator[Said]:
        """All that there was when the reading began."""
        while self._tail.behind:
            for said in self.tell(await self._tail.take()):
                yield said
        for said in self._standing():
            yield said

    def tell(self, happened: Sequence[Happened]) -> Iterator[Said]:
        for one in happened:
            if one.final is not None:
                self.final = LastStatus(one.sequence, one.final)
            elif one.said is not None:
                self.sequence = one.sequence
                yield one.said

    def ending(self) -> Iterator[Said]:
        """The held back end, for a reader who has the whole log."""
        assert self.final is not None
        assert isinstance(self.final.event, ExecutionFinished)
        if self.final.sequence > self.sequence:
            self.sequence = self.final.sequence
            yield "status", written(_status(self.final.event))
        yield "end", written(_outcome(self.final.event))

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
        yield "status", written({"status": status.value})


def _read(entry: Entry) -> Happened:
    try:
        return _understood(entry)
    except (ValidationError, ValueError):
        log.exception("live.unreadable", subject=entry.subject, sequence=entry.sequence)
        return Happened(entry.sequence)


def _understood(entry: Entry) -> Happened:
    name = entry.subject.rsplit(".", 1)[1]
    if name != "status":
        told = envelope.read(_BESIDE[name], entry.body, entry.headers)
        data = told.model_dump(mode="json", exclude={"execution_id"})
        return Happened(entry.sequence, (name, written(data)))
    event = envelope.read_transition(entry.body)
    if isinstance(event, ExecutionFinished):
        return Happened(entry.sequence, final=event)
    return Happened(entry.sequence, (_name(event), written(_status(event))))


def _name(event: ExecutionTransition) -> str:
    """What interrupts a run has a name of its own. Each of them has the new status too."""
    is_interruption = isinstance(event, ExecutionRetrying | ExecutionWaiting | ExecutionAnswered)
    return event.kind if is_interruption else "status"


def _status(event: ExecutionTransition) -> dict[str, Any]:
    status = {"status": event.status.value, "attempt": event.attempt}
    match event:
        case ExecutionStarted():
            return {**status, "at": rfc3339(event.started_at), **_shown(event, _BEGUN)}
        case ExecutionCancelling():
            return {**status, "at": rfc3339(event.requested_at), "requested_by": event.requested_by}
        case ExecutionRetrying():
            return {**status, "at": rfc3339(event.failed_at), **_shown(event, _AGAIN)}
        case ExecutionWaiting() | ExecutionAnswered():
            return {**status, "at": rfc3339(event.waiting_since), **_shown(event, _PARKED)}
        case ExecutionFinished():
            return {**status, "at": rfc3339(event.finished_at), "reason": event.reason}
        case _:
            assert_never(event)


def _shown(event: ExecutionTransition, names: set[str]) -> dict[str, Any]:
    return event.model_dump(mode="json", include=names)


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
        "usage": event.usage.model_dump(mode="json"),
    }
