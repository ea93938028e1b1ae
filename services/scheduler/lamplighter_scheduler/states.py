"""Jobs, gates and marks as they stand now: the newest revision, never what some message said."""

import asyncio
from collections.abc import Iterable, Sequence

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import CATALOG, JOBS
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_scheduler.decisions import Asked, Situation


class States:
    """Reads from `KV_catalog` and `JOBS`, one round trip a stream. Raises `BusUnavailable`, and pydantic's
    `ValidationError` for a job or a gate that cannot be read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, asked: Sequence[Asked], *, all_marks: bool = False) -> list[Situation]:
        """The situation of each job, in order, with the marks of repeated triggers, or of all."""
        ids = [one.job_id for one in asked]
        marks = [subject for one in asked for subject in _mark_subjects(one, all_marks).values()]
        catalog, states = await asyncio.gather(
            last_messages(self._client, CATALOG.name, [_job_subject(job_id) for job_id in ids]),
            last_messages(self._client, JOBS.name, [*map(subjects.gate, ids), *marks]),
        )
        return [_situation(one, _mark_subjects(one, all_marks), catalog, states) for one in asked]

    async def of_jobs(self, job_ids: Iterable[str]) -> list[Situation]:
        return await self.of([Asked(job_id) for job_id in job_ids])

    async def unknown(self, job_ids: Sequence[str]) -> list[str]:
        """Those of the jobs that the catalog has nothing of, not even the marker of a removal."""
        known = await last_messages(self._client, CATALOG.name, [_job_subject(job_id) for job_id in job_ids])
        return [job_id for job_id in job_ids if _job_subject(job_id) not in known]


def _situation(
    asked: Asked, marks: dict[str, str], catalog: dict[str, Last], states: dict[str, Last]
) -> Situation:
    job_id = asked.job_id
    gate = states.get(subjects.gate(job_id))
    return Situation(
        job_id=job_id,
        job=read_item(Job, catalog.get(_job_subject(job_id))),
        gate=Gate.model_validate_json(gate.body) if gate else Gate(job_id=job_id),
        gate_sequence=gate.sequence if gate else 0,
        gate_written_at=gate.stored_at if gate else None,
        decided=frozenset(key for key, subject in marks.items() if subject in states),
    )


def _job_subject(job_id: str) -> str:
    return subjects.catalog("jobs", job_id)


def _mark_subjects(asked: Asked, all_marks: bool) -> dict[str, str]:
    """The subject of the mark, by the key of its trigger."""
    return {
        trigger.key: subjects.decided(asked.job_id, trigger.key)
        for trigger in asked.triggers
        if all_marks or trigger.key in asked.repeated
    }
