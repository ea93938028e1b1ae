"""Catching up: what a job missed, shown and run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.requests import RequestMade
from lamplighter_contracts.timing import MOST_CAUGHT_UP
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.requests import Once
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.surroundings import legible_times
from lamplighter_gateway.routes.backfills import BACKFILLS, ID_BYTES, live
from lamplighter_gateway.timing import catchups
from lamplighter_gateway.timing.backfills import (
    AN_INSTANT,
    backfill_id,
    check_has_room,
    check_is_scheduled,
    order_answer,
)
from lamplighter_gateway.timing.catchups import CatchUpBody
from lamplighter_gateway.timing.missed import recorded
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.idempotency import answer_once
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_planning.clock_words import Clock

UNHEARD = timedelta(minutes=1)
"""For so long a backfill may be ordered and not yet be in the gate."""


@get("/api/v1/jobs/{job_id:str}/catchup")
async def plan_catch_up(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """What the scheduler will make of what is overdue, and which missed ones a catch-up would run:
    `?limit=&within_seconds=`, as the job says where they are not given."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    limit = query.number("limit", 0, 1, MOST_CAUGHT_UP) or None
    within = query.number("within_seconds", 0, 1, catchups.LONGEST_SECONDS) or None
    query.check()
    job, now = await live(gateway, job_id), gateway.now()
    times, gate = legible_times(job, gateway.catalog), await gateway.gates.of(job_id)
    terms = catchups.terms_of(job, limit, within)
    found = await recorded(gateway.history, job, gate, times, terms, now)
    overdue = catchups.overdue(job, gate, times, now)
    document = {
        "job_id": job_id,
        "as_of": rfc3339(now),
        "policy": job.missed.policy.value,
        "overdue": catchups.overdue_answer(overdue, Clock(job.timezone)),
        "recorded": catchups.recorded_answer(found, terms),
    }
    return answer(document)


@post("/api/v1/jobs/{job_id:str}/catchup", status_code=202)
async def catch_up(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Run what is recorded as missed, as one backfill. What was asked for before does not run twice."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    asked, job = catchups.read_catch_up(body), await live(gateway, job_id)

    async def order_it(under: Once | None) -> Answer:
        return await _order(gateway, caller_of(request), job, asked, under)

    async def again(made: RequestMade) -> Answer:
        known = await gateway.orders.of(made.object_ids[0], gateway.now())
        placed = next((order for order in known if isinstance(order, BackfillRequested)), None)
        # One that was interrupted before it was placed is placed now.
        return answer(order_answer(placed), 202) if placed else await order_it(None)

    return await answer_once(request, body, order_it, again)


async def _order(
    gateway: Gateway, caller: Caller, job: Job, asked: CatchUpBody, under: Once | None
) -> Answer:
    job_id, now = job.job_id, gateway.now()
    gate, times = await gateway.gates.of(job_id), legible_times(job, gateway.catalog)
    check_is_scheduled(job)
    check_has_room(gate)
    terms = catchups.terms_of(job, asked.limit, asked.within_seconds)
    found = await recorded(gateway.history, job, gate, times, terms, now)
    if not found.fire:
        raise Problem("conflict", catchups.recorded_answer(found, terms)["sentence"])
    name = await _id_of(gateway, job_id, gate, found.fire)
    await gateway.requests.claim(under, now, BACKFILLS, name)
    order = BackfillRequested(
        backfill_id=name,
        job_id=job_id,
        after_at=found.fire[0] - AN_INSTANT,
        until_at=found.fire[-1],
        instants=found.fire,
        total=len(found.fire),
        max_parallel=asked.max_parallel,
        requested_at=now,
        requested_by=caller.name,
    )
    placed = await gateway.orders.place(order)
    told = f"backfill {placed.backfill_id} of {placed.total} occurrences"
    await gateway.audit.done(caller, "job.catchup", "jobs", job_id, project=job.project, detail=told)
    return answer(order_answer(placed), 202)


async def _id_of(gateway: Gateway, job_id: str, gate: Gate, instants: Sequence[datetime]) -> str:
    """Made of what is to run, so that who asks twice at once gets one backfill. Once that is over, another one."""
    name = backfill_id(job_id, " ".join(map(rfc3339, instants)))
    orders = await gateway.orders.of(name, gateway.now())
    waits = any(backfill.backfill_id == name for backfill in gate.backfills)
    cancelled = any(isinstance(order, BackfillCancelled) for order in orders)
    fresh = not orders or gateway.now() - orders[0].requested_at < UNHEARD
    return (
        name if (waits or fresh) and not cancelled else backfill_id(job_id, gateway.entropy(ID_BYTES).hex())
    )


HANDLERS = [plan_catch_up, catch_up]
