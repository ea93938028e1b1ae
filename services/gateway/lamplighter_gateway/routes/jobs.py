"""Jobs: made, read, changed, deleted, restored, paused and resumed."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, delete, get, patch, post

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
from lamplighter_contracts.queries import JobSummary
from lamplighter_gateway.answers import Moment, Wire, job_answer, last_run, webhook_url
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.catalog import Write, key_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.jobs import Jobs, live_job
from lamplighter_gateway.parameters import Parameters
from lamplighter_gateway.preconditions import etag, read_if_match
from lamplighter_gateway.problems import Problem
from lamplighter_gateway.queues import move_job
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.signatures import webhook_secret
from lamplighter_gateway.situations import cautions_of, policy_warnings
from lamplighter_gateway.surroundings import times_of
from lamplighter_gateway.upcoming import next_runs

MOST = 1_000
"""The most jobs in one answer that asks for pages, and in one question to history."""
SHOWN_RUNS = 5
AT_ONCE = 100
"""Jobs rendered before others get their turn."""

HISTORY_HEADER = {"Lamplighter-History": "unavailable"}

Decide = Callable[[Jobs], Sequence[Write]]


@post("/api/v1/jobs")
async def create_job(request: Request[Any, Any, Any]) -> Answer:
    """Make a job, in either dialect. The answer is the only one that shows a new webhook's secret."""
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    job_id = gateway.unused_job_id(body.get("name"))
    job = await _change(request, job_id, lambda jobs: jobs.create(job_id, body))
    document = {**await _whole(gateway, job, saved=True), **_secret(gateway, job)}
    return answer(document, 201, {"Location": f"/api/v1/jobs/{job_id}", "ETag": etag(job.revision)})


@get("/api/v1/jobs")
async def list_jobs(request: Request[Any, Any, Any]) -> Answer:
    """All jobs that are not deleted, by name: `?enabled=&agent_id=&team_id=&limit=&offset=`. Their warnings are without
    those of policies."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    enabled, agent_id, team_id = query.flag("enabled"), query.text("agent_id"), query.text("team_id")
    limit, offset = query.number("limit", 0, 1, MOST), query.number("offset", 0, 0, 1 << 31)
    query.check()
    found = [j for j in gateway.catalog.all(Job) if _is_wanted(j, agent_id, team_id)]
    if enabled is not None:
        now = gateway.now()
        found = [job for job in found if job.paused_at(now) is not enabled]
    found.sort(key=lambda job: (job.name.lower(), job.job_id))
    page = found[offset : offset + limit] if limit else found[offset:]
    (summaries, headers), gates = await asyncio.gather(
        _last_runs(gateway, [job.job_id for job in page]), gateway.gates.bounding(page)
    )
    documents, cautions = [], cautions_of(gateway)
    for place, job in enumerate(page):
        moment = _moment(gateway, job, gates[job.job_id], 1)
        brief = job_answer(job, cautions, gateway.settings.base_url, moment)
        documents.append({**brief, **last_run(summaries.get(job.job_id))})
        if place % AT_ONCE == 0:
            await asyncio.sleep(0)
    return answer(documents, headers=headers)


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
    changed = before is None or before.webhook != job.webhook
    return await _answer_job(gateway, job, _secret(gateway, job) if changed else {})


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


@post("/api/v1/jobs/{job_id:str}/webhook/rotate", status_code=200)
async def rotate_secret(request: Request[Any, Any, Any], job_id: str) -> Answer:
    """A new signing secret, shown once; the old one is refused from now on."""
    gateway = gateway_of(request)
    job = await _change(request, job_id, lambda jobs: jobs.rotate(job_id))
    url = {"webhook_url": webhook_url(gateway.settings.base_url, job)}
    return answer({**url, **_secret(gateway, job)}, headers={"ETag": etag(job.revision)})


async def _write(request: Request[Any, Any, Any], job_id: str, decide: Decide) -> None:
    gateway, caller = gateway_of(request), caller_of(request)
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return decide(Jobs(gateway.catalog, gateway.now(), caller.name, if_match))

    await gateway.change(key_of(Job, job_id), writes, caller.token_id)
    await move_job(gateway, job_id, caller.token_id)


async def _change(request: Request[Any, Any, Any], job_id: str, decide: Decide) -> Job:
    await _write(request, job_id, decide)
    return live_job(gateway_of(request).catalog, job_id)


async def _answer_job(gateway: Gateway, job: Job, more: Wire | None = None, *, saved: bool = True) -> Answer:
    summaries, headers = await _last_runs(gateway, [job.job_id])
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


def _secret(gateway: Gateway, job: Job) -> Wire:
    if job.webhook is None:
        return {}
    path, generation = job.webhook.path, job.webhook.secret_generation
    return {"webhook_secret": webhook_secret(gateway.settings.key, job.job_id, path, generation)}


def _is_wanted(job: Job, agent_id: str | None, team_id: str | None) -> bool:
    return (
        job.deleted_at is None
        and (
            agent_id is None
            or (isinstance(job.executor, AgentExecutor) and job.executor.agent_id == agent_id)
        )
        and (team_id is None or (isinstance(job.executor, TeamExecutor) and job.executor.team_id == team_id))
    )


async def _last_runs(gateway: Gateway, job_ids: list[str]) -> tuple[dict[str, JobSummary], dict[str, str]]:
    """From history; without it the jobs are shown all the same, and a header says what is missing."""
    found: dict[str, JobSummary] = {}
    try:
        for start in range(0, len(job_ids), MOST):
            answered = await gateway.history.summaries(tuple(job_ids[start : start + MOST]))
            found |= {summary.job_id: summary for summary in answered.summaries}
    except Problem:
        return {}, HISTORY_HEADER
    return found, {}


HANDLERS = [
    create_job,
    list_jobs,
    get_job,
    change_job,
    delete_job,
    restore_job,
    resume_job,
    pause_job,
    rotate_secret,
]
