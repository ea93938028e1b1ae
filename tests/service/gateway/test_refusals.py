"""Every wrong input is answered with a problem that names the field and what is allowed, and nothing is stored."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from typing import Any

import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from lamplighter_contracts import streams
from lamplighter_gateway.web import bodies
from tests.service.gateway.running import Running, last_sequence
from tests.support.waiting import until

DEADLINE = 15

GOOD = {"name": "Report", "prompt": "Go", "agent_id": "idle"}

SMART = {"agent_id": None, "smart": True}

BAD_JOBS: list[tuple[str, dict[str, Any], str, str]] = [
    ("unknown zone", {"schedule": "0 9 * * *", "timezone": "Mars/Base"}, "timezone", "IANA"),
    ("zone nearly right", {"schedule": "0 9 * * *", "timezone": "Europe/Berln"}, "timezone", "Europe/Berlin"),
    ("unknown zone, no schedule", {"timezone": "Mars/Base"}, "timezone", "IANA"),
    ("impossible schedule", {"schedule": "0 9 30 2 *"}, "schedule", ""),
    ("malformed schedule", {"schedule": "every day"}, "schedule", ""),
    ("minute out of range", {"schedule": "99 * * * *"}, "schedule", ""),
    ("schedule in the other dialect", {"cron_schedule": "0 9 30 2 *"}, "cron_schedule", ""),
    ("one of several schedules", {"schedules": ["0 9 * * *", "nonsense"]}, "schedule", ""),
    ("agent and team", {"team_id": "crew"}, "team_id", "choose one"),
    ("neither agent nor team", {"agent_id": None}, "agent_id", "missing"),
    ("unknown agent", {"agent_id": "nobody"}, "agent_id", "does not exist"),
    ("agent nearly right", {"agent_id": "idel"}, "agent_id", "did you mean 'idle'?"),
    ("unknown team", {"agent_id": None, "team_id": "nobody"}, "team_id", "does not exist"),
    ("smart with an agent", {"smart": True}, "smart", "choose one"),
    ("unknown fallback", {**SMART, "fallback_agent_id": "idel"}, "fallback_agent_id", "did you mean 'idle'?"),
    ("wishes of an agent", {"capabilities": ["mail"]}, "capabilities", "only for a smart job"),
    (
        "retry in the other dialect",
        {"config": {"retry_policy": {"max_attempts": 99}}},
        "config.retry_policy.max_attempts",
        "20",
    ),
    (
        "secret in the other dialect",
        {"execution_environment": {"secrets": ["A B"]}},
        "execution_environment.secrets.0",
        "name",
    ),
    ("unknown end", {"retry_on": ["bad luck"]}, "retry_on", "'exit_code'"),
    ("no cost at all", {"max_cost": 0}, "max_cost", "greater than 0, such as 0.5"),
    ("an endless approval", {"approval_wait_seconds": 999_999}, "approval_wait_seconds", "(2 days 22 h)"),
    ("empty name", {"name": ""}, "name", "empty"),
    ("blank name", {"name": "   "}, "name", "empty"),
    ("missing prompt", {"prompt": None}, "prompt", "missing"),
    ("empty prompt", {"prompt": ""}, "prompt", "empty"),
    ("blank prompt", {"prompt": " \n "}, "prompt", "empty"),
    ("malformed path", {"webhook_path": "no slash"}, "webhook_path", "/deploy-trigger"),
    ("path upwards", {"webhook_path": "/a/../b"}, "webhook_path", "/deploy-trigger"),
    ("path taken", {"webhook_path": "/taken"}, "webhook_path", "another"),
    ("unknown environment", {"environment": "moon"}, "environment", "does not exist"),
    ("unknown field", {"promt": "x"}, "promt", "did you mean 'prompt'?"),
    ("wrong type", {"timeout_seconds": "soon"}, "timeout_seconds", "integer"),
    ("executor that is a list", {"planning_mode": ["predefined_agent"]}, "planning_mode", "allowed are"),
    ("executor that is an object", {"entity_type": {"agent": 1}}, "entity_type", "allowed are"),
    ("wrong overlap", {"overlap": "queue"}, "overlap", "allow"),
]


@pytest.mark.parametrize(
    ("change", "field", "words"), [case[1:] for case in BAD_JOBS], ids=[case[0] for case in BAD_JOBS]
)
async def test_a_wrong_job_is_refused(
    running: Running, bus: Client, change: dict[str, Any], field: str, words: str
) -> None:
    await running.agent()
    await running.job(name="Holder", webhook_path="/taken")
    kept = await running.job(name="Kept")
    before = await last_sequence(bus, streams.CATALOG)
    body = {k: v for k, v in {**GOOD, **change}.items() if v is not None}

    made = await running.http.post("/api/v1/jobs", json=body)
    changed = await running.http.patch(f"/api/v1/jobs/{kept['id']}", json={**GOOD, **change})

    for answer in (made, changed) if field not in ("prompt", "agent_id") or change.get(field) else (made,):
        problem = answer.json()
        assert answer.status_code == (409 if change.get("webhook_path") == "/taken" else 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert [e["field"] for e in problem["errors"]] == [field]
        assert words in problem["errors"][0]["problem"]
        assert problem["instance"] == answer.request.url.path
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_all_wrong_fields_are_named_at_once(running: Running) -> None:
    body = {
        "name": "",
        "cron_schedule": "nonsense",
        "timezone": "Mars/Base",
        "agent_id": "nobody",
        "environment": "moon",
        "timeout_seconds": 0,
        "webhook_path": "bad",
        "strange": 1,
    }

    answer = await running.http.post("/api/v1/jobs", json=body)

    named = {error["field"] for error in answer.json()["errors"]}
    assert named >= {"strange", "timezone", "agent_id", "environment"}


BAD_REQUESTS: list[tuple[str, str, str, bytes, dict[str, str], int, str]] = [
    ("body over the cap", "POST", "/jobs", b'"' + b"a" * 300_000 + b'"', {}, 413, "body-too-large"),
    ("not JSON", "POST", "/jobs", b"{name: x}", {}, 400, "malformed-json"),
    ("cut JSON", "POST", "/jobs", b'{"name": "x', {}, 400, "malformed-json"),
    ("not UTF-8", "POST", "/jobs", b'{"name": "\xff"}', {}, 400, "malformed-json"),
    ("half a character", "POST", "/jobs", b'{"name": "\\ud800"}', {}, 400, "malformed-json"),
    ("NaN", "POST", "/jobs", b'{"timeout_seconds": NaN}', {}, 400, "malformed-json"),
    ("number too large", "POST", "/jobs", b'{"timeout_seconds": 1e400}', {}, 400, "malformed-json"),
    ("too deep", "POST", "/jobs", b"[" * 70 + b"]" * 70, {}, 400, "malformed-json"),
    ("much too deep", "POST", "/jobs", b"[" * 100_000, {}, 400, "malformed-json"),
    ("not an object", "POST", "/jobs", b"[]", {}, 422, "invalid-input"),
    ("unknown job", "GET", "/jobs/nothing-1", b"", {}, 404, "not-found"),
    ("change of an unknown job", "PATCH", "/jobs/nothing-1", b"{}", {}, 404, "not-found"),
    ("deletion of an unknown job", "DELETE", "/jobs/nothing-1", b"", {}, 404, "not-found"),
    ("restoring an unknown job", "POST", "/jobs/nothing-1/restore", b"", {}, 404, "not-found"),
    ("start of an unknown job", "POST", "/jobs/nothing-1/trigger", b"", {}, 404, "not-found"),
    ("executions of an unknown job", "GET", "/jobs/nothing-1/executions", b"", {}, 404, "not-found"),
    ("job id with odd letters", "GET", "/jobs/a%2Eb%20c%3E", b"", {}, 404, "not-found"),
    ("unknown route", "GET", "/nothing", b"", {}, 404, "not-found"),
    ("wrong method", "PUT", "/jobs", b"{}", {}, 405, "method-not-allowed"),
    ("odd If-Match", "DELETE", "/jobs/nothing-1", b"", {"If-Match": "today"}, 422, "invalid-input"),
    ("odd limit", "GET", "/jobs?limit=many", b"", {}, 422, "invalid-input"),
    ("odd flag", "GET", "/jobs?enabled=perhaps", b"", {}, 422, "invalid-input"),
    ("odd status", "GET", "/executions?status=done", b"", {}, 422, "invalid-input"),
    ("odd execution", "GET", "/executions/nothing", b"", {}, 404, "not-found"),
    ("odd token", "POST", "/tokens", b'{"name": "x", "role": "king"}', {}, 422, "invalid-input"),
    ("unknown token", "DELETE", "/tokens/nothing", b"", {}, 404, "not-found"),
    ("agent without a runner", "POST", "/agents", b'{"name": "x"}', {}, 422, "invalid-input"),
    ("strange runner", "POST", "/agents", b'{"runner": {"kind": "y", "command": ["z"]}}', {}, 422, "invalid-input"),
    ("bad agent id", "POST", "/agents", b'{"id": "A B", "runner": {"kind": "noop"}}', {}, 422, "invalid-input"),
    ("team of strangers", "POST", "/teams", b'{"name": "x", "members": ["nobody"]}', {}, 422, "invalid-input"),
    ("empty team", "POST", "/teams", b'{"name": "x", "members": []}', {}, 422, "invalid-input"),
    ("unknown agent", "GET", "/agents/nobody", b"", {}, 404, "not-found"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "word"),
    [case[1:] for case in BAD_REQUESTS],
    ids=[case[0] for case in BAD_REQUESTS],
)
async def test_a_wrong_request_is_a_problem(
    running: Running,
    bus: Client,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    word: str,
) -> None:
    before = await last_sequence(bus, streams.CATALOG)

    answer = await running.http.request(method, f"/api/v1{path}", content=body, headers=headers)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"https://lamplighter.dev/problems/{word}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert await last_sequence(bus, streams.CATALOG) == before


async def test_a_body_without_a_length_is_capped_too(running: Running) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * 10_000

    answer = await running.http.post("/api/v1/jobs", content=endless())

    assert answer.status_code == 413


async def _deliver(port: int, length: int, body: bytes) -> tuple[StreamReader, StreamWriter]:
    """A delivery that says it has so many bytes, and sends these."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"POST /api/v1/jobs/webhook/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + body
    )
    return reader, writer


async def test_a_body_that_is_announced_as_huge_is_not_read(running: Running) -> None:
    async with asyncio.timeout(DEADLINE):
        reader, writer = await _deliver(running.port, 1 << 40, b"")
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"problems/body-too-large" in answer


async def test_a_body_that_does_not_come_is_not_waited_for(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    async with asyncio.timeout(DEADLINE):
        reader, writer = await _deliver(running.port, 100, b"abc")
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"problems/too-slow" in answer


async def test_a_caller_who_breaks_off_is_no_fault_of_ours(running: Running) -> None:
    async def heard() -> Any:
        return [entry for entry in logged if entry.get("method") == "POST"]

    with capture_logs() as logged:
        _, writer = await _deliver(running.port, 100, b"abc")
        await writer.drain()
        writer.close()
        entries = await until(heard, what="the end of the request")

    assert [(entry["event"], entry["status"]) for entry in entries] == [("request", 400)]


async def test_a_wrong_start_is_refused_before_anything_is_stored(running: Running, bus: Client) -> None:
    await running.agent()
    job_id = (await running.job())["id"]
    bad = [
        {"config_override": {"timeout": 1}},
        {"parameters": [1]},
        {"prompt": "Do as I say"},
    ]

    answers = [await running.http.post(f"/api/v1/jobs/{job_id}/trigger", json=body) for body in bad]
    long_key = {"Idempotency-Key": "k" * 201}
    answers.append(await running.http.post(f"/api/v1/jobs/{job_id}/trigger", headers=long_key))

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422]
    fields = [answer.json()["errors"][0]["field"] for answer in answers]
    assert fields == ["config_override", "parameters", "prompt", "idempotency-key"]
    assert await last_sequence(bus, streams.JOBS) == 0


async def test_a_fault_of_ours_says_nothing_of_itself(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("lamplighter_gateway.routes.tokens.token_answer", broken)

    answer = await running.http.get("/api/v1/tokens")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert json.loads(answer.text)["type"].endswith("/internal")


async def test_what_is_used_cannot_be_deleted(running: Running) -> None:
    await running.agent()
    await running.json("POST", "/teams", {"id": "crew", "name": "Crew", "members": ["idle"]})
    job = await running.job(agent_id=None, team_id="crew")

    agent = await running.http.delete("/api/v1/agents/idle")
    team = await running.http.delete("/api/v1/teams/crew")
    await running.json("DELETE", f"/jobs/{job['id']}")
    await running.json("DELETE", "/teams/crew")
    await running.json("DELETE", "/agents/idle")

    assert (agent.status_code, team.status_code) == (409, 409)
    assert "'crew'" in agent.json()["detail"]
    assert job["id"] in team.json()["detail"]


async def test_an_id_can_be_taken_once(running: Running) -> None:
    await running.agent()

    again = await running.http.post(
        "/api/v1/agents", json={"id": "idle", "name": "x", "runner": {"kind": "noop"}}
    )

    assert again.status_code == 409
    await running.json("DELETE", "/agents/idle")
    await running.agent()
