"""Starting a job by hand, and by a webhook's delivery."""

from typing import Any, Literal
from uuid import uuid4

from litestar import Request, post

from lamplighter_contracts.events import Delivery, JobTriggered, TriggerKind
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.authentication import caller_of, require, unauthenticated
from lamplighter_gateway.bodies import read_body, read_key, read_object
from lamplighter_gateway.catalog import Catalog, key_of
from lamplighter_gateway.deliveries import (
    GITHUB_DELIVERY,
    IDEMPOTENCY_KEY,
    is_ping,
    read_delivery,
    read_payload,
)
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.inbox import Accepted
from lamplighter_gateway.jobs import live_job
from lamplighter_gateway.problems import invalid, not_found
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.signatures import accepts, webhook_secret

SIGNATURE = "x-hub-signature-256"


@post("/api/v1/jobs/{job_id:str}/trigger", status_code=202)
async def trigger_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Start a job now. The same Idempotency-Key again, for 72 hours, is the same start and the same answer."""
    gateway = gateway_of(request)
    parameters = read_parameters(await read_object(request, gateway.settings.body_limit_bytes))
    key = read_key(request, IDEMPOTENCY_KEY) or str(uuid4())
    await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    by = caller_of(request).name
    started = await _accept(gateway, job_id, TriggerKind.MANUAL, key, parameters, by=by)
    return answer({**_started(job_id, started), "message": "The execution is queued."}, 202)


def read_parameters(body: dict[str, Any]) -> dict[str, Any] | None:
    """Raises a `Problem` naming every wrong field."""
    errors = [
        FieldError(field=name, problem="is not known; known are parameters, config_override")
        for name in body.keys() - {"parameters", "config_override"}
    ]
    parameters = body.get("parameters")
    if not isinstance(parameters, dict | None):
        errors.append(FieldError(field="parameters", problem="must be a JSON object"))
    if body.get("config_override"):
        problem = "cannot be given: a start runs the job as it is; change the job instead"
        errors.append(FieldError(field="config_override", problem=problem))
    if errors:
        raise invalid(errors)
    return parameters


@post("/api/v1/jobs/webhook/{path:path}", status_code=202)
async def deliver_webhook(request: Request[Any, Any, Any], path: str) -> Answer:
    """A delivery: signed with the job's secret (`X-Hub-Signature-256`), or under an operator's token.

    A delivery id that comes again within 72 hours starts nothing and is answered alike.
    """
    gateway = gateway_of(request)
    body = await read_body(request, gateway.settings.webhook_limit_bytes)
    job = _addressed(request, gateway, path, body)
    if is_ping(request.headers):
        return answer({"status": "pong"})
    given = read_key(request, GITHUB_DELIVERY) or read_key(request, IDEMPOTENCY_KEY)
    key = given or str(uuid4())
    payload = read_payload(request.headers.get("content-type"), body)
    delivery = read_delivery(request.headers, key)
    started = await _accept(gateway, job.job_id, TriggerKind.WEBHOOK, key, payload, delivery=delivery)
    return answer({**_started(job.job_id, started), "duplicate": started.duplicate}, 202)


def _addressed(request: Request[Any, Any, Any], gateway: Gateway, path: str, body: bytes) -> Job:
    """The job at `path`, for a caller who may start it. Who may not does not learn whether there is one."""
    job = holder_of(gateway.catalog, path)
    if request.headers.get("authorization"):
        require(request, Role.OPERATOR)
        if job is None:
            raise not_found("webhook", path)
        return job
    # Without a job the same work is done with a secret that nobody has.
    job_id, generation = (job.job_id, job.webhook.secret_generation) if job and job.webhook else ("", 0)
    secret = webhook_secret(gateway.settings.key, job_id, path, generation)
    if not accepts(secret, body, request.headers.get(SIGNATURE)) or job is None:
        raise unauthenticated(given=False)
    return job


def holder_of(catalog: Catalog, path: str) -> Job | None:
    """The job that a webhook path leads to."""
    reservation = catalog.holder(path)
    job = catalog.find(Job, reservation.job_id) if reservation else None
    return job if job and job.deleted_at is None and job.webhook and job.webhook.path == path else None


async def _accept(
    gateway: Gateway,
    job_id: str,
    kind: Literal[TriggerKind.MANUAL, TriggerKind.WEBHOOK],
    key: str,
    payload: Any,
    *,
    delivery: Delivery | None = None,
    by: str = "",
) -> Accepted:
    at = gateway.now()
    event = JobTriggered(
        job_id=job_id,
        execution_id=execution_id(at, job_id, key),
        kind=kind,
        key=key,
        accepted_at=at,
        payload=payload,
        delivery=delivery,
        triggered_by=by,
    )
    return await gateway.inbox.accept(event)


def _started(job_id: str, accepted: Accepted) -> dict[str, Any]:
    return {"job_id": job_id, "execution_id": accepted.execution_id, "status": "queued"}


HANDLERS = [trigger_job, deliver_webhook]
