"""What every answer carries, and what no answer does."""

import asyncio

import pytest

from lamplighter_gateway.web.edge import HEADERS, STRICT_TRANSPORT
from tests.service.gateway.running import Running, gateway
from tests.support.servers import Server
from tests.support.waiting import until

CASES = [
    ("GET", "/healthz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/api/v1/version", 200),
    ("GET", "/api/v1/jobs/nobody", 404),
    ("GET", "/nowhere", 404),
    ("GET", "/%2e%2e/etc/passwd", 404),
    ("POST", "/api/v1/jobs", 422),
    ("POST", "/healthz", 405),
    ("TRACE", "/api/v1/jobs", 405),
    ("PROPFIND", "/api/v1/jobs", 405),
    ("OPTIONS", "/api/v1/jobs", 405),
    ("OPTIONS", "/nowhere", 404),
    ("POST", "/api/v1/jobs/webhook/none", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_every_answer_has_the_headers(running: Running, method: str, path: str, status: int) -> None:
    answer = await running.http.request(method, path)
    assert answer.status_code == status, answer.text
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, name
        assert answer.headers.get_list(name) == [value]
    assert "strict-transport-security" not in answer.headers
    if status == 405:
        assert "Allow" in answer.headers


async def test_over_https_browsers_are_told_to_stay_there(nats_server: Server, bearer: str) -> None:
    async with gateway(nats_server.url, bearer, public_url="https://lamp.example.org") as running:
        answer = await running.http.get("/healthz")
    assert STRICT_TRANSPORT.items() <= dict(answer.headers).items()


async def test_no_other_sites_page_is_ever_let_read(running: Running) -> None:
    ask = {"Origin": "https://evil.example", "Access-Control-Request-Method": "DELETE"}
    for method, path in (
        ("OPTIONS", "/api/v1/jobs"),
        ("GET", "/api/v1/jobs"),
        ("OPTIONS", "/api/v1/session"),
    ):
        answer = await running.http.request(method, path, headers=ask)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    anonymous = await running.http.options("/api/v1/jobs", headers={**ask, "Authorization": ""})
    assert (anonymous.status_code, anonymous.json()["detail"]) == (405, "This route has other methods.")


async def test_the_head_of_what_can_be_got_can_be_got_alone(running: Running) -> None:
    await running.agent()
    for path in ("/healthz", "/api/v1/agents/idle", "/api/v1/agents", "/api/v1/jobs/nobody"):
        whole, head = await running.http.get(path), await running.http.head(path)
        assert head.status_code == whole.status_code
        assert head.content == b""
        same = ("content-type", "content-length", "etag", "content-security-policy")
        assert [head.headers.get(name) for name in same] == [whole.headers.get(name) for name in same]
    assert (await running.http.head("/api/v1/agents/idle", headers={"Authorization": ""})).status_code == 401


async def test_the_head_of_an_endless_answer_has_an_end(running: Running) -> None:
    async with asyncio.timeout(20):
        for _ in range(3):
            # On one connection: nothing of the one before may be left on it.
            answer = await running.http.head("/api/v1/events")
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"


async def test_the_server_does_not_say_what_it_is(running: Running) -> None:
    answer = await running.http.get("/healthz")
    assert not {"x-powered-by", "via"} & set(answer.headers)


@pytest.mark.parametrize(("trusted", "address"), [("", "127.0.0.1"), ("127.0.0.0/8", "203.0.113.9")])
async def test_a_client_chooses_no_address_of_its_own(
    nats_server: Server, bearer: str, trusted: str, address: str
) -> None:
    async with gateway(nats_server.url, bearer, trusted_proxies=trusted) as running:
        visitor = await running.json("POST", "/tokens", {"name": "Visitor", "role": "viewer"})
        claimed = {"Authorization": f"Bearer {visitor['token']}", "X-Forwarded-For": "1.2.3.4, 203.0.113.9"}
        await running.http.get("/api/v1/version", headers=claimed)

        async def told() -> str | None:
            used: str | None = (await running.json("GET", f"/tokens/{visitor['id']}"))["last_used_from"]
            return used

        assert await until(told, what="the last use") == address
