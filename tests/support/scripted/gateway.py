"""What the scripted gateway holds and answers.

Jobs are the contracts' own, so that their wire shape is the real one. What a test scripts: the answers of routes
(`answers`), the events of live streams (`streams`), and after how many bytes each connection breaks (`cuts`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from lamplighter_contracts.dialects import parse_job
from lamplighter_contracts.jobs import Job, JobSpec

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


Route = tuple[str, str, Callable[..., Reply]]
"""A method, a pattern of paths, and what answers: it is given the gateway, what was asked, and the groups."""


@dataclass
class ScriptedGateway:
    jobs: dict[str, Job] = field(default_factory=dict)
    things: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {
            "agents": {},
            "teams": {},
            "tokens": {},
            "calendars": {},
            "environments": {},
            "policies": {},
        }
    )
    executions: list[dict[str, Any]] = field(default_factory=list)
    occurrences: list[dict[str, Any]] = field(default_factory=list)
    firings: list[dict[str, Any]] = field(default_factory=list)
    """To come, or of a past range: what `next`, `preview` and `backfill` tell."""
    explanation: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    backfills: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    verdict: dict[str, Any] = field(default_factory=dict)
    """What a test of policies tells."""
    secrets: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By environment and name, without their values."""
    rehearsal: dict[str, Any] = field(default_factory=dict)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    """Of deliveries, by their ids. One that is not there is gone."""
    log_pages: list[dict[str, Any]] = field(default_factory=list)
    streams: dict[str, list[tuple[str, str, Any]]] = field(default_factory=dict)
    """Execution id -> (id, event, data) in order."""
    cuts: list[int] = field(default_factory=list)
    """The first connection to a stream ends after the first number of bytes, and so on; later ones are whole."""
    answers: dict[tuple[str, str], Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    routes: Sequence[Route] = ()
    url: str = ""

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if scripted := self.answers.get((asked.method, asked.path)):
            return scripted
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "This needs a token that is valid.")
        for method, pattern, handle in self.routes:
            found = re.fullmatch(pattern, asked.path)
            if found and method == asked.method:
                return handle(self, asked, *map(unquote, found.groups()))
        return problem(404, "There is no such route.")

    def add_job(self, job_id: str, **body: Any) -> Job:
        spec = parse_job({"name": job_id, "prompt": "Do it", "agent_id": "worker", **body})
        self.jobs[job_id] = job_of(spec, job_id, 1)
        return self.jobs[job_id]


def problem(status: int, detail: str, errors: tuple[tuple[str, str], ...] = (), **headers: str) -> Reply:
    document: dict[str, Any] = {"type": "about:blank", "title": detail, "status": status, "detail": detail}
    if errors:
        document["errors"] = [{"field": name, "problem": what} for name, what in errors]
    return Reply(status, document, headers)


def job_of(spec: JobSpec, job_id: str, revision: int) -> Job:
    fields = {name: getattr(spec, name) for name in JobSpec.model_fields}
    times = dict.fromkeys(("created_at", "updated_at", "scheduled_from"), NOW)
    return Job(**fields, **times, job_id=job_id, created_by="cli", revision=revision)
