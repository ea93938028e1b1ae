"""Deliveries to webhooks: genuine ones are recorded before they are answered, and start the job if it wants them."""

import asyncio
import time
from typing import Any

from litestar import Request, post

from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.jobs import Job, Producer
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.authentication import CHALLENGE, address_of, denied, require
from lamplighter_gateway.access.limits import too_many
from lamplighter_gateway.access.tokens import token_id_of
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.web.bodies import read_body
from lamplighter_gateway.web.problems import Problem, not_found
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.headers import kept_headers
from lamplighter_gateway.webhooks.inbox import Recorded
from lamplighter_gateway.webhooks.intake import Taken
from lamplighter_gateway.webhooks.keys import live_secrets
from lamplighter_gateway.webhooks.signatures import Headers, bearer, shown_by, verify
from lamplighter_gateway.webhooks.verdicts import Arrival

Web = Request[Any, Any, Any]

LARGE_BYTES = 256 * 1024
"""To sign more takes milliseconds, in which others want their answers."""
DUPLICATE = {"Lamplighter-Duplicate": "true"}


# The gateway's own bound is a setting, and tells who sends too much how much is too much.
@post("/api/v1/jobs/webhook/{path:path}", status_code=202, request_max_body_size=None)
async def deliver_webhook(request: Web, path: str) -> Answer:
    """A delivery, signed with the webhook's secret as GitHub, GitLab, Stripe, Slack or Standard Webhooks sign, or
    under an operator's token.

    202: it starts an execution. 200: a filter leaves it out, or it only asks who is there. One whose delivery id was
    there within 72 hours starts nothing and is answered alike, with `Lamplighter-Duplicate: true`.
    """
    gateway = gateway_of(request)
    with gateway.room.stay() as guest:
        body = await read_body(request, gateway.settings.webhook_limit_bytes, guest.grow)
        taken = await _take(request, gateway, path, body)
    return _answer(taken.recorded, taken.challenge)


async def _take(request: Web, gateway: Gateway, path: str, body: bytes) -> Taken:
    headers = {name.lower(): value for name, value in request.headers.items()}
    job, scheme, by = await _addressed(request, headers, path, body)
    _bound_rate(gateway, job)
    arrival = Arrival(
        job=job,
        key="",
        at=gateway.now(),
        headers=kept_headers(headers.items()),
        body=body,
        content_type=headers.get("content-type", ""),
        address=address_of(request),
        by=by,
    )
    return await gateway.intake.take(arrival, scheme)


async def _addressed(request: Web, headers: Headers, path: str, body: bytes) -> tuple[Job, Producer, str]:
    """The job at `path`, by whose signature the delivery is genuine, and whose token it came under.

    Raises a `Problem`. Who may not start it does not learn whether there is one.
    """
    shown = shown_by(headers)
    if shown is Producer.BEARER and token_id_of(bearer(headers) or "") is not None:
        caller = require(request, Role.OPERATOR)
        # As the caller sees it, from here on.
        if (job := holder_of(gateway_of(request).catalog, path)) is None:
            raise not_found("webhook", path)
        return job, Producer.BEARER, caller.name
    gateway = gateway_of(request)
    job = holder_of(gateway.catalog, path)
    secrets = live_secrets(
        gateway.settings.key, gateway.settings.ring, job, gateway.catalog.holder(path), gateway.now()
    )
    producer = job.webhook.producer if job and job.webhook else Producer.AUTO
    question = producer, headers, body, secrets, gateway.now()
    large = len(body) > LARGE_BYTES
    scheme = await asyncio.to_thread(verify, *question) if large else verify(*question)
    if scheme is None or job is None:
        raise _refused(request, gateway)
    return job, scheme, ""


def holder_of(catalog: Catalog, path: str) -> Job | None:
    """The job that a webhook path leads to."""
    reservation = catalog.holder(path)
    job = catalog.find(Job, reservation.job_id) if reservation else None
    return job if job and job.deleted_at is None and job.webhook and job.webhook.path == path else None


def _refused(request: Web, gateway: Gateway) -> Problem:
    detail = (
        "No webhook takes this: there is none at this path, or the delivery is not signed with its secret."
    )
    problem = Problem("unauthenticated", detail, headers={"WWW-Authenticate": CHALLENGE})
    try:
        gateway.limits.failure(address_of(request))
    except Problem as slower:
        problem = slower
    return denied(request, problem)


def _bound_rate(gateway: Gateway, job: Job) -> None:
    chosen = job.webhook.rate_per_minute if job.webhook else None
    most = chosen or gateway.settings.webhook_rate_per_minute
    if seconds := gateway.rates.take(job.job_id, most, time.monotonic()):
        raise too_many(f"This webhook takes {most:,} deliveries a minute.", seconds)


def _answer(recorded: Recorded, challenge: str) -> Answer:
    received = recorded.received
    headers = DUPLICATE if recorded.duplicate else {}
    said = {"challenge": challenge} if challenge else delivery_said(received)
    return answer(said, 202 if received.outcome is DeliveryOutcome.ACCEPTED else 200, headers)


def delivery_said(received: DeliveryReceived) -> dict[str, Any]:
    """What the producer is told of its delivery."""
    named = {"job_id": received.job_id, "delivery_id": received.delivery_id}
    match received.outcome:
        case DeliveryOutcome.ACCEPTED:
            return {**named, "execution_id": received.execution_id, "status": "queued"}
        case DeliveryOutcome.FILTERED:
            return {**named, "status": "filtered", "detail": received.detail}
        case DeliveryOutcome.PING:
            return {**named, "status": "pong"}


HANDLERS = [deliver_webhook]
