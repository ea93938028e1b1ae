"""People of a configured identity provider come in with its JWTs, beside API tokens: and nobody else does."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from lamplighter_gateway.access.oidc.claims import Rule
from lamplighter_gateway.access.oidc.issuer import AGAIN_SECONDS, STALE_SECONDS, Issuer
from lamplighter_gateway.access.oidc.jwts import NotGenuine
from lamplighter_gateway.access.oidc.settings import OidcSettings
from lamplighter_gateway.web.problems import Problem
from tests.service.gateway.running import Running, gateway
from tests.support.scripted.issuer import (
    AUDIENCE,
    DISCOVERY,
    JWKS,
    ScriptedIssuer,
    ec_key,
    public_jwk,
    rsa_key,
    scripted_issuer,
)
from tests.support.servers import Server
from tests.support.waiting import until

ROLES = [
    {"claim": "groups", "value": "staff", "role": "viewer", "projects": ["default"]},
    {"claim": "groups", "value": "payments", "role": "editor", "projects": ["payments"]},
    {"claim": "realm_access.roles", "value": "lamp-admin", "role": "admin", "projects": ["*"]},
]
RULES = tuple(Rule.model_validate(rule) for rule in ROLES)


@pytest.fixture
async def issuer() -> AsyncIterator[ScriptedIssuer]:
    async with scripted_issuer() as issuer:
        yield issuer


@pytest.fixture
async def trusting(issuer: ScriptedIssuer, nats_server: Server, bearer: str) -> AsyncIterator[Running]:
    """A gateway that takes the issuer's JWTs."""
    async with gateway(nats_server.url, bearer, **settings(issuer)) as running:
        yield running


def settings(issuer: ScriptedIssuer) -> dict[str, Any]:
    return {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_roles": json.dumps(ROLES)}


async def ask(running: Running, text: str, path: str = "/session", method: str = "GET") -> httpx.Response:
    return await running.http.request(
        method,
        f"/api/v1{path}",
        headers={"Authorization": f"Bearer {text}"},
        json={} if method != "GET" else None,
    )


async def test_whoever_has_a_role_by_its_claims_is_let_in(trusting: Running, issuer: ScriptedIssuer) -> None:
    answer = await ask(trusting, issuer.jwt(groups=["staff", "payments"]))
    assert answer.status_code == 200, answer.text
    who = answer.json()
    assert (who["actor"], who["name"], who["role"]) == ("oidc:u-1", "Ada", "editor")
    assert (who["projects"], who["csrf_token"]) == (["default", "payments"], None)

    admin = issuer.jwt(realm_access={"roles": ["lamp-admin"]})
    assert (await ask(trusting, admin, "/tokens")).status_code == 200
    weak = await ask(trusting, issuer.jwt(groups="staff"), "/tokens")
    assert (weak.status_code, weak.json()["title"]) == (403, "Your token does not allow this")


async def test_whoever_has_none_is_told_so(trusting: Running, issuer: ScriptedIssuer) -> None:
    answer = await ask(trusting, issuer.jwt(groups=["guests"]))
    assert answer.status_code == 403
    assert "nothing that the identity provider says of you gives you a role" in answer.json()["detail"]


async def test_an_api_token_is_good_beside_it(trusting: Running) -> None:
    assert (await trusting.http.get("/api/v1/tokens")).status_code == 200


async def test_what_is_wrong_is_refused_alike(trusting: Running, issuer: ScriptedIssuer) -> None:
    at = int(datetime.now(UTC).timestamp())
    wrong = [
        issuer.jwt(groups=["staff"], exp=at - 60),
        issuer.jwt(groups=["staff"], aud="other"),
        issuer.jwt(groups=["staff"], iss="https://evil.example"),
        issuer.jwt(rsa_key(1), groups=["staff"]),
        issuer.jwt(rsa_key(1), "k9", groups=["staff"]),
        "a.b.c",
    ]
    answers = [await ask(trusting, text) for text in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


async def test_the_keys_are_read_once_for_many(trusting: Running, issuer: ScriptedIssuer) -> None:
    for _ in range(20):
        assert (await ask(trusting, issuer.jwt(groups=["staff"]))).status_code == 200
    assert issuer.asked == [DISCOVERY, JWKS]


async def test_a_new_key_is_read_when_it_is_first_met(issuer: ScriptedIssuer) -> None:
    clock = [0.0]
    known = Issuer(oidc(issuer), lambda: clock[0])
    await known.fetch()
    issuer.keys = [public_jwk(rsa_key(1), "k2"), public_jwk(ec_key(), "e1")]
    fresh = issuer.jwt(rsa_key(1), "k2", groups=["staff"])

    await known.prepare(fresh)
    with pytest.raises(NotGenuine):
        known.bearer(fresh, datetime.now(UTC))

    clock[0] += AGAIN_SECONDS
    await asyncio.gather(*(known.prepare(fresh) for _ in range(50)))
    assert known.bearer(fresh, datetime.now(UTC)).subject == "u-1"
    assert issuer.asked == [DISCOVERY, JWKS] * 2, "many that wait ask once"
    with pytest.raises(NotGenuine):
        known.bearer(issuer.jwt(groups=["staff"]), datetime.now(UTC))


async def test_ids_of_keys_that_nobody_has_make_us_ask_seldom(issuer: ScriptedIssuer) -> None:
    clock = [0.0]
    known = Issuer(oidc(issuer), lambda: clock[0])
    await known.fetch()
    for second in range(60):
        clock[0] = float(second)
        await known.prepare(issuer.jwt(key_id=f"k-{second}"))
        await known.prepare("a.b.c")
    assert issuer.asked == [DISCOVERY, JWKS] * 2


async def test_the_last_good_keys_stand_for_a_while(issuer: ScriptedIssuer) -> None:
    clock = [0.0]
    known = Issuer(oidc(issuer), lambda: clock[0])
    text = issuer.jwt(groups=["staff"])
    with pytest.raises(Problem) as unknown:
        known.bearer(text, datetime.now(UTC))
    assert unknown.value.word == "unavailable"
    await known.fetch()
    issuer.status = 500
    clock[0] = STALE_SECONDS
    await known.fetch()
    assert known.bearer(text, datetime.now(UTC)).subject == "u-1"
    clock[0] += 1
    with pytest.raises(Problem) as stale:
        known.bearer(text, datetime.now(UTC))
    assert stale.value.word == "unavailable"
    issuer.status = 200
    await known.fetch()
    assert known.bearer(text, datetime.now(UTC)).subject == "u-1"


async def test_a_gateway_whose_issuer_is_away_serves_its_tokens(
    issuer: ScriptedIssuer, nats_server: Server, bearer: str
) -> None:
    issuer.status = 503
    async with gateway(nats_server.url, bearer, **settings(issuer)) as running:
        assert (await running.http.get("/api/v1/tokens")).status_code == 200
        refused = await ask(running, issuer.jwt(groups=["staff"]))
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "30"


@pytest.mark.parametrize(
    "bad",
    [
        {"discovery": {"issuer": "https://evil.example"}},
        {"discovery": {"jwks_uri": "http://evil.example/keys"}},
        {"discovery": {"jwks_uri": "file:///etc/passwd"}},
        {"discovery": {"jwks_uri": 7}},
        {"discovery": {"jwks_uri": "{url}/keys#fragment"}},
        {"raw": b"{"},
        {"raw": b'{"keys": []}'},
        {"raw": b" " * (600 * 1024)},
        {"moved": True},
        {"status": 204},
    ],
    ids=str,
)
async def test_bad_documents_bring_no_keys(issuer: ScriptedIssuer, bad: dict[str, Any]) -> None:
    for name, value in bad.items():
        setattr(issuer, name, _placed(value, issuer.url))
    known = Issuer(oidc(issuer))
    await known.fetch()
    with pytest.raises(Problem):
        known.bearer(issuer.jwt(groups=["staff"]), datetime.now(UTC))
    assert set(issuer.asked) <= {DISCOVERY, JWKS}


def _placed(value: Any, url: str) -> Any:
    if isinstance(value, dict):
        return {name: _placed(one, url) for name, one in value.items()}
    return value.replace("{url}", url) if isinstance(value, str) else value


async def test_a_slow_issuer_is_not_waited_for(
    issuer: ScriptedIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter_gateway.access.oidc.fetching.SECONDS", 0.1)
    issuer.gate.clear()
    known = Issuer(oidc(issuer))
    await known.fetch()
    with pytest.raises(Problem):
        known.bearer(issuer.jwt(groups=["staff"]), datetime.now(UTC))


async def test_the_address_of_the_keys_may_be_given(issuer: ScriptedIssuer) -> None:
    known = Issuer(oidc(issuer, jwks_url=f"{issuer.url}{JWKS}"))
    await known.fetch()
    assert known.bearer(issuer.jwt(groups=["staff"]), datetime.now(UTC)).rules == (0,)
    assert issuer.asked == [JWKS]


async def test_a_live_stream_ends_with_its_jwt(trusting: Running, issuer: ScriptedIssuer) -> None:
    soon = issuer.jwt(realm_access={"roles": ["lamp-admin"]}, exp=datetime.now(UTC).timestamp() + 2)
    bearing, numbers = {"Authorization": f"Bearer {soon}"}, itertools.count()
    async with trusting.http.stream("GET", "/api/v1/events", headers=bearing) as stream:
        assert stream.status_code == 200
        chunks = stream.aiter_bytes()
        await anext(chunks)

        async def ended() -> bool:
            await trusting.agent(f"agent-{next(numbers)}")
            return await anext(chunks, None) is None

        await until(ended, what="the end of the stream")


def oidc(issuer: ScriptedIssuer, jwks_url: str = "") -> OidcSettings:
    return OidcSettings(issuer.url, AUDIENCE, RULES, jwks_url)
