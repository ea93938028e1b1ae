"""Backfills: past ranges of a schedule that run now, as one."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import BackfillCancelled, BackfillOrder, BackfillRequested
from lamplighter_contracts.fields import is_slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import BackfillRecord, ListBackfills
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.catalog.requests import Once
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.changes import live_job
from lamplighter_gateway.jobs.surroundings import legible_times
from lamplighter_gateway.past.executions import project_of
from lamplighter_gateway.timing import backfills
from lamplighter_gateway.timing.backfills import AN_INSTANT, BackfillBody, Plan, Wire
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.idempotency import answer_once
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem, not_found
from lamplighter_gateway.web.responses import Answer, answer

PAGE, MOST = 50, 500
BACKFILLS = "backfills"
"""Of what kind a request is recorded to have made one."""
ID_BYTES = 8
UNHEARD = timedelta(minutes=10)
"""For so long a backfill is looked for on the bus too: history may not have heard of it yet."""


@post("/api/v1/jobs/{job_id:str}/backfill")
async def start_backfill(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Run the occurrences of a past range, `from` and `to` included, `max_parallel` at a time; with `dry_run` only
    show them. The same Idempotency-Key again, for 72 hours, is the same backfill and the same answer."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    asked = backfills.read_backfill(body, gateway.now())
    job = await live(gateway, job_id)
    if not asked.dry_run:
        backfills.check_is_scheduled(job)
    made = backfills.plan(legible_times(job, gateway.catalog), asked.from_, asked.to)
    planned = backfills.plan_answer(job, asked, made)
    if asked.dry_run:
        return answer(planned)

    async def order_it(under: Once | None) -> Answer:
        backfills.check_has_room(await gateway.gates.of(job_id))
        backfill_id = new_id(gateway, job_id, under)
        await gateway.requests.claim(under, gateway.now(), BACKFILLS, backfill_id)
        return await place(backfill_id)

    async def place(backfill_id: str) -> Answer:
        return answer(
            {**planned, **await _place(gateway, caller_of(request), job, asked, made, backfill_id)}, 202
        )

    return await answer_once(request, body, order_it, lambda known: place(known.object_ids[0]))


async def _place(
    gateway: Gateway, caller: Caller, job: Job, asked: BackfillBody, made: Plan, backfill_id: str
) -> Wire:
    order = BackfillRequested(
        backfill_id=backfill_id,
        job_id=job.job_id,
        after_at=asked.from_ - AN_INSTANT,
        until_at=asked.to,
        total=made.total,
        max_parallel=asked.max_parallel,
        requested_at=gateway.now(),
        requested_by=caller.name,
    )
    placed = await gateway.orders.place(order)
    told = f"backfill {placed.backfill_id} of {placed.total} occurrences"
    await gateway.audit.done(caller, "job.backfill", "jobs", job.job_id, project=job.project, detail=told)
    return backfills.order_answer(placed)


def new_id(gateway: Gateway, job_id: str, under: Once | None) -> str:
    """The same for the same request under the same key."""
    return backfills.backfill_id(job_id, under.token if under else gateway.entropy(ID_BYTES).hex())


@get("/api/v1/backfills")
async def list_backfills(request: Request[Any, Any, Any]) -> Answer:
    """Newest first: `?job_id=&project=&limit=`."""
    query = Parameters(request.query_params)
    gateway = gateway_of(request).of_project(query.text("project"))
    job_id, limit = query.text("job_id"), query.number("limit", PAGE, 1, MOST)
    query.check()
    page, unheard = await asyncio.gather(
        gateway.history.backfills(ListBackfills(job_id=job_id, limit=limit)), _unheard(gateway, job_id)
    )
    known = {record.backfill_id for record in page.backfills}
    records = [*(record for record in unheard if record.backfill_id not in known), *page.backfills]
    newest = sorted(records, key=lambda record: record.requested_at, reverse=True)[:limit]
    return answer([backfills.backfill_answer(record) for record in newest])


@get("/api/v1/backfills/{backfill_id:str}")
async def get_backfill(request: Request[Any, Any, Any], backfill_id: str) -> Answer:
    """One backfill, and how far it is."""
    return answer(backfills.backfill_answer(await _find(gateway_of(request), backfill_id)))


@post("/api/v1/backfills/{backfill_id:str}/cancel", status_code=202)
async def cancel_backfill(request: Request[Any, Any, Any], backfill_id: str) -> Answer:
    """End a backfill: what has not fired does not, what runs is cancelled."""
    gateway = gateway_of(request)
    record = await _find(gateway, backfill_id)
    if record.phase != "started":
        raise Problem("conflict", f"The backfill {backfill_id!r} is over: it was {record.phase}.")
    caller = caller_of(request)
    order = BackfillCancelled(
        backfill_id=backfill_id,
        job_id=record.job_id,
        requested_at=gateway.now(),
        requested_by=caller.name,
    )
    await gateway.orders.cancel(order)
    await gateway.audit.done(caller, "backfill.cancel", "backfills", backfill_id, project=record.project)
    return answer({"backfill_id": backfill_id, "job_id": record.job_id, "status": "cancelling"}, 202)


async def _find(gateway: Gateway, backfill_id: str) -> BackfillRecord:
    """As history has it; of one that it has not heard of, what was ordered. Raises `Problem`."""
    if not is_slug(backfill_id):
        raise not_found("backfill", backfill_id)
    page = await gateway.history.backfills(ListBackfills(backfill_id=backfill_id, limit=1))
    orders = [] if page.backfills else await gateway.orders.of(backfill_id, gateway.now())
    record = next(iter(page.backfills), None) or _ordered(gateway, orders)
    if record is None:
        raise not_found("backfill", backfill_id)
    return record


async def _unheard(gateway: Gateway, job_id: str | None) -> list[BackfillRecord]:
    """Those of the last minutes, by what was ordered."""
    if job_id is not None and not is_slug(job_id):
        return []
    orders = await gateway.orders.since(gateway.now() - UNHEARD, job_id)
    ids = dict.fromkeys(order.backfill_id for order in orders)
    records = (_ordered(gateway, [o for o in orders if o.backfill_id == name]) for name in ids)
    return [record for record in records if record is not None]


def _ordered(gateway: Gateway, orders: Sequence[BackfillOrder]) -> BackfillRecord | None:
    """What the orders say, where their job is in reach."""
    record = backfills.record_of(orders)
    if record is None:
        return None
    project = project_of(gateway.catalog.find(Job, record.job_id))
    return record.model_copy(update={"project": project}) if gateway.catalog.reaches(project) else None


async def live(gateway: Gateway, job_id: str) -> Job:
    """Raises `Problem`."""
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    return job


HANDLERS = [start_backfill, list_backfills, get_backfill, cancel_backfill]
