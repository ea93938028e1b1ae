"""Deliveries that came to webhooks: listed, read, their bodies as they came, and delivered once more."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from litestar import Request, Response, get, post

from lamplighter_contracts.deliveries import DeliveryOutcome
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import ListDeliveries
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import delivery_answer, delivery_details
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.changes import live_job
from lamplighter_gateway.past.deliveries import payload_of
from lamplighter_gateway.routes.executions import check_known
from lamplighter_gateway.routes.webhooks import delivery_said
from lamplighter_gateway.web.bodies import read_key, read_object
from lamplighter_gateway.web.pages import Page, answer_list
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.claims import IDEMPOTENCY_KEY
from lamplighter_gateway.webhooks.replays import replay_of, scheme_of

Web = Request[Any, Any, Any]

PAGE, MOST = 50, 500
REPLAYED: Mapping[str, str] = {"Idempotency-Replayed": "true"}


@get("/api/v1/deliveries")
async def list_deliveries(request: Web) -> Answer:
    """Newest first: `?job_id=&outcome=&producer=&event=&execution_id=&from=&until=&limit=&cursor=`. Each with what
    became of it, and without headers and payload."""
    query = Parameters(request.query_params)
    return await _list(request, query, query.text("job_id"))


@get("/api/v1/jobs/{job_id:str}/deliveries")
async def list_deliveries_of_job(request: Web, job_id: str) -> Answer:
    """As `GET /api/v1/deliveries`, of one job; also of one that was deleted."""
    await check_known(gateway_of(request), job_id)
    return await _list(request, Parameters(request.query_params), job_id)


@get("/api/v1/deliveries/{delivery_id:str}")
async def get_delivery(request: Web, delivery_id: str) -> Answer:
    """One delivery, with its headers and its payload: as JSON, as the job was told it."""
    record = await gateway_of(request).deliveries.record(delivery_id)
    return answer(delivery_details(record, payload_of(record.received)))


@get("/api/v1/deliveries/{delivery_id:str}/body")
async def get_body(request: Web, delivery_id: str) -> Response[bytes]:
    """The body, byte for byte as it came: somebody's bytes, which no browser is to take for a page. 410 when it is no
    longer kept."""
    gateway = gateway_of(request)
    record = await gateway.deliveries.record(delivery_id)
    body = await gateway.deliveries.body(record.received)
    headers = {"Content-Disposition": f'attachment; filename="{delivery_id}"'}
    return Response(body, media_type="application/octet-stream", headers=headers)


@post("/api/v1/deliveries/{delivery_id:str}/replay", status_code=202)
async def replay_delivery(request: Web, delivery_id: str) -> Answer:
    """Deliver it once more: to the job as it is now, through its filters as they are now, as a delivery of its own that
    leads to an execution of its own. The same Idempotency-Key again, for 72 hours, is the same replay.

    202: it starts an execution. 200: a filter leaves it out. 410 when its body is no longer kept.
    """
    gateway, caller = gateway_of(request), caller_of(request)
    await read_object(request, gateway.settings.body_limit_bytes)
    name = read_key(request, IDEMPOTENCY_KEY)
    record = await gateway.deliveries.record(delivery_id)
    received = record.received
    job = await _live(gateway, received.job_id)
    body = await gateway.deliveries.body(received)
    # Of two callers who chose the same key each has made a replay.
    replay = f"{caller.actor} {name}" if name else str(uuid4())
    arrival = replay_of(received, body, job, replay, caller, gateway.now())
    recorded = (await gateway.intake.take(arrival, scheme_of(received))).recorded
    told = f"delivery {recorded.received.delivery_id}"
    await gateway.audit.done(
        caller, "delivery.replay", "deliveries", delivery_id, project=job.project, detail=told
    )
    status = 202 if recorded.received.outcome is DeliveryOutcome.ACCEPTED else 200
    said = {**delivery_said(recorded.received), "replay_of": delivery_id}
    return answer(said, status, REPLAYED if recorded.duplicate else None)


async def _list(request: Web, query: Parameters, job_id: str | None) -> Answer:
    gateway = gateway_of(request).of_project(query.text("project"))
    from_at, until_at = query.span()
    asked = ListDeliveries(
        job_id=job_id,
        outcomes=query.choices("outcome", DeliveryOutcome),
        producer=query.text("producer"),
        event=query.text("event"),
        execution_id=query.text("execution_id"),
        from_at=from_at,
        until_at=until_at,
    )
    bound = query.number("limit", 0, 1, MOST) or None
    query.check()

    async def turn(cursor: str | None, limit: int) -> Page:
        page = await gateway.history.deliveries(asked.model_copy(update={"cursor": cursor, "limit": limit}))
        return Page([delivery_answer(record) for record in page.deliveries], page.next_cursor)

    return await answer_list(request, turn, cursor=query.text("cursor"), limit=bound or PAGE, bound=bound)


async def _live(gateway: Gateway, job_id: str) -> Job:
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    return job


HANDLERS = [list_deliveries, list_deliveries_of_job, get_delivery, get_body, replay_delivery]
