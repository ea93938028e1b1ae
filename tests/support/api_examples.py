"""The examples in the API's document, as a whole Lamplighter really gives them: `python -m tests.support.api_examples`
writes them anew."""

import asyncio
import json
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from lamplighter_contracts.fields import rfc3339
from lamplighter_gateway.document.examples import FILE
from lamplighter_gateway.document.operations import OPERATIONS
from tests.support.stack import Stack, running_stack
from tests.support.waiting import until

Json = Any

SECRETS = {
    "token": "lamp_0f1e2d3c4b5a_Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBub3QgYSB0b2tlbg",
    "webhook_secret": "0000000000000000000000000000000000000000000000000000000000000000",
    "csrf_token": "00000000000000000000000000000000",
}
PLACES = {"worker": "host-1-4711", "workers": "host-1-4711", "host": "host-1", "pid": 4711}
"""What is of this machine, and what stands for it."""

SESSION = "/api/v1/session"
MOST_LISTED = 2
LONGEST = 2_000
_ID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7")


class Recorder:
    def __init__(self, stack: Stack, http: httpx.AsyncClient) -> None:
        self.stack, self.http, self.found = stack, http, dict[str, dict[str, Json]]()

    async def send(self, route: str, body: Json = None, query: str = "", **ids: str) -> Json:
        """Asks as the route says, and keeps what was said and answered."""
        method, _, path = route.partition(" ")
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if path == SESSION:
            # Only a page of the gateway's own may begin one.
            headers["Origin"] = self.stack.url
        answer = await self.http.request(
            method,
            path.format(**ids) + query,
            content=json.dumps(body) if body is not None else None,
            headers=headers,
        )
        assert answer.is_success, f"{route}: {answer.status_code} {answer.text}"
        kept = self.found.setdefault(route, {})
        if body is not None:
            kept.setdefault("body", shortened(body))
        if answer.headers.get("content-type") == "application/json":
            kept.setdefault(str(answer.status_code), shortened(answer.json()))
            return answer.json()
        return None

    async def until(self, route: str, is_so: Any, query: str = "", **ids: str) -> Json:
        """The first answer of which that is so."""

        async def ask() -> Json:
            answer = await self.http.get(route.partition(" ")[2].format(**ids) + query)
            return answer.json() if answer.is_success and is_so(answer.json()) else None

        await until(ask, seconds=30, what=f"{route}{query}")
        return await self.send(route, None, query, **ids)


def shortened(value: Json, name: str = "") -> Json:
    if name in SECRETS and isinstance(value, str):
        return SECRETS[name]
    if name in PLACES and isinstance(value, str | int):
        return PLACES[name]
    match value:
        case dict():
            return {key: shortened(one, key) for key, one in value.items()}
        case list():
            return [shortened(one, name) for one in value[:MOST_LISTED]]
        case str() if len(value) > LONGEST:
            return value[:LONGEST]
        case str():
            return re.sub(r"http://127\.0\.0\.1:\d+", "https://lamplighter.example.org", value)
        case _:
            return value


async def record(stack: Stack) -> dict[str, dict[str, Json]]:
    async with stack.http() as http:
        recorder = Recorder(stack, http)
        await _nouns(recorder)
        job = await _jobs(recorder)
        await _runs(recorder, job)
        await _webhooks(recorder)
        await _rest(recorder)
        return recorder.found


async def _nouns(at: Recorder) -> None:
    """Each made, read, listed, changed, replaced, and one of them deleted."""
    clerk = {"id": "clerk", "name": "Clerk", "description": "Answers letters", "runner": {"kind": "noop"}}
    await at.send("POST /api/v1/agents", clerk)
    await at.send("PUT /api/v1/agents/{agent_id}", {**clerk, "capabilities": ["mail"]}, agent_id="clerk")
    other = {"name": "Courier", "runner": {"kind": "noop"}}
    await at.send("PUT /api/v1/agents/{agent_id}", other, agent_id="courier")
    team = {"id": "night-shift", "name": "Night shift", "members": ["clerk", "courier"]}
    await at.send("POST /api/v1/teams", team)
    days = {"id": "holidays", "name": "Holidays", "dates": ["2026-12-25 Christmas Day"]}
    await at.send("POST /api/v1/calendars", days)
    place = {"id": "closed-net", "name": "Closed network", "queue": "closed"}
    await at.send("POST /api/v1/environments", place)
    rule = {
        "id": "no-shell",
        "name": "No shell",
        "engine": {
            "kind": "rules",
            "rules": [
                {"name": "no-shell", "when": {"tools": ["shell"]}, "then": "deny", "message": "Not here"}
            ],
        },
    }
    await at.send("POST /api/v1/policies", rule)
    for noun, id_field, name, body in (
        ("agents", "agent_id", "clerk", None),
        ("teams", "team_id", "night-shift", team),
        ("calendars", "calendar_id", "holidays", days),
        ("environments", "environment_id", "closed-net", place),
        ("policies", "policy_id", "no-shell", rule),
    ):
        one = f"/api/v1/{noun}/{{{id_field}}}"
        ids = {id_field: name}
        await at.send(f"GET /api/v1/{noun}")
        await at.send(f"GET {one}", **ids)
        await at.send(f"PATCH {one}", {"description": "As it is now"}, **ids)
        if body is not None:
            await at.send(f"PUT {one}", {**body, "description": "Replaced"}, **ids)
            new = {k: v for k, v in body.items() if k != "id"}
            await at.send(f"PUT {one}", new, **{id_field: "another"})
            await at.send(f"DELETE {one}", **{id_field: "another"})
    secret = {"environment_id": "closed-net", "name": "MAIL_TOKEN"}
    where = "/api/v1/environments/{environment_id}/secrets"
    await at.send(f"PUT {where}/{{name}}", {"value": "a secret of 6 bytes at least"}, **secret)
    await at.send(f"GET {where}/{{name}}", **secret)
    await at.send(f"GET {where}", **secret)
    await at.send("POST /api/v1/secrets/rotate")
    await at.send("GET /api/v1/policies/schema")
    await at.send("POST /api/v1/policies/test", {"input": {"agent_id": "clerk", "tool": "shell"}})


async def _jobs(at: Recorder) -> str:
    body = {
        "name": "Daily report",
        "prompt": "Sum up what happened yesterday",
        "schedule": "0 9 * * *",
        "timezone": "Europe/Berlin",
        "agent_id": "clerk",
    }
    job = str((await at.send("POST /api/v1/jobs", body))["id"])
    await at.send("GET /api/v1/jobs", query="?sort=-created_at&limit=50")
    await at.send("GET /api/v1/jobs/{job_id}", job_id=job)
    await at.send("PATCH /api/v1/jobs/{job_id}", {"schedule": "30 8 * * mon-fri"}, job_id=job)
    await at.send("PUT /api/v1/jobs/{job_id}", {**body, "schedule": "30 8 * * mon-fri"}, job_id=job)
    await at.send("PUT /api/v1/jobs/{job_id}", body, job_id="weekly-report")
    for verb in ("pause", "resume", "disable", "enable"):
        note = {"note": "until the move is done"} if verb in ("pause", "disable") else None
        await at.send(f"POST /api/v1/jobs/{{job_id}}/{verb}", note, job_id=job)
    await at.send("DELETE /api/v1/jobs/{job_id}", job_id="weekly-report")
    await at.send("POST /api/v1/jobs/{job_id}/restore", job_id="weekly-report")
    items = [
        body,
        {"op": "replace", "job_id": "weekly-report", "job": body},
        {"op": "delete", "job_id": "gone"},
    ]
    await at.send("POST /api/v1/jobs:batch", {"jobs": items})
    at.found["POST /api/v1/jobs:batch"]["body"] = {"jobs": items}
    await at.send(
        "POST /api/v1/jobs/{job_id}/preview", {"parameters": {"day": "2026-12-01"}, "n": 2}, job_id=job
    )
    await at.send("GET /api/v1/jobs/{job_id}/next", query="?n=2", job_id=job)
    await at.send("POST /api/v1/schedules/preview", {"schedule": "0 9 * * *", "n": 2})
    await at.send("GET /api/v1/jobs/{job_id}/catchup", job_id=job)
    now = datetime.now(UTC)
    soon = {"from": rfc3339(now), "to": rfc3339(now + timedelta(days=2)), "job_ids": [job]}
    await at.send("POST /api/v1/simulations", soon)
    return job


async def _runs(at: Recorder, job: str) -> None:
    started = await at.send(
        "POST /api/v1/jobs/{job_id}/trigger", {"parameters": {"day": "2026-12-01"}}, job_id=job
    )
    run = {"execution_id": started["execution_id"]}
    one = "GET /api/v1/executions/{execution_id}"
    await at.until(one, lambda found: found["status"] == "completed", **run)
    await at.send(f"{one}/logs", **run)
    await at.until("GET /api/v1/jobs/{job_id}/occurrences", bool, job_id=job)
    for route in ("GET /api/v1/executions", "GET /api/v1/occurrences"):
        await at.send(route)
    await at.send("GET /api/v1/jobs/{job_id}/executions", job_id=job)
    await at.send("GET /api/v1/jobs/{job_id}/why", job_id=job)
    now = datetime.now(UTC)
    past = {"from": rfc3339(now - timedelta(days=3)), "to": rfc3339(now - timedelta(minutes=1))}
    await at.send("POST /api/v1/jobs/{job_id}/backfill", {**past, "dry_run": True}, job_id=job)
    ordered = await at.send("POST /api/v1/jobs/{job_id}/backfill", past, job_id=job)
    await at.send("GET /api/v1/backfills/{backfill_id}", backfill_id=ordered["backfill_id"])
    await at.send("GET /api/v1/backfills")
    # Nothing was missed here; what is ordered looks alike.
    caught_up = {name: value for name, value in ordered.items() if name != "firings"}
    at.found["POST /api/v1/jobs/{job_id}/catchup"] = {"body": {"limit": 5}, "202": caught_up}
    await _approvals(at)


async def _approvals(at: Recorder) -> None:
    rule = {
        "name": "Ask first",
        "engine": {
            "kind": "rules",
            "rules": [
                {
                    "name": "ask",
                    "when": {"actions": ["execution.start"]},
                    "then": "require_approval",
                    "message": "It costs",
                }
            ],
        },
    }
    await at.send(
        "PUT /api/v1/policies/{policy_id}",
        {**rule, "attach": [{"kind": "agent", "id": "courier"}]},
        policy_id="ask-first",
    )
    body = {"name": "Costly", "prompt": "Spend", "agent_id": "courier", "overlap": "allow"}
    job = str((await at.send("POST /api/v1/jobs", body))["id"])
    one = "/api/v1/approvals/{approval_id}"
    for verb in ("approve", "deny"):
        await at.send("POST /api/v1/jobs/{job_id}/trigger", job_id=job)
        found = await at.until("GET /api/v1/approvals", bool, "?state=pending")
        ids = {"approval_id": found[0]["id"]}
        await at.send(f"GET {one}", **ids)
        await at.send(f"POST {one}/{verb}", {"note": "as agreed"}, **ids)
    slow = str((await at.send("POST /api/v1/jobs", {**body, "name": "Never"}))["id"])
    started = await at.send("POST /api/v1/jobs/{job_id}/trigger", job_id=slow)
    run = {"execution_id": started["execution_id"]}
    await at.until(
        "GET /api/v1/executions/{execution_id}", lambda e: e["status"] == "waiting_for_input", **run
    )
    await at.send("POST /api/v1/executions/{execution_id}/cancel", **run)
    past = rfc3339(datetime.now(UTC) - timedelta(days=400))
    every = {"schedule": "0 9 * * *", "agent_id": "courier"}
    held = str((await at.send("POST /api/v1/jobs", {**body, **every}))["id"])
    asked = {"from": past, "to": rfc3339(datetime.now(UTC) - timedelta(days=300))}
    ordered = await at.send("POST /api/v1/jobs/{job_id}/backfill", asked, job_id=held)
    await at.send("POST /api/v1/backfills/{backfill_id}/cancel", backfill_id=ordered["backfill_id"])


async def _webhooks(at: Recorder) -> None:
    body = {"name": "On deploy", "prompt": "Check it", "agent_id": "clerk", "webhook_path": "/deploy-trigger"}
    job = str((await at.send("POST /api/v1/jobs", body))["id"])
    await at.send("POST /api/v1/jobs/webhook/{path}", {"ref": "refs/heads/main"}, path="deploy-trigger")
    found = await at.until("GET /api/v1/deliveries", lambda all_: all_ and all_[0]["became"])
    delivery = {"delivery_id": found[0]["id"]}
    await at.send("GET /api/v1/jobs/{job_id}/deliveries", job_id=job)
    await at.send("GET /api/v1/deliveries/{delivery_id}", **delivery)
    await at.send("POST /api/v1/deliveries/{delivery_id}/replay", **delivery)
    await at.send("POST /api/v1/jobs/{job_id}/webhook/rotate", {"keep_old_seconds": 3600}, job_id=job)
    await at.send(
        "PUT /api/v1/jobs/{job_id}/webhook/secret",
        {"value": "whsec_0123456789abcdef0123456789abcdef"},
        job_id=job,
    )
    await at.send(
        "PATCH /api/v1/jobs/{job_id}", {"webhook_filter": "payload.ref == 'refs/heads/other'"}, job_id=job
    )
    await at.send("POST /api/v1/jobs/webhook/{path}", {"ref": "refs/heads/main"}, path="deploy-trigger")
    await at.send("POST /api/v1/deliveries/{delivery_id}/replay", **delivery)


async def _rest(at: Recorder) -> None:
    await at.send("GET /api/v1/projects")
    await at.send("GET /api/v1/workers")
    await at.send("GET /api/v1/queues")
    await at.send("POST /api/v1/smart/explain", {"prompt": "Answer a letter"})
    smart = str(
        (await at.send("POST /api/v1/jobs", {"name": "Letters", "prompt": "Answer letters", "smart": True}))[
            "id"
        ]
    )
    run = await at.send("POST /api/v1/jobs/{job_id}/trigger", job_id=smart)
    is_over = {"execution_id": run["execution_id"]}
    await at.until(
        "GET /api/v1/executions/{execution_id}", lambda e: e["status"] in ("completed", "blocked"), **is_over
    )
    await at.until("GET /api/v1/smart/replay", lambda said: said["total"] > 0)
    made = await at.send("POST /api/v1/tokens", {"name": "CI", "role": "operator", "expires_in_days": 90})
    ids = {"token_id": made["id"]}
    await at.send("GET /api/v1/tokens")
    await at.send("GET /api/v1/tokens/{token_id}", **ids)
    await at.send("PATCH /api/v1/tokens/{token_id}", {"role": "viewer"}, **ids)
    await at.send("GET /api/v1/session")
    await at.send("POST /api/v1/session", {"token": at.stack.token})
    records = await at.until("GET /api/v1/audit", bool)
    await at.send("GET /api/v1/audit/{number}", number=str(records[0]["number"]))
    await at.send("POST /api/v1/audit/verify", {})
    for route in ("GET /api/v1/version", "GET /healthz", "GET /readyz"):
        await at.send(route)
    worker = (await at.http.get("/api/v1/workers")).json()[0]["worker"]
    for verb in ("drain", "undrain"):
        await at.send(f"POST /api/v1/workers/{{worker}}/{verb}", worker=worker)


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="lamplighter-examples-") as folder,
        running_stack(Path(folder)) as stack,
    ):
        found = asyncio.run(record(stack))
    kept = {route: found[route] for route in OPERATIONS if found.get(route)}
    FILE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
