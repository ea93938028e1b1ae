"""The secrets of a job's webhook: a new one of its own, shown once, or one that the producer chose, shown never."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Request, delete, post, put
from pydantic import ValidationError

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import from_validation
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import Wire, webhook_secrets, webhook_url
from lamplighter_gateway.catalog.contents import Write, key_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.changes import Jobs, live_job
from lamplighter_gateway.web.bodies import read_object, read_secret
from lamplighter_gateway.web.preconditions import etag, read_if_match
from lamplighter_gateway.web.problems import invalid
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.given import Given, KeepOld, read_given
from lamplighter_gateway.webhooks.keys import webhook_secret

Web = Request[Any, Any, Any]


@post("/api/v1/jobs/{job_id:str}/webhook/rotate", status_code=200)
async def rotate_secret(request: Web, job_id: str) -> Answer:
    """A new signing secret, shown once. The one before is refused from now on, or with `keep_old_seconds` from then
    on: time enough to bring the new one to the producer."""
    gateway, caller = gateway_of(request), caller_of(request)
    keep = _read_keep(await read_object(request, gateway.settings.body_limit_bytes))
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return Jobs(gateway.catalog, gateway.now(), caller.name, if_match).rotate(job_id, keep.span)

    await gateway.change(key_of(Job, job_id), writes, caller)
    job = live_job(gateway.catalog, job_id)
    return answer({**_said(gateway, job), **shown_secret(gateway, job)}, headers={"ETag": etag(job.revision)})


@put("/api/v1/jobs/{job_id:str}/webhook/secret", status_code=200)
async def put_given_secret(request: Web, job_id: str) -> Answer:
    """The secret that the producer signs with, as Stripe and Slack choose it themselves: `{"value": ...}`. It is sealed
    at once, and nothing reads it back. The one before it stays for `keep_old_seconds`."""
    gateway, caller = gateway_of(request), caller_of(request)
    value, keep = read_given(await read_secret(request, gateway.settings.body_limit_bytes))
    await gateway.change(key_of(Job, job_id), lambda: _given(gateway).put(job_id, value, keep), caller)
    return answer(_said(gateway, live_job(gateway.catalog, job_id)))


@delete("/api/v1/jobs/{job_id:str}/webhook/secret")
async def delete_given_secret(request: Web, job_id: str) -> None:
    """Take the secrets away that the webhook was given; the job's own one stays."""
    gateway, caller = gateway_of(request), caller_of(request)
    await gateway.change(key_of(Job, job_id), lambda: _given(gateway).delete(job_id), caller)


def shown_secret(gateway: Gateway, job: Job) -> Wire:
    """The job's own secret: for the answer that makes it, and for no other."""
    if (webhook := job.webhook) is None:
        return {}
    key, generation = gateway.settings.key, webhook.secret_generation
    return {"webhook_secret": webhook_secret(key, job.job_id, webhook.path, generation, webhook.producer)}


def made_secret(gateway: Gateway, job: Job, made_at: datetime) -> Wire:
    """The same for who repeats the request that made the job then. A secret of later was shown to whoever made it."""
    webhook = job.webhook
    is_later = webhook is not None and webhook.secret_generation > made_at.timestamp()
    return {} if is_later else shown_secret(gateway, job)


def _said(gateway: Gateway, job: Job) -> Wire:
    return {
        "job_id": job.job_id,
        "webhook_url": webhook_url(gateway.settings.base_url, job),
        **webhook_secrets(job, gateway.catalog),
    }


def _given(gateway: Gateway) -> Given:
    return Given(gateway.catalog, gateway.settings.ring, gateway.now())


def _read_keep(body: dict[str, Any]) -> KeepOld:
    try:
        return KeepOld.model_validate(body)
    except ValidationError as wrong:
        raise invalid(from_validation(wrong)) from None


HANDLERS = [rotate_secret, put_given_secret, delete_given_secret]
