"""Nobody passes without a token, nor with one that is wrong, too weak, expired or revoked."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.access import ACCESS
from lamplighter_gateway.document import BODIES
from lamplighter_gateway.tokens import mint
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, gateway, last_sequence, token
from tests.support.servers import Server
from tests.support.waiting import until

ROUTES = sorted(ACCESS)
GUARDED = [route for route in ROUTES if isinstance(ACCESS[route], Role)]

WRONG = {
    "none": None,
    "empty": "Bearer",
    "not one of ours": "Bearer abc",
    "unknown": "Bearer lamp_00112233aabb_" + "A" * 43,
    "not ASCII": "Bearer lamp_ä_ö",
    "basic": "Basic dXNlcjpwYXNz",
    "very long": "Bearer lamp_" + "a" * 5_000,
}


def _path(route: str) -> tuple[str, str]:
    method, _, template = route.partition(" ")
    filled = re.sub(r"\{execution_id\}", "01900000-0000-7000-8000-000000000000", template)
    return method, re.sub(r"\{\w+\}", "some-1", filled)


@pytest.fixture
async def anonymous(running: Running) -> httpx.AsyncClient:
    running.http.headers.pop("Authorization")
    return running.http


async def test_every_guarded_route_refuses_a_wrong_token(anonymous: httpx.AsyncClient) -> None:
    for route in GUARDED:
        method, path = _path(route)
        for name, authorization in WRONG.items():
            headers = [(b"Authorization", authorization.encode())] if authorization else []
            answer = await anonymous.request(method, path, headers=headers)
            assert answer.status_code == 401, (route, name, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (route, name)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_every_guarded_route_refuses_a_role_that_is_too_weak(
    anonymous: httpx.AsyncClient, nats_server: Server
) -> None:
    texts = {role: await token(nats_server.url, role) for role in Role}
    for route in GUARDED:
        method, path = _path(route)
        needed = ACCESS[route]
        assert isinstance(needed, Role)
        for role in Role:
            if role.reaches(needed):
                continue
            headers = {"Authorization": f"Bearer {texts[role]}"}
            answer = await until_known(anonymous, method, path, headers)
            assert answer.status_code == 403, (route, role, answer.text)
            assert needed.value in answer.json()["detail"]


async def until_known(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> httpx.Response:
    """A token that was made beside the gateway comes to it through the catalog's changes."""

    async def ask() -> httpx.Response | None:
        answer = await http.request(method, path, headers=headers)
        return answer if answer.status_code != 401 else None

    return await until(ask)


async def test_no_route_is_forgotten(running: Running, anonymous: httpx.AsyncClient) -> None:
    """The document of the API lists what there is: each of it is in the table, and refuses without a token."""
    document = (await anonymous.get("/docs/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method in methods:
            answer = await anonymous.request(method, re.sub(r"\{\w+\}", "some-1", path))
            public = ACCESS[f"{method.upper()} {path}"] == "public"
            assert answer.status_code == (200 if public else 401), (method, path)


async def test_the_document_tells_every_route_its_body_and_who_may(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/docs/openapi.json")).json()

    told = {
        f"{m.upper()} {path}": told for path, ways in document["paths"].items() for m, told in ways.items()
    }
    # Litestar leaves its own document out of it.
    assert told.keys() == {route for route in ROUTES if "/docs" not in route}
    with_body = {route for route, one in told.items() if "requestBody" in one}
    assert with_body == BODIES.keys()
    assert all(one["x-access"] == ACCESS[route] for route, one in told.items())
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= document["components"]["schemas"].keys()


async def test_what_is_public_says_so_by_name(anonymous: httpx.AsyncClient) -> None:
    assert [route for route in ROUTES if ACCESS[route] == "public"] == [
        "GET /docs",
        "GET /docs/openapi.json",
        "GET /docs/{path}",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
    ]
    assert [route for route in ROUTES if ACCESS[route] == "own"] == ["POST /api/v1/jobs/webhook/{path}"]
    options = await anonymous.options("/api/v1/jobs")
    assert options.status_code == 401, "what the table does not name is not public"


async def test_a_role_that_reaches_is_let_in(running: Running, nats_server: Server) -> None:
    viewer = {"Authorization": f"Bearer {await token(nats_server.url, Role.VIEWER)}"}

    answer = await until_known(running.http, "GET", "/api/v1/jobs", viewer)

    assert (answer.status_code, answer.json()) == (200, [])


async def test_a_revoked_token_is_refused_here_at_once_and_elsewhere_soon(
    running: Running, bearer: str, nats_server: Server
) -> None:
    made = await running.json("POST", "/tokens", {"name": "Visitor", "role": "viewer"})
    visitor = {"Authorization": f"Bearer {made['token']}"}
    async with gateway(nats_server.url, bearer) as other:
        assert (await until_known(other.http, "GET", "/api/v1/jobs", visitor)).status_code == 200
        assert (await running.http.get("/api/v1/jobs", headers=visitor)).status_code == 200

        await running.json("DELETE", f"/tokens/{made['id']}")

        assert (await running.http.get("/api/v1/jobs", headers=visitor)).status_code == 401

        async def refused() -> bool:
            return (await other.http.get("/api/v1/jobs", headers=visitor)).status_code == 401

        await until(refused, seconds=5, what="the refusal by the other gateway")


async def test_a_token_is_shown_once_and_kept_as_a_hash(running: Running, bus: Client) -> None:
    made = await running.json("POST", "/tokens", {"name": "CI", "role": "operator", "expires_in_days": 30})
    listed = await running.json("GET", "/tokens")

    assert made["token"].startswith(f"lamp_{made['id']}_")
    assert not any({"token", "sha256"} & one.keys() for one in listed)
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("tokens", made["id"]))
    assert last is not None
    assert made["token"].split("_", 2)[2].encode() not in last.body
    expires_at = datetime.fromisoformat(made["expires_at"])
    assert timedelta(days=29) < expires_at - datetime.now(UTC) <= timedelta(days=30)


async def test_an_expired_token_is_refused(running: Running, bus: Client) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    expired, text = mint("Old", Role.ADMIN, past, past + timedelta(days=1), lambda size: bytes(size))
    await bus.jetstream().publish(subjects.catalog("tokens", expired.token_id), _body(expired))
    lasting, other = mint("New", Role.ADMIN, past, None, lambda size: b"x" * size)
    await bus.jetstream().publish(subjects.catalog("tokens", lasting.token_id), _body(lasting))

    known = await until_known(running.http, "GET", "/api/v1/tokens", {"Authorization": f"Bearer {other}"})
    refused = await running.http.get("/api/v1/tokens", headers={"Authorization": f"Bearer {text}"})

    assert (known.status_code, refused.status_code) == (200, 401)


def _body(token: Token) -> bytes:
    return token.model_dump_json().encode()


async def test_two_gateways_race_for_one_webhook_path(
    running: Running, bearer: str, nats_server: Server, bus: Client
) -> None:
    await running.agent()
    async with gateway(nats_server.url, bearer) as other:
        for number in range(10):
            before = await last_sequence(bus, streams.CATALOG)
            body = {"name": f"Racer {number}", "prompt": "Go", "agent_id": "idle"}
            body["webhook_path"] = f"/race-{number}"

            first, second = await asyncio.gather(
                *(one.http.post("/api/v1/jobs", json=body) for one in (running, other))
            )

            assert sorted([first.status_code, second.status_code]) == [201, 409]
            loser = first if first.status_code == 409 else second
            assert loser.json()["errors"][0]["field"] == "webhook_path"
            assert await last_sequence(bus, streams.CATALOG) == before + 2, "one job, one reservation"
