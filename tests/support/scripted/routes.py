"""The routes of the scripted gateway: what the real one does, over what is in memory."""

from collections.abc import Callable
from typing import Any

from lamplighter_contracts.dialects import change_job, parse_job, render_job
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.timing import Pause
from tests.support.scripted import timing
from tests.support.scripted.gateway import (
    EXECUTION,
    NOW,
    Asked,
    Reply,
    Route,
    ScriptedGateway,
    job_of,
    problem,
)


def _shown(gateway: ScriptedGateway, job: Job, **more: Any) -> dict[str, Any]:
    runs = job.enabled and not job.paused_at(NOW)
    next_run = "2026-03-02T09:00:00Z" if runs and job.is_scheduled else None
    url = f"{gateway.url}/api/v1/jobs/webhook{job.webhook.path}" if job.webhook else None
    return {
        **render_job(job),
        "enabled": runs,
        "next_run_at": next_run,
        "next_runs": [next_run] if next_run else [],
        "schedule_words": "At 09:00" if job.schedules else None,
        "last_run_at": None,
        "last_run_status": None,
        "entity_name": None,
        "webhook_url": url,
        **more,
    }


def _create_job(gateway: ScriptedGateway, asked: Asked) -> Reply:
    try:
        spec = parse_job(asked.body)
    except InvalidInput as refused:
        return problem(422, str(refused), tuple((e.field, e.problem) for e in refused.errors))
    job = job_of(spec, f"{spec.name}-{len(gateway.jobs):04x}".lower().replace(" ", "-"), 1)
    gateway.jobs[job.job_id] = job
    secret = {"webhook_secret": "whsec_shown_once"} if job.webhook else {}
    return Reply(201, _shown(gateway, job, **secret))


def _list_jobs(gateway: ScriptedGateway, asked: Asked) -> Reply:
    alive = [job for job in gateway.jobs.values() if job.deleted_at is None]
    return Reply(200, [_shown(gateway, job) for job in alive])


def _on_job(
    act: Callable[[ScriptedGateway, Asked, Job], Reply], deleted: bool = False
) -> Callable[..., Reply]:
    def handle(gateway: ScriptedGateway, asked: Asked, job_id: str) -> Reply:
        job = gateway.jobs.get(job_id)
        if job is None:
            return problem(404, f"There is no job {job_id!r}.")
        if job.deleted_at is not None and not deleted:
            return problem(
                404, f"The job {job_id!r} was deleted; `lamp job restore {job_id}` brings it back."
            )
        return act(gateway, asked, job)

    return handle


def _keep(gateway: ScriptedGateway, job: Job, **changes: Any) -> Reply:
    kept = job.model_copy(update={**changes, "revision": job.revision + 1})
    gateway.jobs[job.job_id] = kept
    return Reply(200, _shown(gateway, kept))


def _patch_job(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    try:
        spec = change_job(job, asked.body)
    except InvalidInput as refused:
        return problem(422, str(refused), tuple((e.field, e.problem) for e in refused.errors))
    return _keep(gateway, job, **{name: getattr(spec, name) for name in JobSpec.model_fields})


def _pause(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    pause = Pause(paused_at=NOW, paused_by="cli", **(asked.body or {}))
    return _keep(gateway, job, enabled=False, pause=pause)


def _resume(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    ended = job.pause.model_copy(update={"resumed_at": NOW}) if job.pause else None
    return _keep(gateway, job, enabled=True, pause=ended)


def _delete_job(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    _keep(gateway, job, deleted_at=NOW)
    return Reply(204)


def _trigger(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    return Reply(
        202, {"job_id": job.job_id, "execution_id": EXECUTION, "status": "queued", "message": "Accepted."}
    )


def _page(rows: list[dict[str, Any]], asked: Asked) -> Reply:
    start, limit = int(asked.query.get("cursor", 0)), int(asked.query["limit"])
    more = {"Next-Cursor": str(start + limit)} if start + limit < len(rows) else {}
    return Reply(200, rows[start : start + limit], more)


def _get_execution(gateway: ScriptedGateway, asked: Asked, execution_id: str) -> Reply:
    found = [run for run in gateway.executions if run["id"] == execution_id]
    return Reply(200, found[0]) if found else problem(404, f"There is no execution {execution_id!r}.")


def _logs(gateway: ScriptedGateway, asked: Asked, execution_id: str) -> Reply:
    return Reply(200, gateway.log_pages[int(asked.query.get("after", 0))])


def _cancel(gateway: ScriptedGateway, asked: Asked, execution_id: str) -> Reply:
    return Reply(202, {"execution_id": execution_id, "status": "cancelling"})


def _get_approval(gateway: ScriptedGateway, asked: Asked, approval_id: str) -> Reply:
    found = [one for one in gateway.approvals if one["id"] == approval_id]
    return Reply(200, found[0]) if found else problem(404, f"There is no approval {approval_id!r}.")


def _say(gateway: ScriptedGateway, asked: Asked, approval_id: str, verb: str) -> Reply:
    found = _get_approval(gateway, asked, approval_id)
    if found.status != 200:
        return found
    word = {"approve": "approved", "deny": "denied"}[verb]
    return Reply(200, {**found.document, "state": word, "answered_by": "cli", **(asked.body or {})})


def _get_delivery(gateway: ScriptedGateway, asked: Asked, delivery_id: str) -> Reply:
    found = [one for one in gateway.deliveries if one["id"] == delivery_id]
    return Reply(200, found[0]) if found else problem(404, f"There is no delivery {delivery_id!r}.")


def _get_body(gateway: ScriptedGateway, asked: Asked, delivery_id: str) -> Reply:
    body = gateway.bodies.get(delivery_id)
    return Reply(200, body) if body is not None else problem(410, "Its body is no longer kept.")


def _create_thing(gateway: ScriptedGateway, asked: Asked, kind: str) -> Reply:
    thing_id = asked.body.get("id") or asked.body["name"].lower()
    once = {"token": "lamp_shown_once"} if kind == "tokens" else {}
    thing = {
        "active": True,
        **asked.body,
        "id": thing_id,
        "revision": 1,
        "created_at": "2026-03-02T08:30:00Z",
    }
    gateway.things[kind][thing_id] = thing
    return Reply(201, {**thing, **once})


def _list_things(gateway: ScriptedGateway, asked: Asked, kind: str) -> Reply:
    return Reply(200, list(gateway.things[kind].values()))


def _on_thing(gateway: ScriptedGateway, asked: Asked, kind: str, thing_id: str) -> Reply:
    thing = gateway.things[kind].get(thing_id)
    if thing is None:
        return problem(404, f"There is no {kind[:-1]} {thing_id!r}.")
    if asked.method == "DELETE":
        del gateway.things[kind][thing_id]
        return Reply(204)
    if asked.method == "PATCH":
        thing.update(asked.body, revision=thing["revision"] + 1)
    return Reply(200, thing, {"ETag": f'"{thing["revision"]}"'})


def _list_secrets(gateway: ScriptedGateway, asked: Asked, environment: str) -> Reply:
    return Reply(200, list(gateway.secrets.get(environment, {}).values()))


def _on_secret(gateway: ScriptedGateway, asked: Asked, environment: str, name: str) -> Reply:
    kept = gateway.secrets.setdefault(environment, {})
    if asked.method == "DELETE":
        return Reply(204) if kept.pop(name, None) else problem(404, f"There is no secret {name!r}.")
    before = kept.get(name, {"version": 0})
    kept[name] = {
        "name": name,
        "version": before["version"] + 1,
        "updated_at": "2026-03-02T08:30:00Z",
        "updated_by": "cli",
        "key_id": "k1",
    }
    return Reply(200, kept[name])


def _rehearse(gateway: ScriptedGateway, asked: Asked, job: Job) -> Reply:
    return Reply(200, {"job_id": job.job_id, **gateway.rehearsal})


def _rotated(gateway: ScriptedGateway, job: Job) -> dict[str, Any]:
    return {"webhook_url": _shown(gateway, job)["webhook_url"], "webhook_secret": "whsec_rotated"}


_JOB, EXECUTION_PATH, _THING = (
    "/api/v1/jobs/([^/]+)",
    "/api/v1/executions/([^/]+)",
    "/api/v1/(agents|teams|tokens|calendars|environments|policies)",
)

_SECRETS = "/api/v1/environments/([^/]+)/secrets"

ROUTES: list[Route] = [
    ("POST", "/api/v1/jobs", _create_job),
    ("GET", "/api/v1/jobs", _list_jobs),
    ("GET", _JOB, _on_job(lambda gateway, _, job: Reply(200, _shown(gateway, job)))),
    ("PATCH", _JOB, _on_job(_patch_job)),
    ("DELETE", _JOB, _on_job(_delete_job)),
    ("POST", f"{_JOB}/restore", _on_job(lambda g, _, job: _keep(g, job, deleted_at=None), deleted=True)),
    ("POST", f"{_JOB}/trigger", _on_job(_trigger)),
    ("POST", f"{_JOB}/(?:enable|resume)", _on_job(_resume)),
    ("POST", f"{_JOB}/(?:disable|pause)", _on_job(_pause)),
    ("POST", f"{_JOB}/preview", _on_job(_rehearse)),
    ("GET", f"{_JOB}/next", _on_job(timing.next_firings)),
    ("GET", f"{_JOB}/why", _on_job(timing.why)),
    ("GET", f"{_JOB}/catchup", _on_job(timing.plan)),
    ("POST", f"{_JOB}/catchup", _on_job(timing.catch_up)),
    ("POST", f"{_JOB}/backfill", _on_job(timing.backfill)),
    ("POST", f"{_JOB}/webhook/rotate", _on_job(lambda g, _, job: Reply(200, _rotated(g, job)))),
    ("GET", f"{_JOB}/executions", _on_job(lambda gateway, asked, _: _page(gateway.executions, asked))),
    ("GET", f"{_JOB}/occurrences", _on_job(lambda gateway, asked, _: _page(gateway.occurrences, asked))),
    ("GET", "/api/v1/executions", lambda gateway, asked: _page(gateway.executions, asked)),
    ("GET", EXECUTION_PATH, _get_execution),
    ("GET", f"{EXECUTION_PATH}/logs", _logs),
    ("POST", f"{EXECUTION_PATH}/cancel", _cancel),
    ("GET", "/api/v1/deliveries", lambda gateway, asked: _page(gateway.deliveries, asked)),
    ("GET", "/api/v1/deliveries/([^/]+)", _get_delivery),
    ("GET", "/api/v1/deliveries/([^/]+)/body", _get_body),
    ("GET", "/api/v1/approvals", lambda gateway, _: Reply(200, gateway.approvals)),
    ("GET", "/api/v1/approvals/([^/]+)", _get_approval),
    ("POST", "/api/v1/approvals/([^/]+)/(approve|deny)", _say),
    ("POST", "/api/v1/policies/test", lambda gateway, asked: Reply(200, gateway.verdict)),
    ("GET", "/api/v1/policies/schema", lambda gateway, asked: Reply(200, {"type": "object"})),
    ("GET", _SECRETS, _list_secrets),
    ("PUT", f"{_SECRETS}/([^/]+)", _on_secret),
    ("DELETE", f"{_SECRETS}/([^/]+)", _on_secret),
    ("POST", "/api/v1/secrets/rotate", lambda gateway, _: Reply(200, {"resealed": 2, "key_id": "k2"})),
    ("POST", _THING, _create_thing),
    ("GET", _THING, _list_things),
    ("GET", f"{_THING}/([^/]+)", _on_thing),
    ("PATCH", f"{_THING}/([^/]+)", _on_thing),
    ("DELETE", f"{_THING}/([^/]+)", _on_thing),
    *timing.ROUTES,
    ("GET", "/api/v1/version", lambda gateway, asked: Reply(200, {"version": "9.9.9"})),
]
