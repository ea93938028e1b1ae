"""A gateway on a loopback port that speaks the API from memory: real sockets for tests of its clients.

Jobs are the contracts' own, so that their wire shape is the real one. What a test scripts: the answers of routes
(`answers`), the events of live streams (`streams`), and after how many bytes each connection breaks (`cuts`).
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from lamplighter_contracts.dialects import change_job, parse_job, render_job
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_contracts.problems import InvalidInput

TOKEN = "scripted-token"
NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
EXECUTION = "019caa5c-1a00-7abc-8def-0123456789ab"


class Asked(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class ScriptedGateway:
    jobs: dict[str, Job] = field(default_factory=dict)
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"agents": {}, "teams": {}, "tokens": {}}
    )
    executions: list[dict[str, Any]] = field(default_factory=list)
    occurrences: list[dict[str, Any]] = field(default_factory=list)
    log_pages: list[dict[str, Any]] = field(default_factory=list)
    streams: dict[str, list[tuple[str, str, Any]]] = field(default_factory=dict)
    """Execution id -> (id, event, data) in order."""
    cuts: list[int] = field(default_factory=list)
    """The first connection to a stream ends after the first number of bytes, and so on; later ones are whole."""
    answers: dict[tuple[str, str], Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if scripted := self.answers.get((asked.method, asked.path)):
            return scripted
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "This needs a token that is valid.")
        for method, pattern, handle in _ROUTES:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return handle(self, asked, *map(unquote, found.groups()))
        return problem(404, "There is no such route.")

    def add_job(self, job_id: str, **body: Any) -> Job:
        spec = parse_job({"name": job_id, "prompt": "Do it", "agent_id": "worker", **body})
        self.jobs[job_id] = _job(spec, job_id, 1)
        return self.jobs[job_id]


def problem(status: int, detail: str, errors: tuple[tuple[str, str], ...] = (), **headers: str) -> Reply:
    document: dict[str, Any] = {"type": "about:blank", "title": detail, "status": status, "detail": detail}
    if errors:
        document["errors"] = [{"field": name, "problem": what} for name, what in errors]
    return Reply(status, document, headers)


@contextmanager
def scripted_gateway() -> Iterator[ScriptedGateway]:
    gateway = ScriptedGateway()
    handler = type("Handler", (_Handler,), {"gateway": gateway})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    gateway.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _job(spec: JobSpec, job_id: str, revision: int) -> Job:
    fields = {name: getattr(spec, name) for name in JobSpec.model_fields}
    times = dict.fromkeys(("created_at", "updated_at", "scheduled_from"), NOW)
    return Job(**fields, **times, job_id=job_id, created_by="cli", revision=revision)


def _shown(gateway: ScriptedGateway, job: Job, **more: Any) -> dict[str, Any]:
    next_run = "2026-03-02T09:00:00Z" if job.runs_by_schedule else None
    url = f"{gateway.url}/api/v1/jobs/webhook{job.webhook.path}" if job.webhook else None
    return {
        **render_job(job),
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
    job = _job(spec, f"{spec.name}-{len(gateway.jobs):04x}".lower().replace(" ", "-"), 1)
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


_JOB, _EXECUTION, _THING = (
    "/api/v1/jobs/([^/]+)",
    "/api/v1/executions/([^/]+)",
    "/api/v1/(agents|teams|tokens)",
)

_ROUTES: list[tuple[str, str, Callable[..., Reply]]] = [
    ("POST", "/api/v1/jobs", _create_job),
    ("GET", "/api/v1/jobs", _list_jobs),
    ("GET", _JOB, _on_job(lambda gateway, _, job: Reply(200, _shown(gateway, job)))),
    ("PATCH", _JOB, _on_job(_patch_job)),
    ("DELETE", _JOB, _on_job(_delete_job)),
    ("POST", f"{_JOB}/restore", _on_job(lambda g, _, job: _keep(g, job, deleted_at=None), deleted=True)),
    ("POST", f"{_JOB}/trigger", _on_job(_trigger)),
    ("POST", f"{_JOB}/enable", _on_job(lambda gateway, _, job: _keep(gateway, job, enabled=True))),
    ("POST", f"{_JOB}/disable", _on_job(lambda gateway, _, job: _keep(gateway, job, enabled=False))),
    ("POST", f"{_JOB}/webhook/rotate", _on_job(lambda g, _, job: Reply(200, _rotated(g, job)))),
    ("GET", f"{_JOB}/executions", _on_job(lambda gateway, asked, _: _page(gateway.executions, asked))),
    ("GET", f"{_JOB}/occurrences", _on_job(lambda gateway, asked, _: _page(gateway.occurrences, asked))),
    ("GET", "/api/v1/executions", lambda gateway, asked: _page(gateway.executions, asked)),
    ("GET", _EXECUTION, _get_execution),
    ("GET", f"{_EXECUTION}/logs", _logs),
    ("POST", f"{_EXECUTION}/cancel", _cancel),
    ("POST", _THING, _create_thing),
    ("GET", _THING, _list_things),
    ("GET", f"{_THING}/([^/]+)", _on_thing),
    ("PATCH", f"{_THING}/([^/]+)", _on_thing),
    ("DELETE", f"{_THING}/([^/]+)", _on_thing),
    ("GET", "/api/v1/version", lambda gateway, asked: Reply(200, {"version": "9.9.9"})),
]


def _rotated(gateway: ScriptedGateway, job: Job) -> dict[str, Any]:
    return {"webhook_url": _shown(gateway, job)["webhook_url"], "webhook_secret": "whsec_rotated"}


class _Handler(BaseHTTPRequestHandler):
    gateway: ScriptedGateway
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        stream = re.fullmatch(f"{_EXECUTION}/stream", target.path)
        if stream and stream[1] in self.gateway.streams:
            self._asked(None)
            self._stream(self.gateway.streams[stream[1]])
        else:
            self._answer()

    def do_POST(self) -> None:
        self._answer()

    do_PATCH = do_DELETE = do_POST  # noqa: N815 - the names that http.server looks for

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.gateway.answer(self._asked(json.loads(content) if content else None))
        raw = reply.document if isinstance(reply.document, bytes) else json.dumps(reply.document).encode()
        body = b"" if reply.document is None else raw
        self.send_response(reply.status)
        kind = "text/html" if isinstance(reply.document, bytes) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _asked(self, body: Any) -> Asked:
        target = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(target.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, target.path, query, body, headers)

    def _stream(self, events: list[tuple[str, str, Any]]) -> None:
        """The events after Last-Event-ID in chunks, as an ASGI server sends them; cut where the test says so."""
        last = self.headers.get("Last-Event-ID", "")
        self.gateway.asked.append(Asked("STREAM", self.path, {}, None, {"last-event-id": last}))
        ids = [event_id for event_id, _, _ in events]
        rest = events[ids.index(last) + 1 :] if last in ids else events
        text = ": connected\n\n" + "".join(
            f"id: {event_id}\nevent: {name}\ndata: {json.dumps(data)}\n\n" for event_id, name, data in rest
        )
        cut = self.gateway.cuts.pop(0) if self.gateway.cuts else None
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        content = text.encode()[:cut]
        # The length names the whole chunk: a connection that breaks, breaks inside of it.
        self.wfile.write(f"{len(text.encode()):x}\r\n".encode() + content)
        if cut is None:
            self.wfile.write(b"\r\n0\r\n\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server has
        """Quiet."""
