"""Tokens are made, shown, narrowed and revoked within what their maker has; and it is told when each was last used."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.tokens import Token, TokenUse
from lamplighter_gateway.access.uses import Uses
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, gateway, last_sequence
from tests.support.servers import Server
from tests.support.waiting import until

Json = dict[str, Any]


async def make(running: Running, **fields: Any) -> Json:
    made: Json = await running.json("POST", "/tokens", {"name": "Visitor", "role": "viewer", **fields})
    return made


def bearing(token: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['token']}"}


async def test_a_token_is_shown_once_and_kept_as_a_hash(running: Running, bus: Client) -> None:
    made = await make(running, role="operator", expires_in_days=30)
    shown = [*await running.json("GET", "/tokens"), await running.json("GET", f"/tokens/{made['id']}")]

    assert made["token"].startswith(f"lamp_{made['id']}_")
    assert not any({"token", "sha256"} & one.keys() for one in shown)
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("tokens", made["id"]))
    assert last is not None
    assert made["token"].split("_", 2)[2].encode() not in last.body
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=29) < expires_at - datetime.now(UTC) <= timedelta(days=30)


async def test_a_token_reaches_the_default_project_unless_it_is_told(running: Running, bearer: str) -> None:
    made = await make(running)
    assert (made["projects"], made["created_by"]) == (["default"], bearer.split("_")[1])
    assert (await make(running, projects=["payments", "ops"]))["projects"] == ["payments", "ops"]
    assert (await running.json("GET", f"/tokens/{bearer.split('_')[1]}"))["projects"] == ["*"]


async def test_nobody_makes_a_token_of_more_than_it_has(running: Running) -> None:
    maker = await make(running, role="admin", projects=["payments", "ops"])
    for projects in (["*"], ["default"], ["payments", "other"], None):
        body = {"name": "More", "role": "viewer"} | ({"projects": projects} if projects else {})
        refused = await running.http.post("/api/v1/tokens", json=body, headers=bearing(maker))
        assert refused.status_code == 403, projects
        assert {error["field"] for error in refused.json()["errors"]} == {"projects"}
    good = {"name": "Less", "role": "admin", "projects": ["ops"]}
    assert (await running.http.post("/api/v1/tokens", json=good, headers=bearing(maker))).status_code == 201


async def test_tokens_that_reach_further_are_not_there(running: Running, bearer: str) -> None:
    maker = await make(running, role="admin", projects=["payments", "ops"])
    within = await make(running, projects=["ops"])
    beyond = [await make(running, projects=["ops", "other"]), await make(running, projects=["*"])]

    listed = (await running.http.get("/api/v1/tokens", headers=bearing(maker))).json()
    assert {one["id"] for one in listed} == {maker["id"], within["id"]}
    for token_id in (bearer.split("_")[1], *(one["id"] for one in beyond)):
        for method in ("GET", "PATCH", "DELETE"):
            answer = await running.http.request(
                method, f"/api/v1/tokens/{token_id}", json={}, headers=bearing(maker)
            )
            assert answer.status_code == 404, (method, token_id)
    gone = await running.http.delete(f"/api/v1/tokens/{within['id']}", headers=bearing(maker))
    assert gone.status_code == 204


async def test_a_token_is_narrowed_at_once(running: Running) -> None:
    made = await make(running, role="admin", projects=["default", "ops"])
    before = await running.http.get(f"/api/v1/tokens/{made['id']}")

    changed = await running.http.patch(
        f"/api/v1/tokens/{made['id']}",
        json={"name": "Less", "role": "viewer", "projects": ["default"]},
        headers={"If-Match": before.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["name"], changed.json()["role"], changed.json()["projects"]) == (
        "Less",
        "viewer",
        ["default"],
    )
    assert (await running.http.get("/api/v1/tokens", headers=bearing(made))).status_code == 403
    late = await running.http.patch(
        f"/api/v1/tokens/{made['id']}", json={"name": "x"}, headers={"If-Match": before.headers["ETag"]}
    )
    wider = await running.http.patch(f"/api/v1/tokens/{made['id']}", json={"role": "operator"})
    assert (late.status_code, wider.status_code) == (412, 422)


async def test_a_revoked_token_is_refused_here_at_once_and_elsewhere_soon(
    running: Running, bearer: str, nats_server: Server
) -> None:
    visitor = await make(running)

    async def status(one: Running) -> int:
        return (await one.http.get("/api/v1/jobs", headers=bearing(visitor))).status_code

    async with gateway(nats_server.url, bearer) as other:
        await until(lambda: _is(status(other), 200), what="that the other gateway knows it")
        assert await status(running) == 200

        await running.json("DELETE", f"/tokens/{visitor['id']}")

        assert await status(running) == 401
        await until(lambda: _is(status(other), 401), seconds=5, what="the refusal by the other gateway")


async def _is(found: Any, wanted: object) -> bool:
    return bool(await found == wanted)


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PATCH", {"projects": ["ops"]})])
async def test_a_live_stream_ends_with_its_token(running: Running, method: str, body: Json | None) -> None:
    visitor = await make(running, projects=["default", "ops"])
    async with (
        httpx.AsyncClient(base_url=running.http.base_url, trust_env=False, timeout=10) as reader,
        reader.stream("GET", "/api/v1/events", headers=bearing(visitor)) as stream,
    ):
        chunks = stream.aiter_bytes()
        await anext(chunks)
        await running.json(method, f"/tokens/{visitor['id']}", body)
        await running.agent()
        async with asyncio.timeout(20):
            rest = b"".join([chunk async for chunk in chunks])
    assert b"idle" not in rest


async def test_the_last_use_is_told_to_all_gateways(
    running: Running, bearer: str, nats_server: Server
) -> None:
    visitor = await make(running)
    assert visitor["last_used_at"] is None
    before = datetime.now(UTC) - timedelta(seconds=1)
    async with gateway(nats_server.url, bearer) as other:
        await running.http.get("/api/v1/jobs", headers=bearing(visitor))

        async def told() -> Json | None:
            shown: Json = await other.json("GET", f"/tokens/{visitor['id']}")
            return shown if shown["last_used_at"] else None

        shown = await until(told, what="the last use at the other gateway")
    assert before <= datetime.fromisoformat(shown["last_used_at"]) <= datetime.now(UTC)
    assert shown["last_used_from"] == "127.0.0.1"
    assert next(one for one in await running.json("GET", "/tokens") if one["id"] == visitor["id"])[
        "last_used_at"
    ]


async def told_of(bus: Client, token_id: str) -> bool:
    return await last_message(bus, streams.PRESENCE.name, subjects.token_use(token_id)) is not None


async def test_a_use_is_written_once_a_minute_however_often_it_is_used(bus: Client) -> None:
    clock = [1_000.0]
    uses = Uses(bus, lambda: datetime.now(UTC), lambda: clock[0])
    running = asyncio.create_task(uses.run())
    try:
        for minute in range(3):
            for turn in range(3):
                uses.note("0a1b", "203.0.113.9")
                # Told in order: what stands before it has been written too.
                uses.note(f"at-{minute}-{turn}", "")
                await until(partial(told_of, bus, f"at-{minute}-{turn}"), what="both uses")
            clock[0] += 60
        assert await last_sequence(bus, streams.PRESENCE) == 3 + 9
    finally:
        running.cancel()
    last = await last_message(bus, streams.PRESENCE.name, subjects.token_use("0a1b"))
    assert last is not None
    assert TokenUse.model_validate_json(last.body).address == "203.0.113.9"
    assert "Nats-TTL" not in last.headers


async def test_without_the_bus_a_use_is_forgotten_and_the_next_is_told(
    bus: Client, nats_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter_runtime.publishing.TIMEOUT_SECONDS", 0.1)
    uses = Uses(bus, lambda: datetime.now(UTC))
    running = asyncio.create_task(uses.run())
    nats_server.pause()
    try:
        uses.note("lost", "")
        uses.note("lost-too", "")
        await asyncio.sleep(0)
    finally:
        nats_server.resume()
    uses.note("told", "")

    try:
        await until(partial(told_of, bus, "told"), what="the use after the outage")
        assert not running.done()
    finally:
        running.cancel()


def test_a_token_of_before_there_were_projects_reaches_them_all() -> None:
    old = {
        "token_id": "a1",
        "name": "Old",
        "role": "admin",
        "sha256": "0",
        "created_at": "2025-01-01T00:00:00Z",
    }
    assert Token.model_validate(old).projects == ("*",)
