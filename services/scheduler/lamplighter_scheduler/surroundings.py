"""What lies around jobs in the catalog: their environments, and the calendars that they or these name."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import Model
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import CATALOG
from lamplighter_planning.timetable import NOWHERE, Surroundings, own_surroundings
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import Last, last_messages

KEPT = 512
"""Calendars and environments that are kept parsed: a calendar has thousands of entries."""

M = TypeVar("M", bound=Model)


class Neighbours:
    """Asks the catalog anew each time: a calendar holds from the moment it is saved. Raises `BusUnavailable`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._parsed: dict[str, tuple[int, Model | None]] = {}

    async def around(self, jobs: Sequence[Job | None]) -> list[Surroundings]:
        """In the order of `jobs`; nothing for None. One round trip for environments, one more for calendars."""
        there = [job for job in jobs if job is not None]
        environments = await self._read(Environment, "environments", {job.environment for job in there})
        named = {name for job in there for name in job.exclusions.calendars}
        named |= {name for e in environments.values() for name in e.exclusions.calendars}
        calendars = await self._read(Calendar, "calendars", named)
        return [
            own_surroundings(job, environments.get(job.environment), calendars) if job else NOWHERE
            for job in jobs
        ]

    async def _read(self, model: type[M], kind: str, names: Iterable[str]) -> dict[str, M]:
        wanted = {name: subjects.catalog(kind, name) for name in names}
        found = await last_messages(self._client, CATALOG.name, list(wanted.values())) if wanted else {}
        read = {name: self._parse(model, found.get(subject)) for name, subject in wanted.items()}
        return {name: item for name, item in read.items() if item is not None}

    def _parse(self, model: type[M], last: Last | None) -> M | None:
        if last is None:
            return None
        sequence, known = self._parsed.get(last.subject, (0, None))
        if sequence != last.sequence:
            if len(self._parsed) >= KEPT:
                self._parsed.clear()
            known = read_item(model, last)
            self._parsed[last.subject] = last.sequence, known
        assert known is None or isinstance(known, model)
        return known
