"""The gates of jobs as the scheduler wrote them last: what has been decided, what runs, what waits."""

from collections.abc import Sequence

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import JOBS
from lamplighter_runtime.latest import last_messages
from lamplighter_runtime.messages import BusUnavailable


class Gates:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, job_id: str) -> Gate:
        """An empty one where nothing was decided yet. Raises `BusUnavailable`."""
        return (await self._read([job_id]))[job_id]

    async def bounding(self, jobs: Sequence[Job]) -> dict[str, Gate]:
        """Those of the jobs that may fire only so often, which their gates count; empty ones where NATS is away."""
        bounded = [job.job_id for job in jobs if job.window.max_runs is not None]
        try:
            known = await self._read(bounded)
        except BusUnavailable:
            known = {}
        return {job.job_id: known.get(job.job_id) or Gate(job_id=job.job_id) for job in jobs}

    async def _read(self, job_ids: Sequence[str]) -> dict[str, Gate]:
        named = {subjects.gate(job_id): job_id for job_id in job_ids}
        found = await last_messages(self._client, JOBS.name, list(named)) if named else {}
        empty = {job_id: Gate(job_id=job_id) for job_id in job_ids}
        return empty | {named[s]: Gate.model_validate_json(last.body) for s, last in found.items()}
