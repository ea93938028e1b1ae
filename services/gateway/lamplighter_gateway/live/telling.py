"""Messages of the streams as what is told of them."""

import asyncio
from collections.abc import Mapping, Sequence

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.envelope import ID_HEADER, PROJECT_HEADER
from lamplighter_contracts.events import Event, JobBackfill, JobDue, JobQueued, JobSkipped
from lamplighter_contracts.executions import ExecutionDecided, ExecutionEffects, ExecutionStep
from lamplighter_contracts.streams import CATALOG, EXECUTIONS, JOBS
from lamplighter_gateway.live.changes import CATALOG_FILTERS, Change, read_change
from lamplighter_gateway.live.marks import SOURCES
from lamplighter_gateway.live.placing import Placing
from lamplighter_gateway.live.told import CHANGED, Told, line, name_of, said_of, status_of
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.tails import PAUSE_SECONDS, Entry, Tail

log = get_logger()

FILTERS: Mapping[str, Sequence[str]] = {
    JOBS.name: (subjects.ANY_JOB_EVENT, subjects.ANY_DELIVERY),
    # Not all that there is: what a parked execution goes on with is nobody's to read.
    EXECUTIONS.name: tuple(f"execution.*.{word}" for word in ("status", "step", "decided", "effects")),
    CATALOG.name: CATALOG_FILTERS,
}
_OF_JOB: Mapping[str, type[Event]] = {
    "due": JobDue,
    "queued": JobQueued,
    "skipped": JobSkipped,
    "backfill": JobBackfill,
}
_OF_EXECUTION: Mapping[str, type[Event]] = {
    "step": ExecutionStep,
    "decided": ExecutionDecided,
    "effects": ExecutionEffects,
}


class Telling:
    def __init__(self, client: Client, placing: Placing) -> None:
        self._client = client
        self.placing = placing

    def tail(self, source: int, after: int, most: int = 256) -> Tail:
        name = SOURCES[source].name
        return Tail(self._client, name, FILTERS[name], after=after, most=most)

    async def told(self, source: int, entries: Sequence[Entry]) -> list[Told]:
        """What is told of messages of one stream, in their order. Waits for NATS where it has to ask."""
        read = [(entry, event) for entry in entries if (event := _read(source, entry)) is not None]
        while True:
            try:
                await self.placing.prepare([event for _, event in read])
            except BusUnavailable as away:
                log.debug("events.wait", error=repr(away))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                return [self._told(source, entry, event) for entry, event in read]

    def _told(self, source: int, entry: Entry, event: Event | Change) -> Told:
        about = self.placing.about(event, entry.headers.get(PROJECT_HEADER, ""))
        name, event_type = _named(event)
        event_id = entry.headers.get(ID_HEADER) or f"{SOURCES[source].name}:{entry.sequence}"
        said = said_of(event)
        if about.job_id and "execution_id" in said:
            # Steps and the like name their execution alone.
            said = {**said, "job_id": about.job_id}
        return Told(
            source=source,
            sequence=entry.sequence,
            stored_at=entry.stored_at,
            name=name,
            about=about,
            status=status_of(event),
            body=line(event_id, event_type, entry.stored_at, about.project, said),
            ends=_ended(event),
        )


def _read(source: int, entry: Entry) -> Event | Change | None:
    try:
        return _event(source, entry)
    except (ValidationError, ValueError):
        log.exception("events.unreadable", subject=entry.subject, sequence=entry.sequence)
        return None


def _event(source: int, entry: Entry) -> Event | Change | None:
    first, second, *_, last = entry.subject.split(".")
    if SOURCES[source] is CATALOG:
        return read_change(entry.subject, entry.sequence, entry.headers, entry.body)
    if first == "delivery":
        return envelope.read(DeliveryReceived, entry.body, entry.headers)
    if first == "job":
        model = _OF_JOB.get(second)
        return envelope.read(model, entry.body, entry.headers) if model else None
    if last == "status":
        return envelope.read_transition(entry.body)
    return envelope.read(_OF_EXECUTION[last], entry.body, entry.headers)


def _named(event: Event | Change) -> tuple[str, str]:
    if isinstance(event, Change):
        return CHANGED, f"lamplighter.{CHANGED}.v1"
    return name_of(event.event_type), event.event_type


def _ended(event: Event | Change) -> str:
    gone = isinstance(event, Change) and event.kind == "job" and event.operation in ("deleted", "purged")
    return event.object_id if gone and isinstance(event, Change) else ""
