"""Browsers come in with a cookie: which is as good as the token behind it, and worth nothing to another site's page."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.sessions import SessionEnded
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Running, gateway
from tests.support.scripted.issuer import AUDIENCE, scripted_issuer
from tests.support.servers import Server
from tests.support.waiting import until

PUBLIC = "https://lamp.example.org"
FOREIGN = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Origin": "https://blog.example.org", "Sec-Fetch-Site": "same-site"},
    "a browser that tells no more than Origin": {"Origin": "https://evil.example"},
    "a page without an origin": {"Origin": "null"},
    "a form that a browser posts by itself": {"Sec-Fetch-Site": "none"},
    "http in place of https": {"Origin": "http://lamp.example.org"},
    "no word of it": {},
}


@asynccontextmanager
async def browser(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """It sends what a page of the gateway's own would, and keeps cookies."""
    base = str(running.http.base_url)
    headers = {"Origin": base.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=base, headers=headers, trust_env=False, timeout=10) as client:
        yield client


async def log_in(client: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    return await client.post("/api/v1/session", json={"token": token}, headers=headers)


async def visitor(running: Running, **fields: Any) -> dict[str, Any]:
    body = {"name": "Visitor", "role": "operator", **fields}
    made: dict[str, Any] = await running.json("POST", "/tokens", body)
    return made


async def test_a_session_is_begun_shown_and_ended(running: Running) -> None:
    made = await visitor(running)
    async with browser(running) as client:
        begun = await log_in(client, made["token"])
        assert begun.status_code == 201, begun.text
        cookie = begun.headers["Set-Cookie"]
        assert cookie.startswith("lamp=")
        assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Strict"]
        assert made["token"].split("_")[2] not in begun.text + cookie

        who = (await client.get("/api/v1/session")).json()
        assert who == begun.json()
        assert (who["actor"], who["name"], who["role"]) == (made["id"], "Visitor", "operator")
        assert who["projects"] == ["default"]
        left = datetime.fromisoformat(who["expires_at"]) - datetime.now(UTC)
        assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
        assert (await client.get("/api/v1/jobs")).status_code == 200
        assert (await client.get("/api/v1/tokens")).status_code == 403

        ended = await client.delete("/api/v1/session", headers={"X-CSRF-Token": who["csrf_token"]})
        assert ended.status_code == 204
        assert ended.headers["Set-Cookie"].startswith("lamp=; ")
        assert "Max-Age=0" in ended.headers["Set-Cookie"]
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_over_https_the_cookie_is_for_this_host_alone(nats_server: Server, bearer: str) -> None:
    async with gateway(nats_server.url, bearer, public_url=PUBLIC) as running:
        page = {"Host": "lamp.example.org", "Origin": PUBLIC, "Sec-Fetch-Site": "same-origin"}
        anonymous = httpx.AsyncClient(base_url=running.http.base_url, trust_env=False)
        async with anonymous as client:
            begun = await client.post("/api/v1/session", json={"token": bearer}, headers=page)
            cookie = begun.headers["Set-Cookie"]
            assert cookie.startswith("__Host-lamp=")
            assert cookie.split("; ")[1:] == ["Path=/", "HttpOnly", "SameSite=Strict", "Secure"]
            value = cookie.partition(";")[0]
            client.cookies.clear()
            good = await client.get("/api/v1/session", headers={**page, "Cookie": value})
            plain = value.removeprefix("__Host-")
            # A neighbour can set a cookie of the plain name for the whole domain, and over http.
            tossed = await client.get("/api/v1/session", headers={**page, "Cookie": plain})
            rebound = await client.get("/api/v1/session", headers={"Cookie": value, "Host": "evil.example"})
        assert [one.status_code for one in (good, tossed, rebound)] == [200, 401, 403]


@pytest.mark.parametrize("name", FOREIGN)
async def test_another_sites_page_can_neither_log_in_nor_change_anything(
    running: Running, bearer: str, name: str
) -> None:
    async with browser(running) as client:
        csrf = (await log_in(client, bearer)).json()["csrf_token"]
        cookie = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    async with httpx.AsyncClient(base_url=running.http.base_url, trust_env=False) as foreign:
        for method, path in (
            ("POST", "/agents"),
            ("DELETE", "/session"),
            ("PATCH", "/jobs/x"),
            ("PUT", "/jobs/x"),
        ):
            headers = {**FOREIGN[name], "Cookie": cookie, "X-CSRF-Token": csrf}
            answer = await foreign.request(method, f"/api/v1{path}", json={}, headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (
                403,
                "This did not come from a page of ours",
            ), (method, path)
        login = await foreign.post("/api/v1/session", json={"token": bearer}, headers=FOREIGN[name])
        assert login.status_code == 403
        assert "Set-Cookie" not in login.headers


async def test_a_page_of_ours_has_to_send_the_csrf_token(running: Running, bearer: str) -> None:
    agent = {"id": "idle", "name": "Idle", "runner": {"kind": "noop"}}
    async with browser(running) as client, browser(running) as other:
        mine = (await log_in(client, bearer)).json()["csrf_token"]
        theirs = (await log_in(other, bearer)).json()["csrf_token"]
        assert mine != theirs
        for given in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": theirs}, {"X-CSRF-Token": mine + "x"}):
            assert (await client.post("/api/v1/agents", json=agent, headers=given)).status_code == 403
        good = await client.post("/api/v1/agents", json=agent, headers={"X-CSRF-Token": mine})
        assert good.status_code == 201


async def test_the_authorization_header_alone_counts_where_there_is_one(
    running: Running, bearer: str
) -> None:
    weak = await visitor(running, role="viewer")
    async with browser(running) as client:
        await log_in(client, bearer)
        as_visitor = {"Authorization": f"Bearer {weak['token']}"}
        assert (await client.get("/api/v1/session", headers=as_visitor)).json()["actor"] == weak["id"]
        assert (await client.get("/api/v1/tokens", headers=as_visitor)).status_code == 403
        assert (await client.get("/api/v1/tokens", headers={"Authorization": "Bearer x"})).status_code == 401
        # And it needs none of what a cookie needs: no page can send it.
        made = await client.post(
            "/api/v1/agents",
            json={"id": "idle", "name": "Idle", "runner": {"kind": "noop"}},
            headers={"Authorization": f"Bearer {bearer}", "Origin": "https://evil.example"},
        )
        assert made.status_code == 201


async def test_a_session_ends_with_its_token_and_has_no_more_than_that(running: Running) -> None:
    made = await visitor(running, role="admin", projects=["ops"], expires_in_days=1)
    async with browser(running) as client:
        await log_in(client, made["token"])
        await running.json("PATCH", f"/tokens/{made['id']}", {"role": "viewer"})
        assert (await client.get("/api/v1/session")).json()["role"] == "viewer"
        assert (await client.get("/api/v1/tokens")).status_code == 403
        await running.json("DELETE", f"/tokens/{made['id']}")
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_copy_of_an_ended_session_is_refused_everywhere(
    running: Running, bearer: str, nats_server: Server, bus: Client
) -> None:
    async with gateway(nats_server.url, bearer) as other, browser(running) as client:
        csrf = (await log_in(client, bearer)).json()["csrf_token"]
        copy = {"Cookie": f"lamp={client.cookies['lamp']}"}

        async def status(of: Running) -> int:
            async with httpx.AsyncClient(base_url=of.http.base_url, trust_env=False) as thief:
                return (await thief.get("/api/v1/session", headers=copy)).status_code

        assert (await status(running), await status(other)) == (200, 200), "any gateway takes it"
        assert (await client.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})).status_code == 204
        assert await status(running) == 401

        async def refused() -> bool:
            return await status(other) == 401

        await until(refused, seconds=5, what="the refusal by the other gateway")
    # Also by one that starts later: it is kept on the bus, for as long as the cookie would be good.
    async with gateway(nats_server.url, bearer) as third:
        assert await status(third) == 401
    session_id = json.loads(_decoded(copy["Cookie"]))["session_id"]
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("sessions", session_id))
    assert last is not None
    ended = SessionEnded.model_validate_json(last.body)
    seconds = int(last.headers["Nats-TTL"].removesuffix("s"))
    assert timedelta(0) < datetime.now(UTC) + timedelta(seconds=seconds) - ended.until < timedelta(minutes=2)


def _decoded(cookie: str) -> bytes:
    payload = cookie.removeprefix("lamp=").partition(".")[0]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


async def test_a_session_lasts_no_longer_than_its_setting_nor_its_token(
    nats_server: Server, bearer: str
) -> None:
    async with scripted_issuer() as issuer:
        roles = [{"claim": "groups", "value": "staff", "role": "editor", "projects": ["default"]}]
        oidc = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_roles": json.dumps(roles)}
        async with (
            gateway(nats_server.url, bearer, session_hours=1, **oidc) as running,
            browser(running) as client,
        ):
            long = (await log_in(client, bearer)).json()
            text = issuer.jwt(groups=["staff"])
            short = (await log_in(client, text)).json()
            assert (await client.get("/api/v1/session")).json() == short
            cookie = client.cookies["lamp"]
            refused = await log_in(client, issuer.jwt(groups=["guests"]))
        left = [datetime.fromisoformat(one["expires_at"]) - datetime.now(UTC) for one in (long, short)]
        assert timedelta(minutes=59) < left[0] <= timedelta(hours=1)
        assert timedelta(minutes=9) < left[1] <= timedelta(minutes=10)
        assert (short["actor"], short["name"], short["role"]) == ("oidc:u-1", "Ada", "editor")
        assert refused.status_code == 403

        # What the rules allowed then, they do not allow under other settings.
        oidc["oidc_roles"] = json.dumps([{**roles[0], "role": "viewer"}])
        async with gateway(nats_server.url, bearer, **oidc) as changed, browser(changed) as client:
            headers = {"Cookie": f"lamp={cookie}"}
            assert (await client.get("/api/v1/session", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": 7}, {"token": "x" * 20_000}, {"token": "x", "more": 1}]
)
async def test_a_wrong_body_is_told_so_without_what_was_in_it(running: Running, body: dict[str, Any]) -> None:
    async with browser(running) as client:
        answer = await client.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert "xxx" not in answer.text


async def test_a_wrong_token_begins_nothing(running: Running) -> None:
    async with browser(running) as client:
        for token in ("abc", "lamp_00112233aabb_" + "A" * 43, "a.b.c"):
            answer = await log_in(client, token)
            assert answer.status_code == 401
            assert "Set-Cookie" not in answer.headers


async def test_a_foreign_name_for_this_machine_is_refused(running: Running, bearer: str) -> None:
    """DNS rebinding: a page of evil.example, whose name now leads here, is of one origin with what it asks."""
    async with browser(running) as client:
        page = {"Host": "evil.example", "Origin": "http://evil.example"}
        login = await log_in(client, bearer, **page)
        assert login.status_code == 403
        await log_in(client, bearer)
        read = await client.get(
            "/api/v1/jobs", headers={"Host": "evil.example", "Cookie": f"lamp={client.cookies['lamp']}"}
        )
        assert read.status_code == 403
        assert "by its own name" in read.json()["detail"]
    by_token = await running.http.get("/api/v1/jobs", headers={"Host": "gateway.internal"})
    assert by_token.status_code == 200, "a token is no cookie: no browser sends it by itself"


async def test_who_came_with_a_token_has_no_session_to_end(running: Running) -> None:
    assert (await running.http.get("/api/v1/session")).json()["csrf_token"] is None
    assert (await running.http.delete("/api/v1/session")).status_code == 404
