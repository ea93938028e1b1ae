"""Jobs: made, read, changed, deleted, restored, paused and resumed."""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.requests import RequestMade
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import Moment, Wire, job_answer, last_run
from lamplighter_gateway.catalog.contents import Write, key_of
from lamplighter_gateway.catalog.requests import Once
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs.briefs import briefs, last_runs
from lamplighter_gateway.jobs.changes import Jobs, live_job
from lamplighter_gateway.jobs.lists import SORTS, read_filters
from lamplighter_gateway.jobs.queues import move_job
from lamplighter_gateway.jobs.situations import cautions_of, policy_warnings
from lamplighter_gateway.jobs.surroundings import times_of
from lamplighter_gateway.jobs.upcoming import next_runs
from lamplighter_gateway.routes.webhook_secrets import made_secret, shown_secret
from lamplighter_gateway.web.bodies import check_same_id, read_object
from lamplighter_gateway.web.idempotency import answer_once, thing_made
from lamplighter_gateway.web.lists import Listing, read_listing, take
from lamplighter_gateway.web.pages import Page, answer_listing
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.preconditions import etag, read_conditions, read_if_match
from lamplighter_gateway.web.responses import Answer, answer

SHOWN_RUNS = 5
Decide = Callable[[Jobs], Sequence[Write]]


@post("/api/v1/jobs")
async def create_job(request: Request[Any, Any, Any]) -> Answer:
    """Make a job, in either dialect. The answer is the only one that shows a new webhook's secret."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    job_id = gateway.unused_job_id(body.get("name"))

    async def make(asked: Once | None) -> Answer:
        job = await _change(request, job_id, lambda jobs: jobs.create(job_id, body), asked)
        return await _made(gateway, job, shown_secret(gateway, job))

    async def again(made: RequestMade) -> Answer:
        job = await thing_made(gateway, Job, made)
        return await _made(gateway, job, made_secret(gateway, job, made.made_at))

    return await answer_once(request, body, make, again)


@get("/api/v1/jobs")
async def list_jobs(request: Request[Any, Any, Any]) -> Answer:
    """All jobs that are not deleted, by name where no other order is asked for. Their warnings are without those of
    policies."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    filters, listing = read_filters(query), read_listing(query, SORTS, offsets=True)
    query.check()

    async def turn(at: Listing) -> Page:
        walk = gateway.catalog.walk(Job, at.by.name, at.by.key_of, at.after, backwards=at.backwards)
        found = take(at, walk, filters.at(gateway.now()), lambda job: job.job_id)
        documents, headers = await briefs(gateway, found.items)
        return Page(documents, found.next_cursor, headers)

    return await answer_listing(request, listing, turn)


@get("/api/v1/jobs/{job_id:str}")
async def get_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """One job, with its next runs and its last."""
    gateway = gateway_of(request)
    job: Job = await gateway.current(key_of(Job, job_id), lambda: live_job(gateway.catalog, job_id))
    return await _answer_job(gateway, job, saved=False)


@patch("/api/v1/jobs/{job_id:str}")
async def change_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Change some fields (null removes one). With If-Match only what was read."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    before = gateway.catalog.find(Job, job_id)
    job = await _change(request, job_id, lambda jobs: jobs.change(job_id, body))
    return await _answer_job(gateway, job, shown_secret(gateway, job) if _has_new_secret(before, job) else {})


@put("/api/v1/jobs/{job_id:str}", status_code=200)
async def replace_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Put it in place of what there is, or make it under this id: what is not said has its default. With
    `If-None-Match: *` it is made only, with If-Match it replaces what was read."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    check_same_id(body, "job_id", job_id)
    conditions, before = read_conditions(request.headers), list[Job | None]()

    def decide(jobs: Jobs) -> Sequence[Write]:
        before[:] = [jobs.catalog.find(Job, job_id)]
        return jobs.replace(job_id, body, conditions)

    job = await _change(request, job_id, decide)
    was = before[0]
    if was is None or was.deleted_at is not None:
        return await _made(gateway, job, shown_secret(gateway, job))
    return await _answer_job(gateway, job, shown_secret(gateway, job) if _has_new_secret(was, job) else {})


@delete("/api/v1/jobs/{job_id:str}")
async def delete_job(request: Request[Any, Any, Any], job_id: str) -> None:
    """Delete a job; it can be restored. With `?purge=true` nothing of it stays but its history."""
    query = Parameters(request.query_params)
    purge = query.flag("purge")
    query.check()
    await _write(request, job_id, lambda jobs: jobs.purge(job_id) if purge else jobs.delete(job_id))


@post("/api/v1/jobs/{job_id:str}/restore", status_code=200)
async def restore_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Bring a deleted job back as it was."""
    job = await _change(request, job_id, lambda jobs: jobs.restore(job_id))
    return await _answer_job(gateway_of(request), job)


@post(["/api/v1/jobs/{job_id:str}/enable", "/api/v1/jobs/{job_id:str}/resume"], status_code=200)
async def resume_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Let a job run by its triggers again, from now on."""
    job = await _change(request, job_id, lambda jobs: jobs.resume(job_id))
    return await _answer_job(gateway_of(request), job)


@post(["/api/v1/jobs/{job_id:str}/disable", "/api/v1/jobs/{job_id:str}/pause"], status_code=200)
async def pause_job(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """Pause a job, with `until` up to that time; what runs goes on. One that is paused takes on the new terms."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    job = await _change(request, job_id, lambda jobs: jobs.pause(job_id, body))
    return await _answer_job(gateway, job)


async def _write(
    request: Request[Any, Any, Any], job_id: str, decide: Decide, asked: Once | None = None
) -> None:
    gateway, caller = gateway_of(request), caller_of(request)
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return decide(Jobs(gateway.catalog, gateway.now(), caller.name, if_match))

    await gateway.change(key_of(Job, job_id), writes, caller, asked)
    await move_job(gateway, job_id, caller)


async def _change(
    request: Request[Any, Any, Any], job_id: str, decide: Decide, asked: Once | None = None
) -> Job:
    await _write(request, job_id, decide, asked)
    return live_job(gateway_of(request).catalog, job_id)


async def _made(gateway: Gateway, job: Job, secret: Wire) -> Answer:
    document = {**await _whole(gateway, job, saved=True), **secret}
    return answer(document, 201, {"Location": f"/api/v1/jobs/{job.job_id}", "ETag": etag(job.revision)})


async def _answer_job(gateway: Gateway, job: Job, more: Wire | None = None, *, saved: bool = True) -> Answer:
    summaries, headers = await last_runs(gateway, [job.job_id])
    document = {
        **await _whole(gateway, job, saved=saved),
        **last_run(summaries.get(job.job_id)),
        **(more or {}),
    }
    return answer(document, headers={**headers, "ETag": etag(job.revision)})


async def _whole(gateway: Gateway, job: Job, *, saved: bool) -> Wire:
    gates = await gateway.gates.bounding([job])
    moment = _moment(gateway, job, gates[job.job_id], SHOWN_RUNS)
    described = job_answer(job, cautions_of(gateway), gateway.settings.base_url, moment)
    return {
        **described,
        "next_runs": [rfc3339(at) for at in moment.upcoming],
        "warnings": [*described["warnings"], *await policy_warnings(gateway, job, saved=saved)],
    }


def _moment(gateway: Gateway, job: Job, gate: Gate, runs: int) -> Moment:
    now = gateway.now()
    upcoming = next_runs(job, times_of(job, gateway.catalog), gate, now, runs)
    return Moment(job.paused_at(now), upcoming)


def _has_new_secret(before: Job | None, job: Job) -> bool:
    """Whether nobody has been shown it yet."""
    old, new = before.webhook if before else None, job.webhook
    return new is not None and (
        old is None or (old.path, old.secret_generation) != (new.path, new.secret_generation)
    )


HANDLERS = [
    create_job,
    list_jobs,
    get_job,
    change_job,
    replace_job,
    delete_job,
    restore_job,
    resume_job,
    pause_job,
]
