"""When jobs fire next, why they fired or did not, and when a schedule would fire that is not saved yet."""

import asyncio
from datetime import datetime
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import Outcome, SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.queries import (
    ExecutionRecord,
    FindOccurrence,
    ListOccurrences,
    OccurrenceAnswer,
    OccurrenceRecord,
)
from lamplighter_gateway.answers import Wire, execution_answer, occurrence_answer
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.bodies import read_timing
from lamplighter_gateway.jobs.changes import Jobs, live_job
from lamplighter_gateway.jobs.surroundings import legible_times, surroundings
from lamplighter_gateway.jobs.upcoming import firings_answer, schedule_words
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_planning.clock_words import Clock
from lamplighter_planning.explanations import explain
from lamplighter_planning.forecast import Foreseen, coming, forecast, upto
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.obstacles import pause_words
from lamplighter_planning.timetable import Timetable, timetable

SHOWN, MOST = 10, 100


@get("/api/v1/jobs/{job_id:str}/next")
async def list_next(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """When a job fires next, if nothing comes into its way: `?n=`. What its calendars leave out stands there too."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    count = query.number("n", SHOWN, 1, MOST)
    query.check()
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    times, gate, now = legible_times(job, gateway.catalog), await gateway.gates.of(job_id), gateway.now()
    ahead = forecast(job, times, gate, now, count, removed=count)
    return answer({"job_id": job_id, **firings_of(job, times, ahead, paused_words(job, now))})


@post("/api/v1/schedules/preview", status_code=200)
async def preview(request: Request[Any, Any, Any]) -> Answer:
    """When a job with these times would fire next. Nothing is saved; what is wrong is refused as it would be there."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    count, now = read_count(body.pop("n", SHOWN)), gateway.now()
    spec = read_timing(body, gateway.catalog, now)
    times = timetable(spec, "", surroundings(spec, gateway.catalog))
    most = spec.window.max_runs or count
    ahead = upto(coming(times, now, now, removed=count), min(count, most))
    return answer(firings_of(spec, times, list(ahead), None))


@get("/api/v1/jobs/{job_id:str}/why")
async def explain_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Why a job fired at `?at=`, or did not; without it, what happened last and what is next."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    at = query.instant("at")
    query.check()
    # Also of a job that was deleted: what it did is on record.
    jobs = Jobs(gateway.catalog, gateway.now(), "")
    job: Job = await gateway.current(key_of(Job, job_id), lambda: jobs.find(job_id))
    inquiry = await _inquire(gateway, job, at)
    told = explain(inquiry)
    record, clock = inquiry.record, inquiry.clock
    following = {"at": rfc3339(told.next_at), "local": clock.local(told.next_at)} if told.next_at else None
    document = {
        "job_id": job_id,
        "at": rfc3339(at) if at else None,
        "sentence": told.sentence,
        "outcome": record.outcome.value if record else None,
        "occurrence": occurrence_answer(record) if record else None,
        "execution": execution_answer(inquiry.execution) if inquiry.execution else None,
        "next": following,
    }
    return answer(document)


async def _inquire(gateway: Gateway, job: Job, at: datetime | None) -> Inquiry:
    times = legible_times(job, gateway.catalog)
    gate, (ledger, last) = await asyncio.gather(gateway.gates.of(job.job_id), _ledger(gateway, job, at))
    known = Inquiry(job, gate, times, gateway.now(), at, ledger, last)
    execution = await _execution(gateway, known.record)
    return Inquiry(job, gate, times, gateway.now(), at, ledger, last, execution)


async def _ledger(
    gateway: Gateway, job: Job, at: datetime | None
) -> tuple[OccurrenceAnswer, OccurrenceRecord | None]:
    """What is recorded around the instant; without one the newest record, where history can be asked."""
    if at is not None:
        if at > gateway.now():
            return OccurrenceAnswer(), None
        return await gateway.history.find_occurrence(FindOccurrence(job_id=job.job_id, at=at)), None
    try:
        page = await gateway.history.occurrences(ListOccurrences(job_id=job.job_id, limit=1))
    except Problem:
        return OccurrenceAnswer(), None
    return OccurrenceAnswer(), next(iter(page.occurrences), None)


async def _execution(gateway: Gateway, record: OccurrenceRecord | None) -> ExecutionRecord | None:
    if record is None or not _may_have_an_execution(record):
        return None
    try:
        return await gateway.executions.record(record.into or record.execution_id)
    except Problem:
        return None


def _may_have_an_execution(record: OccurrenceRecord) -> bool:
    """One that fired; one that was gathered into another; and one that was blocked, where that was found out then."""
    return (
        record.outcome in (Outcome.FIRED, Outcome.BLOCKED)
        or bool(record.into)
        or record.reason in (SkipReason.POLICY, SkipReason.APPROVAL)
    )


def firings_of(job: JobSpec, times: Timetable, ahead: list[Foreseen], paused: str | None) -> Wire:
    return {
        "timezone": job.timezone,
        "schedule_words": schedule_words(job),
        "paused": paused,
        "firings": firings_answer(ahead, times, job.timezone),
    }


def paused_words(job: Job, now: datetime) -> str | None:
    if job.pause is None or not job.paused_at(now):
        return None
    return f"{_capital(Clock(job.timezone).retold(pause_words(job.pause)))}."


def read_count(given: object) -> int:
    """Raises `InvalidInput`."""
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST:
        return given
    raise InvalidInput([FieldError(field="n", problem=f"must be a number from 1 to {MOST}")])


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


HANDLERS = [list_next, preview, explain_job]
