"""Catching up: what a job missed, shown and run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.timing import MOST_CAUGHT_UP
from lamplighter_gateway import catchups
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.backfills import AN_INSTANT, backfill_id, check_can_begin, order_answer
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.missed import recorded
from lamplighter_gateway.parameters import Parameters
from lamplighter_gateway.problems import Problem
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.routes.backfills import ID_BYTES, live
from lamplighter_gateway.surroundings import legible_times
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
    asked = catchups.read_catch_up(await read_object(request, gateway.settings.body_limit_bytes))
    job, now = await live(gateway, job_id), gateway.now()
    gate, times = await gateway.gates.of(job_id), legible_times(job, gateway.catalog)
    check_can_begin(job, gate)
    terms = catchups.terms_of(job, asked.limit, asked.within_seconds)
    found = await recorded(gateway.history, job, gate, times, terms, now)
    if not found.fire:
        raise Problem("conflict", catchups.recorded_answer(found, terms)["sentence"])
    order = BackfillRequested(
        backfill_id=await _id_of(gateway, job_id, gate, found.fire),
        job_id=job_id,
        after_at=found.fire[0] - AN_INSTANT,
        until_at=found.fire[-1],
        instants=found.fire,
        total=len(found.fire),
        max_parallel=asked.max_parallel,
        requested_at=now,
        requested_by=caller_of(request).name,
    )
    return answer(order_answer(await gateway.orders.place(order)), 202)


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
