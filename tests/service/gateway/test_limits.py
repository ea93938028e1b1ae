"""Nobody gets more than it may at a time: 429, and when to come again."""

import asyncio
from contextlib import AsyncExitStack

import httpx

from tests.service.gateway.running import gateway
from tests.support.servers import Server
from tests.support.waiting import until

WRONG = {"Authorization": "Bearer lamp_00112233aabb_" + "A" * 43}


def limited(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.json()["title"] == "Slower, please"
    assert int(answer.headers["Retry-After"]) >= 1
    return True


async def test_a_token_may_ask_so_often(nats_server: Server, bearer: str) -> None:
    async with gateway(nats_server.url, bearer) as generous:
        other = await generous.json("POST", "/tokens", {"name": "Other", "role": "viewer"})
    async with gateway(nats_server.url, bearer, requests_per_minute=50) as running:
        answers = [await running.http.get("/api/v1/version") for _ in range(8)]
        assert [limited(answer) for answer in answers[-2:]] == [True, True]
        headers = {"Authorization": f"Bearer {other['token']}"}
        assert (await running.http.get("/api/v1/version", headers=headers)).status_code == 200
        assert (await running.http.get("/healthz", headers={"Authorization": ""})).status_code == 200


async def test_wrong_tokens_from_one_address_are_slowed_and_good_ones_are_not(
    nats_server: Server, bearer: str
) -> None:
    async with gateway(
        nats_server.url, bearer, failed_logins_per_minute=5, trusted_proxies="127.0.0.1"
    ) as running:
        answers = [await running.http.get("/api/v1/jobs", headers=WRONG) for _ in range(7)]
        assert [answer.status_code for answer in answers[:5]] == [401] * 5
        assert all(limited(answer) for answer in answers[5:])
        own = str(running.http.base_url).rstrip("/")
        login = await running.http.post("/api/v1/session", json={"token": "x"}, headers={"Origin": own})
        assert limited(login)
        assert (await running.http.get("/api/v1/jobs")).status_code == 200
        elsewhere = await running.http.get(
            "/api/v1/jobs", headers={**WRONG, "X-Forwarded-For": "203.0.113.9"}
        )
        assert elsewhere.status_code == 401
        running.http.headers.pop("Authorization")
        assert (await running.http.get("/api/v1/jobs")).status_code == 401, "no token is no wrong one"


async def test_a_token_may_have_so_many_streams_open(nats_server: Server, bearer: str) -> None:
    async with (
        gateway(nats_server.url, bearer, streams_per_token=3) as running,
        AsyncExitStack() as open_ones,
    ):
        for _ in range(3):
            stream = await open_ones.enter_async_context(running.http.stream("GET", "/api/v1/events"))
            assert stream.status_code == 200
        for path in ("/events", "/jobs/nobody/events", "/executions/0/stream"):
            assert limited(await running.http.get(f"/api/v1{path}")), path
        assert (await running.http.get("/api/v1/jobs")).status_code == 200
        await open_ones.aclose()

        async def again() -> bool:
            async with running.http.stream("GET", "/api/v1/events") as stream:
                return stream.status_code == 200

        await until(again, what="room for another stream")


async def test_streams_that_were_refused_or_broke_are_not_counted(nats_server: Server, bearer: str) -> None:
    async with gateway(nats_server.url, bearer, streams_per_token=2) as running:
        for _ in range(10):
            assert (await running.http.get("/api/v1/jobs/nobody/events")).status_code == 404
        async with asyncio.timeout(10):
            for _ in range(10):
                assert (await running.http.head("/api/v1/events")).status_code == 200
