"""Backfills: past ranges of a schedule that run now, as one."""

import asyncio
from datetime import timedelta
from typing import Any

from litestar import Request, get, post

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested
from lamplighter_contracts.fields import is_slug
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import BackfillRecord, ListBackfills
from lamplighter_gateway import backfills
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.backfills import AN_INSTANT
from lamplighter_gateway.bodies import read_key, read_object
from lamplighter_gateway.catalog import key_of
from lamplighter_gateway.deliveries import IDEMPOTENCY_KEY
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs import live_job
from lamplighter_gateway.parameters import Parameters
from lamplighter_gateway.problems import Problem, not_found
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.surroundings import legible_times

PAGE, MOST = 50, 500
ID_BYTES = 8
UNHEARD = timedelta(minutes=10)
"""For so long a backfill is looked for on the bus too: history may not have heard of it yet."""


@post("/api/v1/jobs/{job_id:str}/backfill")
async def start_backfill(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Run the occurrences of a past range, `from` and `to` included, `max_parallel` at a time; with `dry_run` only
    show them. The same Idempotency-Key again, for 72 hours, is the same backfill and the same answer."""
    gateway = gateway_of(request)
    asked = backfills.read_backfill(
        await read_object(request, gateway.settings.body_limit_bytes), gateway.now()
    )
    key = read_key(request, IDEMPOTENCY_KEY)
    job = await live(gateway, job_id)
    backfills.check_can_begin(job, await gateway.gates.of(job_id))
    made = backfills.plan(legible_times(job, gateway.catalog), asked.from_, asked.to)
    planned = backfills.plan_answer(job, asked, made)
    if asked.dry_run:
        return answer(planned)
    order = BackfillRequested(
        backfill_id=backfills.backfill_id(job_id, key or gateway.entropy(ID_BYTES).hex()),
        job_id=job_id,
        after_at=asked.from_ - AN_INSTANT,
        until_at=asked.to,
        total=made.total,
        max_parallel=asked.max_parallel,
        requested_at=gateway.now(),
        requested_by=caller_of(request).name,
    )
    return answer({**planned, **backfills.order_answer(await gateway.orders.place(order))}, 202)


@get("/api/v1/backfills")
async def list_backfills(request: Request[Any, Any, Any]) -> Answer:
    """Newest first: `?job_id=&limit=`."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
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
    order = BackfillCancelled(
        backfill_id=backfill_id,
        job_id=record.job_id,
        requested_at=gateway.now(),
        requested_by=caller_of(request).name,
    )
    await gateway.orders.cancel(order)
    return answer({"backfill_id": backfill_id, "job_id": record.job_id, "status": "cancelling"}, 202)


async def _find(gateway: Gateway, backfill_id: str) -> BackfillRecord:
    """As history has it; of one that it has not heard of, what was ordered. Raises `Problem`."""
    if not is_slug(backfill_id):
        raise not_found("backfill", backfill_id)
    page = await gateway.history.backfills(ListBackfills(backfill_id=backfill_id, limit=1))
    orders = [] if page.backfills else await gateway.orders.of(backfill_id, gateway.now())
    record = next(iter(page.backfills), None) or backfills.record_of(orders)
    if record is None:
        raise not_found("backfill", backfill_id)
    return record


async def _unheard(gateway: Gateway, job_id: str | None) -> list[BackfillRecord]:
    """Those of the last minutes, by what was ordered."""
    if job_id is not None and not is_slug(job_id):
        return []
    orders = await gateway.orders.since(gateway.now() - UNHEARD, job_id)
    ids = dict.fromkeys(order.backfill_id for order in orders)
    records = (backfills.record_of([o for o in orders if o.backfill_id == name]) for name in ids)
    return [record for record in records if record is not None]


async def live(gateway: Gateway, job_id: str) -> Job:
    """Raises `Problem`."""
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    return job


HANDLERS = [start_backfill, list_backfills, get_backfill, cancel_backfill]
