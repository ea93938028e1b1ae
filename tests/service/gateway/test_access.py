"""The route walk: nobody passes without a token, nor with one that is wrong, expired, revoked or too weak, and nothing
of another project is there. Every route of the app is walked; one that is in no table here fails the test."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.access.table import ACCESS, STREAMS
from lamplighter_gateway.access.tokens import Grant, mint
from lamplighter_gateway.document.bodies import BODIES
from lamplighter_gateway.live.event_stream import EventStream
from lamplighter_gateway.routes import events, executions
from tests.service.gateway.foreign import IDS, MARK, PROJECT, foreign_history, make_foreign
from tests.service.gateway.running import Running, gateway, last_sequence, token
from tests.support.servers import Server
from tests.support.waiting import until

ROUTES = sorted(ACCESS)
GUARDED = [route for route in ROUTES if isinstance(ACCESS[route], Role)]
PUBLIC = [
    "GET /docs",
    "GET /docs/assets/{release}/{name}",
    "GET /docs/asyncapi.json",
    "GET /docs/openapi.json",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
]
OWN = ["POST /api/v1/jobs/webhook/{path}", "POST /api/v1/session"]

WRONG = {
    "none": None,
    "empty": "Bearer",
    "not one of ours": "Bearer abc",
    "unknown": "Bearer lamp_00112233aabb_" + "A" * 43,
    "not ASCII": "Bearer lamp_ä_ö",
    "basic": "Basic dXNlcjpwYXNz",
    "a JWT of nobody": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.x",
    "very long": "Bearer lamp_" + "a" * 5_000,
}

AGENT = {"name": "Mine", "runner": {"kind": "noop"}}
JOB = {"name": "Mine", "prompt": "Go"}
SMART = {**JOB, "planning_mode": "on_the_fly"}
CALENDAR = {"name": "Mine", "dates": ["2030-01-01"]}
POLICY = {"name": "Mine", "engine": {"kind": "rules", "rules": [{"name": "no"}]}}
RANGE = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}

EXAMPLES = {
    "PUT /api/v1/jobs/{job_id}": SMART,
    "PUT /api/v1/agents/{agent_id}": AGENT,
    "PUT /api/v1/teams/{team_id}": {"name": "Mine", "members": ["mine"]},
    "PUT /api/v1/calendars/{calendar_id}": CALENDAR,
    "PUT /api/v1/policies/{policy_id}": POLICY,
    "PUT /api/v1/environments/{environment_id}": {"name": "Mine"},
    "PUT /api/v1/environments/{environment_id}/secrets/{name}": {"value": "something-else"},
    "PUT /api/v1/jobs/{job_id}/webhook/secret": {"value": "whsec_" + "A" * 32},
    "POST /api/v1/jobs/{job_id}/backfill": RANGE,
}
"""Bodies that would be good, where there was such an object. Of the others an empty one is."""

NOT_OF_A_PROJECT = {
    "GET /api/v1/version": 200,
    "GET /api/v1/session": 200,
    "DELETE /api/v1/session": 404,
    "GET /api/v1/policies/schema": 200,
    "POST /api/v1/audit/verify": 403,
    "POST /api/v1/workers/{worker}/drain": 403,
    "POST /api/v1/workers/{worker}/undrain": 403,
    "POST /api/v1/secrets/rotate": 200,
}
"""What concerns the whole installation, and how somebody of one project is answered: it rotates its own secrets."""

LISTS = [
    "GET /api/v1/jobs",
    "GET /api/v1/backfills",
    "GET /api/v1/executions",
    "GET /api/v1/occurrences",
    "GET /api/v1/deliveries",
    "GET /api/v1/approvals",
    "GET /api/v1/workers",
    "GET /api/v1/queues",
    "GET /api/v1/projects",
    "GET /api/v1/agents",
    "GET /api/v1/teams",
    "GET /api/v1/calendars",
    "GET /api/v1/policies",
    "GET /api/v1/environments",
    "GET /api/v1/tokens",
    "GET /api/v1/audit",
    "GET /api/v1/smart/replay",
    "GET /api/v1/events",
]
"""They say nothing of what is foreign."""

NAMING: dict[str, list[tuple[dict[str, Any], set[int]]]] = {
    "POST /api/v1/jobs": [
        ({**JOB, "agent_id": "foreign-agent"}, {422}),
        ({**JOB, "team_id": "foreign-team"}, {422}),
        ({**SMART, "environment_name": "foreign-place"}, {422}),
        ({**SMART, "calendars": ["foreign-calendar"], "schedule": "@daily"}, {422}),
        ({**SMART, "webhook_path": "/foreign-path"}, {409}),
        ({**SMART, "project": PROJECT}, {422}),
    ],
    "POST /api/v1/jobs:batch": [
        ({"jobs": [{**JOB, "agent_id": "foreign-agent"}, {**SMART, "project": PROJECT}]}, {200}),
        ({"jobs": [{"op": "delete", "job_id": "foreign-job"}]}, {200}),
    ],
    "POST /api/v1/schedules/preview": [({"schedule": "@daily", "calendars": ["foreign-calendar"]}, {422})],
    "POST /api/v1/simulations": [({"job_ids": ["foreign-job"], **RANGE}, {404, 422}), (RANGE, {200})],
    "POST /api/v1/smart/explain": [({"prompt": "Go", "project": PROJECT}, {422}), ({"prompt": "Go"}, {200})],
    "POST /api/v1/agents": [
        ({**AGENT, "environment": "foreign-place"}, {422}),
        ({**AGENT, "project": PROJECT}, {422}),
        ({**AGENT, "id": "foreign-agent"}, {409}),
    ],
    "POST /api/v1/teams": [
        ({"name": "Mine", "members": ["foreign-agent"]}, {422}),
        ({"name": "Mine", "members": ["foreign-agent"], "project": PROJECT}, {422}),
    ],
    "POST /api/v1/calendars": [({**CALENDAR, "project": PROJECT}, {422})],
    "POST /api/v1/policies": [
        ({**POLICY, "attach": [{"kind": "agent", "id": "foreign-agent"}]}, {422}),
        ({**POLICY, "attach": [{"kind": "everything"}]}, {403, 422}),
        ({**POLICY, "project": PROJECT}, {422}),
    ],
    "POST /api/v1/policies/test": [({"policy_id": "foreign-policy"}, {404, 422})],
    "POST /api/v1/environments": [
        ({"name": "Mine", "calendars": ["foreign-calendar"]}, {422}),
        ({"name": "Mine", "project": PROJECT}, {422}),
        ({"id": "foreign-place", "name": "Mine"}, {409}),
    ],
    "POST /api/v1/tokens": [({"name": "Mine", "role": "viewer", "projects": [PROJECT]}, {403})],
}
"""What has no object in its path, and can name one in its body: with the answers that do not let it."""

IN_PLACE = {"PUT", "POST", "PATCH"}


def walked() -> list[str]:
    """Those with an object in their path."""
    elsewhere = {*NOT_OF_A_PROJECT, *LISTS, *NAMING}
    return [route for route in GUARDED if "{" in route and route not in elsewhere]


def filled(route: str, values: dict[str, str] | None = None) -> tuple[str, str]:
    method, _, template = route.partition(" ")
    chosen = {**IDS, **dict.fromkeys(("job_id", "token_id", "webhook_path"), "some-1"), **(values or {})}
    return method, re.sub(r"\{(\w+)\}", lambda match: chosen[match[1]], template)


def routes_of(running: Running) -> set[str]:
    """Those that the app has in truth."""
    app: Any = running.server.config.app
    while not isinstance(app, Litestar):
        app = app._app
    methods: dict[str, set[str]] = {
        route.path_format: getattr(route, "methods", set()) for route in app.routes
    }
    return {f"{method} {path}" for path, its in methods.items() for method in its if method != "OPTIONS"}


@pytest.fixture
async def patient(nats_server: Server, bearer: str) -> AsyncIterator[Running]:
    """A gateway that tells everybody how wrong its token is, however often."""
    async with gateway(nats_server.url, bearer, failed_logins_per_minute=1_000_000) as running:
        yield running


def anonymous(running: Running) -> httpx.AsyncClient:
    running.http.headers.pop("Authorization")
    return running.http


async def of_another_project(running: Running) -> httpx.AsyncClient:
    """An administrator of the default project, who has an agent there."""
    await running.agent("mine")
    mine = await running.json("POST", "/tokens", {"name": "Mine", "role": "admin"})
    running.http.headers["Authorization"] = f"Bearer {mine['token']}"
    return running.http


async def test_every_route_of_the_app_is_in_the_tables(running: Running) -> None:
    assert routes_of(running) == set(ROUTES)
    assert [route for route in ROUTES if ACCESS[route] == "public"] == PUBLIC
    assert [route for route in ROUTES if ACCESS[route] == "own"] == OWN
    tables = [set(walked()), set(NOT_OF_A_PROJECT), set(LISTS), set(NAMING)]
    assert set.union(*tables) == set(GUARDED), "a new route needs its place in one of the tables"
    assert sum(map(len, tables)) == len(GUARDED), "and in one alone"


def test_every_route_that_streams_is_counted() -> None:
    handlers = [*events.HANDLERS, *executions.HANDLERS]
    live = {
        f"GET {path}".replace(":str", "")
        for handler in handlers
        if handler.fn.__annotations__["return"] is EventStream
        for path in handler.paths
    }
    assert live == STREAMS


async def test_every_guarded_route_refuses_a_wrong_token(patient: Running) -> None:
    http = anonymous(patient)
    for route in GUARDED:
        method, path = filled(route)
        for name, authorization in WRONG.items():
            headers = [(b"Authorization", authorization.encode())] if authorization else []
            answer = await http.request(method, path, headers=headers)
            assert answer.status_code == 401, (route, name, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (route, name)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_every_guarded_route_refuses_a_token_that_is_over(patient: Running, bus: Client) -> None:
    past = datetime.now(UTC) - timedelta(days=2)
    expired, text = mint(
        Grant("Old", Role.ADMIN, ("*",), past + timedelta(days=1)), past, lambda size: bytes(size)
    )
    await bus.jetstream().publish(subjects.catalog("tokens", expired.token_id), _body(expired))
    revoked = await patient.json("POST", "/tokens", {"name": "Gone", "role": "admin", "projects": ["*"]})

    # What is known of a later one is known of the one before.
    lasting, other = mint(Grant("New", Role.ADMIN), past, lambda size: b"x" * size)
    await bus.jetstream().publish(subjects.catalog("tokens", lasting.token_id), _body(lasting))
    known = {"Authorization": f"Bearer {other}"}
    assert (await until_known(patient.http, "GET", "/api/v1/tokens", known)).status_code == 200
    gone = {"Authorization": f"Bearer {revoked['token']}"}
    assert (await patient.http.get("/api/v1/tokens", headers=gone)).status_code == 200
    await patient.json("DELETE", f"/tokens/{revoked['id']}")

    for route in GUARDED:
        method, path = filled(route)
        for headers in ({"Authorization": f"Bearer {text}"}, gone):
            answer = await patient.http.request(method, path, headers=headers)
            assert answer.status_code == 401, (route, answer.text)


async def test_every_guarded_route_refuses_a_role_that_is_too_weak(
    patient: Running, nats_server: Server
) -> None:
    texts = {role: await token(nats_server.url, role) for role in Role}
    http = anonymous(patient)
    for route in GUARDED:
        method, path = filled(route)
        needed = ACCESS[route]
        assert isinstance(needed, Role)
        for role in Role:
            if role.reaches(needed):
                continue
            headers = {"Authorization": f"Bearer {texts[role]}"}
            answer = await until_known(http, method, path, headers)
            assert answer.status_code == 403, (route, role, answer.text)
            assert needed.value in answer.json()["detail"]


async def test_nothing_of_another_project_is_there(patient: Running, bus: Client) -> None:
    foreign, http = await make_foreign(patient), await of_another_project(patient)
    before = await last_sequence(bus, streams.CATALOG)
    async with foreign_history(bus, foreign["job_id"]):
        for route in walked():
            method, path = filled(route, foreign)
            content = json.dumps(EXAMPLES.get(route, {})) if method in IN_PLACE else None
            answer = await http.request(method, path, content=content)
            # To make what is there already, unseen, is no more than an id that is taken.
            refused = {404, 409} if method == "PUT" else {404}
            assert answer.status_code in refused, (route, answer.status_code, answer.text)
            assert PROJECT not in answer.text.replace(foreign["job_id"], ""), (route, answer.text)
        for route, status in NOT_OF_A_PROJECT.items():
            method, path = filled(route, foreign)
            answer = await http.request(method, path, json={} if method == "POST" else None)
            assert answer.status_code == status, (route, answer.text)
            assert MARK not in answer.text.lower().replace("foreign-worker", "")
    assert await last_sequence(bus, streams.CATALOG) == before, "and nothing of it was changed"


async def test_lists_say_nothing_of_another_project(patient: Running, bus: Client) -> None:
    foreign, http = await make_foreign(patient), await of_another_project(patient)
    async with foreign_history(bus, foreign["job_id"]):
        for route in LISTS:
            if route in STREAMS:
                continue
            for more in ({}, {"Accept": "application/x-ndjson"}):
                answer = await http.get(route.removeprefix("GET "), headers=more)
                assert answer.status_code == 200, (route, answer.text)
                told = answer.text.lower()
                assert MARK not in told, (route, told)
                assert PROJECT not in told, (route, told)


async def test_nothing_of_another_project_can_be_named(patient: Running, bus: Client) -> None:
    foreign, http = await make_foreign(patient), await of_another_project(patient)
    before = await last_sequence(bus, streams.CATALOG)
    async with foreign_history(bus, foreign["job_id"]):
        for route, cases in NAMING.items():
            for body, statuses in cases:
                told = json.loads(json.dumps(body).replace("foreign-job", foreign["job_id"]))
                answer = await http.post(route.removeprefix("POST "), json=told)
                assert answer.status_code in statuses, (route, body, answer.status_code, answer.text)
                assert "foreign agent" not in answer.text.lower(), (route, answer.text)
    assert await last_sequence(bus, streams.CATALOG) == before, "nothing was made"


async def until_known(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> httpx.Response:
    """A token that was made beside the gateway comes to it through the catalog's changes."""

    async def ask() -> httpx.Response | None:
        answer = await http.request(method, path, headers=headers)
        return answer if answer.status_code != 401 else None

    return await until(ask)


async def test_the_document_tells_every_route_its_body_and_who_may(running: Running) -> None:
    document = (await running.http.get("/docs/openapi.json")).json()

    told = {
        f"{m.upper()} {path}": told for path, ways in document["paths"].items() for m, told in ways.items()
    }
    # Litestar leaves its own documents out of it.
    own = {route for route in ROUTES if route.startswith("GET /docs")}
    assert set(ROUTES) - own <= told.keys() <= set(ROUTES)
    with_body = {route for route, one in told.items() if "requestBody" in one}
    assert with_body == BODIES.keys()
    assert all(one["x-access"] == ACCESS[route] for route, one in told.items())
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= document["components"]["schemas"].keys()


async def test_a_role_that_reaches_is_let_in(running: Running, nats_server: Server) -> None:
    viewer = {"Authorization": f"Bearer {await token(nats_server.url, Role.VIEWER)}"}

    answer = await until_known(running.http, "GET", "/api/v1/jobs", viewer)

    assert (answer.status_code, answer.json()) == (200, [])


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
