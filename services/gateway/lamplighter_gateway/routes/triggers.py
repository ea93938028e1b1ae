"""Starting a job by hand."""

from typing import Any
from uuid import uuid4

from litestar import Request, post

from lamplighter_contracts.events import JobTriggered, TriggerKind
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.catalog.store import authored
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.jobs.changes import live_job
from lamplighter_gateway.web.bodies import read_key, read_object
from lamplighter_gateway.web.idempotency import REPLAYED
from lamplighter_gateway.web.problems import invalid
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.claims import IDEMPOTENCY_KEY


@post("/api/v1/jobs/{job_id:str}/trigger", status_code=202)
async def trigger_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Start a job now. The same Idempotency-Key again, for 72 hours, is the same start and the same answer."""
    gateway = gateway_of(request)
    parameters = read_parameters(await read_object(request, gateway.settings.body_limit_bytes))
    key = read_key(request, IDEMPOTENCY_KEY) or str(uuid4())
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    caller, at = caller_of(request), gateway.now()
    event = JobTriggered(
        job_id=job_id,
        execution_id=execution_id(at, job_id, key),
        kind=TriggerKind.MANUAL,
        key=key,
        accepted_at=at,
        payload=parameters,
        triggered_by=caller.name,
    )
    started = await gateway.inbox.accept(event, authored(caller, job.project))
    said = {"job_id": job_id, "execution_id": started.execution_id, "status": "queued"}
    told = {**said, "message": "The execution is queued."}
    return answer(told, 202, REPLAYED if started.duplicate else None)


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


HANDLERS = [trigger_job]
