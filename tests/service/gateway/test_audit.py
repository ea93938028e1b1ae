"""What the gateway tells the audit: each deed before it is answered, each denied attempt soon after, never a secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.audit import AuditEvent
from lamplighter_contracts.chain import fault
from lamplighter_contracts.streams import AUDIT, CATALOG, HISTORY_AUDIT, JOBS
from lamplighter_contracts.tokens import Role
from lamplighter_runtime.latest import last_message, last_messages
from tests.service.gateway.running import Running, gateway, token
from tests.service.history.conftest import History, has_reached_mongodb, running_history
from tests.support.servers import Server
from tests.support.waiting import until

SECRET = "canary-71f3"


async def told(bus: Client) -> list[AuditEvent]:
    """All that is in the stream: nobody takes it here."""
    state = (await bus.jetstream().stream_info(AUDIT.name, subjects_filter=subjects.ANY_AUDIT)).state
    found = await last_messages(bus, AUDIT.name, list(state.subjects or ()))
    events = [envelope.read(AuditEvent, one.body, one.headers) for one in found.values()]
    return sorted(events, key=lambda event: event.at)


async def denied(bus: Client, count: int) -> list[AuditEvent]:
    async def there() -> list[AuditEvent] | None:
        found = [event for event in await told(bus) if event.outcome == "denied"]
        return found if sum(event.count for event in found) >= count else None

    return await until(there, what=f"{count} denied attempts")


@pytest.fixture
async def job_id(running: Running) -> str:
    await running.agent()
    return str((await running.job())["id"])


async def test_a_start_tells_of_itself_in_the_message_that_it_is(
    running: Running, bus: Client, job_id: str
) -> None:
    key = {"idempotency-key": "once"}
    first, again = [await running.json("POST", f"/jobs/{job_id}/trigger", {}, **key) for _ in range(2)]
    assert first == again
    (last,) = (await last_messages(bus, JOBS.name, [subjects.trigger(job_id, "once")])).values()
    assert {name: last.headers[f"Lamplighter-{name}"] for name in ("Name", "Role", "From", "Project")} == {
        "Name": "test admin",
        "Role": "admin",
        "From": "127.0.0.1",
        "Project": "default",
    }
    assert await told(bus) == []


async def backfill(running: Running, job_id: str, **more: Any) -> httpx.Response:
    await running.json("PATCH", f"/jobs/{job_id}", {"schedule": "@hourly"})
    body = {"from": "2026-01-01T00:30:00Z", "to": "2026-01-01T02:30:00Z", **more}
    return await running.http.post(f"/api/v1/jobs/{job_id}/backfill", json=body)


async def test_what_cannot_be_told_is_not_answered_as_done(
    running: Running, bus: Client, job_id: str
) -> None:
    await bus.jetstream().delete_stream(AUDIT.name)
    answer = await backfill(running, job_id)
    assert answer.status_code == 503
    assert "may have happened" in answer.json()["detail"]


async def test_a_deed_is_told_before_it_is_answered(running: Running, bus: Client, job_id: str) -> None:
    await backfill(running, job_id, dry_run=True)
    assert await told(bus) == []
    started = (await backfill(running, job_id)).json()
    (event,) = await told(bus)
    assert (event.action, event.kind, event.object_id, event.project, event.outcome) == (
        "job.backfill",
        "jobs",
        job_id,
        "default",
        "done",
    )
    assert (event.actor_name, event.role, event.address) == ("test admin", "admin", "127.0.0.1")
    assert event.detail == f"backfill {started['backfill_id']} of 2 occurrences"


async def test_a_session_is_told(running: Running, bus: Client, bearer: str) -> None:
    await running.json("POST", "/session", {"token": bearer}, origin=str(running.http.base_url).rstrip("/"))
    (event,) = await told(bus)
    assert event.action == "session.begin"
    assert bearer not in repr(event)


async def test_what_was_refused_is_not_told_as_done(running: Running, bus: Client) -> None:
    for path in ("/executions/01890000-0000-7000-8000-000000000000/cancel", "/workers/nobody/drain"):
        answer = await running.http.post(f"/api/v1{path}", json={})
        assert answer.status_code in (404, 503), answer.text
    assert [event for event in await told(bus) if event.outcome == "done"] == []


async def test_denied_attempts_are_counted_together(running: Running, bus: Client) -> None:
    wrong = {"Authorization": f"Bearer lamp_x_{SECRET}"}
    answers = [await running.http.get("/api/v1/jobs", headers=wrong) for _ in range(5)]
    assert {answer.status_code for answer in answers} <= {401, 429}
    async with httpx.AsyncClient(base_url=running.http.base_url, trust_env=False) as stranger:
        await stranger.post(f"/api/v1/jobs/webhook/{SECRET}", content=SECRET.encode())
    events = await denied(bus, 6)
    by_route = {event.action: event for event in events}
    assert by_route.keys() == {"GET /api/v1/jobs", "POST /api/v1/jobs/webhook/{path}"}
    assert {event.actor for event in events} == {"anonymous"}
    assert {event.address for event in events} == {"127.0.0.1"}
    assert SECRET not in repr(events)


async def test_who_may_not_is_named(running: Running, bus: Client, nats_server: Server, job_id: str) -> None:
    viewer = await token(nats_server.url, Role.VIEWER)

    async def tried() -> int:
        headers = {"Authorization": f"Bearer {viewer}"}
        answer = await running.http.post(f"/api/v1/jobs/{job_id}/trigger", json={}, headers=headers)
        return answer.status_code == 403

    await until(tried, what="a token that the gateway knows")
    event = [one for one in await denied(bus, 1) if one.role][-1]
    assert (event.action, event.actor, event.kind, event.object_id) == (
        "POST /api/v1/jobs/{job_id}/trigger",
        viewer.split("_")[1],
        "jobs",
        job_id,
    )
    assert "needs the role 'operator'" in event.detail


async def test_what_is_in_another_project_is_not_there_and_the_attempt_is_told(
    running: Running, bus: Client, job_id: str
) -> None:
    body = {"name": "Paid", "role": "viewer", "projects": ["payments"]}
    narrow = (await running.json("POST", "/tokens", body))["token"]
    headers = {"Authorization": f"Bearer {narrow}"}
    for path in (f"/jobs/{job_id}", "/jobs/nothing-of-this-name"):
        assert (await running.http.get(f"/api/v1{path}", headers=headers)).status_code == 404
    (event,) = await denied(bus, 1)
    assert (event.action, event.object_id) == ("GET /api/v1/jobs/{job_id}", job_id)
    assert "project 'default'" in event.detail


async def test_a_flood_of_wrong_tokens_is_some_records(running: Running, bus: Client) -> None:
    wrong = {"Authorization": "Bearer lamp_x_y"}
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=str(running.http.base_url), trust_env=False, limits=limits) as http:
        for _ in range(10):
            await asyncio.gather(*(http.get("/api/v1/jobs", headers=wrong) for _ in range(50)))
    events = await denied(bus, 500)
    assert sum(event.count for event in events) == 500
    assert len(events) < 25


async def test_what_was_denied_last_is_told_when_the_gateway_leaves(
    bus: Client, nats_server: Server, bearer: str
) -> None:
    async with gateway(nats_server.url, bearer) as running:
        await running.http.get("/api/v1/jobs", headers={"Authorization": "Bearer no"})
    assert [event.action for event in await told(bus)] == ["GET /api/v1/jobs"]


async def test_a_write_of_the_catalog_names_its_author_address_and_project(
    running: Running, bus: Client, job_id: str
) -> None:
    async def headers(kind: str, object_id: str) -> dict[str, str]:
        last = await last_message(bus, CATALOG.name, subjects.catalog(kind, object_id))
        assert last is not None
        return last.headers

    body = {"id": "paid", "name": "Paid", "runner": {"kind": "noop"}, "project": "payments"}
    await running.json("POST", "/agents", body)
    made = await headers("agents", "paid")
    await running.json("PUT", "/environments/payments/secrets/KEY", {"value": SECRET})
    assert (await headers("secrets", "payments.KEY"))["Lamplighter-Project"] == "payments"
    await running.json("DELETE", "/agents/paid")
    gone = await headers("agents", "paid")
    for one in (made, gone):
        assert one["Lamplighter-Project"] == "payments"
        assert (one["Lamplighter-Role"], one["Lamplighter-From"]) == ("admin", "127.0.0.1")
    assert gone["KV-Operation"] == "DEL"


@pytest.fixture
async def history(
    bus: Client, nats_server: Server, mongodb_url: str, running: Running
) -> AsyncIterator[History]:
    async with running_history(bus, nats_server.url, mongodb_url) as there:
        await until(lambda: has_reached_mongodb(there), what="the first answer of MongoDB")
        yield there


async def test_the_audit_is_listed_shown_and_verified(
    running: Running, history: History, job_id: str
) -> None:
    await running.json("PATCH", f"/jobs/{job_id}", {"prompt": "Report more"})
    await running.json("POST", f"/jobs/{job_id}/trigger", {})
    await history.until_all_is_recorded()

    records = await running.json("GET", f"/audit?kind=jobs&object_id={job_id}&sort=number")
    # Of two streams nobody says which was first; each record tells when it was.
    told = [one["action"] for one in sorted(records, key=lambda one: one["at"])]
    assert told == ["job.create", "job.change", "job.trigger"]
    change = next(one for one in records if one["action"] == "job.change")
    shown = await running.json("GET", f"/audit/{change['number']}")
    assert json.loads(shown["before"])["prompt"] == "Report"
    assert json.loads(shown["after"])["prompt"] == "Report more"
    assert (await running.http.get("/api/v1/audit/999999")).status_code == 404
    assert (await running.http.get("/api/v1/audit/x")).status_code == 404

    verdict = await running.json("POST", "/audit/verify", {})
    assert (verdict["holds"], verdict["next"], verdict["broken_at"]) == (True, None, None)
    assert verdict["checked"] == verdict["last_number"] == verdict["anchor"]["number"]


async def test_an_export_is_a_chain_that_anybody_can_check(
    running: Running, history: History, job_id: str
) -> None:
    for number in range(5):
        await running.json("PATCH", f"/jobs/{job_id}", {"prompt": f"Report {number}"})
    await history.until_all_is_recorded()
    answer = await running.http.get("/api/v1/audit?sort=number", headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    previous = ""
    for number, line in enumerate(lines, start=1):
        assert fault(line, number, previous) == ""
        previous = line["hash"]
    assert len(lines) >= 7
    pages: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await running.http.get(f"/api/v1/audit?limit=3&sort=number&cursor={cursor}")
        pages += page.json()
        cursor = page.headers.get("Next-Cursor")
    assert pages == lines


async def test_a_break_is_told_with_its_number(running: Running, history: History, job_id: str) -> None:
    await history.until_all_is_recorded()
    history.meddle({"_id": 2}, {"$set": {"actor": "nobody"}})
    verdict = await running.json("POST", "/audit/verify", {})
    assert (verdict["holds"], verdict["broken_at"]) == (False, 2)
    assert "record 2 is not as it was recorded" in verdict["problem"]


async def test_the_audit_is_for_administrators_and_its_whole_for_those_of_all_projects(
    running: Running, history: History, job_id: str
) -> None:
    await running.json(
        "POST", "/agents", {"id": "p", "name": "P", "runner": {"kind": "noop"}, "project": "pay"}
    )
    body = {"name": "Narrow", "role": "admin", "projects": ["pay"]}
    narrow = {"Authorization": f"Bearer {(await running.json('POST', '/tokens', body))['token']}"}
    await history.until_all_is_recorded()
    answer = await running.http.get("/api/v1/audit", headers=narrow)
    assert [one["object_id"] for one in answer.json()] == ["p"]
    assert (await running.http.get("/api/v1/audit/1", headers=narrow)).status_code == 404
    refused = await running.http.post("/api/v1/audit/verify", json={}, headers=narrow)
    assert refused.status_code == 403


@pytest.mark.parametrize("query", ["outcome=maybe", "sort=actor", "limit=0", "from=never", "cursor=x"])
async def test_a_wrong_question(running: Running, history: History, query: str) -> None:
    assert (await running.http.get(f"/api/v1/audit?{query}")).status_code == 422


async def test_without_history_nothing_is_lost(
    running: Running, bus: Client, nats_server: Server, mongodb_url: str, job_id: str
) -> None:
    await running.json("POST", f"/jobs/{job_id}/trigger", {})
    assert (await running.http.get("/api/v1/audit")).status_code == 503
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await history.until_all_is_recorded()
        actions = [one["action"] for one in history.documents()["audit_chain"]]
    assert "job.trigger" in actions
    assert HISTORY_AUDIT.stream is AUDIT
