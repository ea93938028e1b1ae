"""Jobs, gates and marks as they stand now: the newest revision, never what some message said."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import TriggerDecided
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import CATALOG, JOBS
from lamplighter_planning.rulings import Asked, Situation
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_scheduler.parked import Parked
from lamplighter_scheduler.surroundings import Neighbours


class States:
    """Reads from `KV_catalog` and `JOBS`. Raises `BusUnavailable`, and pydantic's `ValidationError` for a job or a
    gate that cannot be read."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._neighbours = Neighbours(client)
        self._parked = Parked(client)

    async def of(self, asked: Sequence[Asked], now: datetime, *, all_marks: bool = False) -> list[Situation]:
        """All that a decision needs of each job, in order, with the marks of what was repeated, or of all.

        One round trip a stream, and one more for what only some jobs have: an environment of their own, calendars,
        triggers that wait; and those that it takes for large bodies.
        """
        bare = await self._bare(asked, all_marks)
        around, recalled = await asyncio.gather(
            self._neighbours.around([_scheduled(s, one) for s, one in zip(bare, asked, strict=True)]),
            self._parked.recalled(bare, asked, now),
        )
        return [replace(situation, around=nearby) for situation, nearby in zip(recalled, around, strict=True)]

    async def of_jobs(self, job_ids: Iterable[str]) -> list[Situation]:
        """Job and gate alone: what timers are derived from."""
        return await self._bare([Asked(job_id) for job_id in job_ids], all_marks=False)

    async def unknown(self, job_ids: Sequence[str]) -> list[str]:
        """Those of the jobs that the catalog has nothing of, not even the marker of a removal."""
        known = await last_messages(self._client, CATALOG.name, [_job_subject(job_id) for job_id in job_ids])
        return [job_id for job_id in job_ids if _job_subject(job_id) not in known]

    async def _bare(self, asked: Sequence[Asked], all_marks: bool) -> list[Situation]:
        ids = [one.job_id for one in asked]
        marks = [subject for one in asked for subject in _mark_subjects(one, all_marks).values()]
        catalog, states = await asyncio.gather(
            last_messages(self._client, CATALOG.name, [_job_subject(job_id) for job_id in ids]),
            last_messages(self._client, JOBS.name, [*map(subjects.gate, ids), *marks]),
        )
        return [_situation(one, _mark_subjects(one, all_marks), catalog, states) for one in asked]


def _scheduled(situation: Situation, asked: Asked) -> Job | None:
    """The job, where the decision may be about scheduled occurrences: only these are ever left out."""
    about = asked.ticked or asked.orders or situation.gate.backfills
    return situation.job if situation.job is not None and situation.job.schedules and about else None


def _situation(
    asked: Asked, marks: Mapping[str, str], catalog: Mapping[str, Last], states: Mapping[str, Last]
) -> Situation:
    job_id = asked.job_id
    gate = states.get(subjects.gate(job_id))
    found = {key: states[subject] for key, subject in marks.items() if subject in states}
    outlived = {key: found[key].sequence for key in _of_others(asked, found)}
    return Situation(
        job_id=job_id,
        job=read_item(Job, catalog.get(_job_subject(job_id))),
        gate=Gate.model_validate_json(gate.body) if gate else Gate(job_id=job_id),
        gate_sequence=gate.sequence if gate else 0,
        gate_written_at=gate.stored_at if gate else None,
        decided=frozenset(found.keys() - outlived.keys()),
        outlived=outlived,
    )


def _of_others(asked: Asked, marks: Mapping[str, Last]) -> Iterator[str]:
    """The keys whose mark is that of another start. A mark lives as long as a trigger, but begins later: after what
    waited it is still there when its trigger is forgotten, and a repeat was accepted as a start of its own."""
    for trigger in asked.triggers:
        mark = marks.get(trigger.key)
        if mark is not None and _whose(mark) != trigger.execution_id:
            yield trigger.key


def _whose(mark: Last) -> str:
    return envelope.read(TriggerDecided, mark.body, mark.headers).execution_id


def _job_subject(job_id: str) -> str:
    return subjects.catalog("jobs", job_id)


def _mark_subjects(asked: Asked, all_marks: bool) -> dict[str, str]:
    """The subject of the mark, by the key of its trigger or the id of its backfill."""
    keys = [trigger.key for trigger in asked.triggers] + [order.backfill_id for order in asked.orders]
    return {key: subjects.decided(asked.job_id, key) for key in keys if all_marks or key in asked.repeated}
