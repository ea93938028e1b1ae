"""Simulations: the coming time, or any other, on a virtual clock."""

import asyncio
import json
import time
from datetime import timedelta
from typing import Any

from litestar import Request, post
from pydantic import Field, ValidationError

from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import Instant, Model, Slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.queries import TypicalDurations
from lamplighter_gateway.apart import Worker
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.changes import live_job
from lamplighter_gateway.timing.simulations import Asked, Question
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.problems import Problem, invalid, unavailable
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_planning.simulation import TYPICAL_SECONDS

LONGEST = timedelta(days=366)
MOST_JOBS = 1_000
"""In one question to history."""

_WORKER = Worker("lamplighter_gateway.timing.simulation_worker", seconds=90)
"""One at a time: a simulation takes a whole core."""
PLACES = asyncio.Semaphore(4)
"""For those that wait for it too: each holds its question, which may be large."""
_RETRY_AFTER_SECONDS = 30


_NO_PART: dict[str, Any] = {"prompt": "-", "description": "", "variables": {}}
"""What a job asks has no part in when it runs: the process is not told."""


class Body(Model):
    from_: Instant = Field(alias="from")
    to: Instant
    job_ids: tuple[Slug, ...] | None = None


@post("/api/v1/simulations", status_code=200)
async def simulate(request: Request[Any, Any, Any]) -> Answer:
    """Play all jobs, or those in `job_ids`, from `from` to `to` (a year at most), and show what they would bring."""
    gateway = gateway_of(request)
    body = _read(await read_object(request, gateway.settings.body_limit_bytes))
    if PLACES.locked():
        raise unavailable("Others are simulating, as many as may wait for it.", _RETRY_AFTER_SECONDS)
    began = time.monotonic()
    async with PLACES:
        question = await _question(gateway, body, _chosen(gateway, body))
        said = await _WORKER.ask(question.model_dump_json().encode())
    if said is None:
        problem = "takes longer than a simulation may: choose a shorter range, or fewer jobs"
        raise invalid([FieldError(field="to", problem=problem)])
    document = json.loads(said)
    if "refused" in document:
        raise invalid([FieldError(field="to", problem=document["refused"])])
    return answer({**document, "took_seconds": round(time.monotonic() - began, 3)})


def _read(fields: dict[str, Any]) -> Body:
    """Raises `InvalidInput`, with a right example."""
    try:
        body = Body.model_validate(fields)
    except ValidationError as wrong:
        raise InvalidInput(from_validation(wrong)) from wrong
    if stray := sorted(fields.keys() - {"from", "to", "job_ids"}):
        problem = "is not known; known are from, to, job_ids"
        raise InvalidInput([FieldError(field=name, problem=problem) for name in stray])
    if not timedelta(0) < body.to - body.from_ <= LONGEST:
        problem = f"must be after 'from', by {LONGEST.days} days at most"
        raise InvalidInput([FieldError(field="to", problem=problem)])
    return body


def _chosen(gateway: Gateway, body: Body) -> list[Job]:
    """Those asked for, or all that a schedule starts."""
    if body.job_ids is not None:
        return [live_job(gateway.catalog, job_id) for job_id in body.job_ids]
    return [job for job in gateway.catalog.all(Job) if job.is_scheduled]


async def _question(gateway: Gateway, body: Body, jobs: list[Job]) -> Question:
    seconds = await _seconds(gateway, [job.job_id for job in jobs])
    return Question(
        from_at=body.from_,
        to_at=body.to,
        jobs=tuple(
            Asked(
                job=job.model_copy(update=_NO_PART),
                environment=_around(gateway, job),
                seconds=seconds.get(job.job_id, TYPICAL_SECONDS),
            )
            for job in jobs
        ),
        calendars=tuple(gateway.catalog.all(Calendar)),
    )


def _around(gateway: Gateway, job: Job) -> Environment | None:
    environment = gateway.catalog.find(Environment, job.environment)
    return environment.model_copy(update={"variables": {}}) if environment else None


async def _seconds(gateway: Gateway, job_ids: list[str]) -> dict[str, float]:
    """How long the executions of each job took lately; nothing where history does not answer."""
    found: dict[str, float] = {}
    try:
        for start in range(0, len(job_ids), MOST_JOBS):
            asked = TypicalDurations(job_ids=tuple(job_ids[start : start + MOST_JOBS]))
            found |= (await gateway.history.durations(asked)).seconds
    except Problem:
        return {}
    return found


HANDLERS = [simulate]
