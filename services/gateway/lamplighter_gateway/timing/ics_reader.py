"""Has .ics files read by a process apart, which hostile ones cannot keep for long nor make large."""

from dataclasses import dataclass, field
from datetime import date, datetime

from pydantic import TypeAdapter

from lamplighter_contracts.calendars import CalendarEntry
from lamplighter_gateway.apart import Worker

AT_ONCE = 2
"""Files read at a time: others wait for their turn."""
SECONDS = 10.0
"""The most that a file may take: its process has a third of it as CPU time."""
TOO_MUCH = (
    "takes too long to read or too much memory: keep only the events that jobs are to leave out,"
    " or make several calendars of it"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds, or else the problem with it."""

    entries: tuple[CalendarEntry, ...] = ()
    covers_until: date | None = None
    problem: str = ""


READING = TypeAdapter(Reading)


@dataclass
class IcsReader:
    worker: Worker = field(
        default_factory=lambda: Worker("lamplighter_gateway.timing.ics_worker", SECONDS, AT_ONCE)
    )

    async def read(self, text: str, now: datetime) -> Reading:
        said = await self.worker.ask(text.encode(), now.isoformat())
        return Reading(problem=TOO_MUCH) if said is None else READING.validate_json(said)
