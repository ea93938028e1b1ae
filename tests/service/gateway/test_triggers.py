"""Starts by hand and by delivery: stored once, answered alike, and only for who may."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, streams, subjects
from lamplighter_contracts.events import JobTriggered
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.signatures import hub_signature
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message, Stored
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Json, Running, gateway, last_sequence, token
from tests.service.gateway.test_access import until_known
from tests.support.servers import Server

HOOK = "/api/v1/jobs/webhook/deploy"


@pytest.fixture
async def job(running: Running) -> Json:
    """One with a webhook at `/deploy`."""
    await running.agent()
    return await running.job(webhook_path="/deploy")


async def _event(bus: Client, job_id: str, key: str) -> JobTriggered:
    last = await last_message(bus, streams.JOBS.name, subjects.trigger(job_id, key))
    assert last is not None
    assert last.headers["Nats-TTL"] == f"{int(timedelta(hours=72).total_seconds())}s"
    return envelope.read(JobTriggered, last.body, last.headers)


def _signed(job: Json, body: bytes, delivery: str | None = "d1", **headers: str) -> dict[str, str]:
    named = {"X-GitHub-Delivery": delivery} if delivery else {}
    signature = hub_signature(job["webhook_secret"], body)
    return {
        "X-Hub-Signature-256": signature,
        "Content-Type": "application/json",
        "Authorization": "",
        **named,
        **headers,
    }


async def _deliver(
    running: Running, body: bytes, headers: dict[str, str], path: str = HOOK
) -> httpx.Response:
    return await running.http.post(path, content=body, headers=headers)


async def test_a_start_by_hand_is_stored_with_its_parameters(
    running: Running, bus: Client, job: Json
) -> None:
    answer = await running.http.post(
        f"/api/v1/jobs/{job['id']}/trigger",
        json={"parameters": {"city": "Köln"}},
        headers={"Idempotency-Key": "k1"},
    )

    assert answer.status_code == 202, answer.text
    started = answer.json()
    assert (started["job_id"], started["status"]) == (job["id"], "queued")
    assert started["message"]
    event = await _event(bus, job["id"], "k1")
    assert event.execution_id == started["execution_id"]
    assert (event.kind, event.payload, event.triggered_by) == ("manual", {"city": "Köln"}, "test admin")


async def test_a_start_does_not_stand_in_the_way_of_what_comes_of_it(
    running: Running, bus: Client, job: Json
) -> None:
    """Both are of the same execution and in the same stream, where a message id is taken once."""
    started = await running.json("POST", f"/jobs/{job['id']}/trigger")

    due = Message(subjects.job_due("default", job["id"]), b"{}", message_id=started["execution_id"])

    assert await publish(bus, due) == Stored(sequence=2)


async def test_the_same_key_is_the_same_start(
    running: Running, bus: Client, job: Json, bearer: str, nats_server: Server
) -> None:
    path = f"/api/v1/jobs/{job['id']}/trigger"
    async with gateway(nats_server.url, bearer) as other:
        first = await running.http.post(path, headers={"Idempotency-Key": "k1"})
        answers = [
            await one.http.post(path, headers={"Idempotency-Key": "k1"}) for one in (running, other) * 3
        ]
    unlike = await running.http.post(path, headers={"Idempotency-Key": "k2"})
    keyless = [await running.http.post(path) for _ in range(2)]

    assert {answer.text for answer in answers} == {first.text}
    ids = {answer.json()["execution_id"] for answer in (first, unlike, *keyless)}
    assert len(ids) == 4
    assert await last_sequence(bus, streams.JOBS) == 4


async def test_a_delivery_that_comes_fifty_times_at_once_starts_once(
    running: Running, bus: Client, job: Json
) -> None:
    body = b'{"ref": "main"}'

    answers = await asyncio.gather(*(_deliver(running, body, _signed(job, body)) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    assert sorted(answer.json()["duplicate"] for answer in answers) == [False] + [True] * 49
    assert await last_sequence(bus, streams.JOBS) == 1
    event = await _event(bus, job["id"], "d1")
    assert event.payload == {"ref": "main"}
    assert event.delivery is not None
    assert event.delivery.delivery_id == "d1"


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'{"a": [1, "\xc3\xa4"]}', {"a": [1, "ä"]}),
        ("application/json; charset=utf-8", b"3", 3),
        ("application/vnd.github+json", b'{"a": 1}', {"a": 1}),
        ("application/json", b"", None),
        (None, b"", None),
        (None, b'{"a": 1}', {"a": 1}),
        (None, b"plain", {"text": "plain"}),
        ("text/plain", b'{"a": 1}', {"text": '{"a": 1}'}),
        ("application/octet-stream", b"\xff\x00", {"text": "\ufffd\x00"}),
        ("application/x-www-form-urlencoded", urlencode({"payload": '{"a": 1}'}).encode(), {"a": 1}),
        ("application/x-www-form-urlencoded", b"a=1&b=", {"a": "1", "b": ""}),
    ],
)
async def test_bodies_of_every_kind(
    running: Running, bus: Client, job: Json, content_type: str | None, body: bytes, payload: Any
) -> None:
    headers = _signed(job, body)
    del headers["Content-Type"]
    if content_type:
        headers["Content-Type"] = content_type

    answer = await _deliver(running, body, headers)

    assert answer.status_code == 202, answer.text
    assert (await _event(bus, job["id"], "d1")).payload == payload


async def test_a_ping_is_answered_and_starts_nothing(running: Running, bus: Client, job: Json) -> None:
    body = b'{"zen": "Keep it logically awesome."}'

    answer = await _deliver(running, body, _signed(job, body, **{"X-GitHub-Event": "ping"}))
    unsigned = await _deliver(running, body, {"X-GitHub-Event": "ping", "Authorization": ""})

    assert (answer.status_code, answer.json()) == (200, {"status": "pong"})
    assert unsigned.status_code == 401
    assert await last_sequence(bus, streams.JOBS) == 0


async def test_who_may_not_learns_nothing(running: Running, bus: Client, job: Json) -> None:
    """A wrong signature and an unknown path look alike."""
    body = b'{"ref": "main"}'
    good = _signed(job, body)
    rotated = await running.json("POST", f"/jobs/{job['id']}/webhook/rotate")
    bad = [
        good,
        _signed(rotated, body + b" "),
        {**good, "X-Hub-Signature-256": ""},
        {**good, "X-Hub-Signature-256": "sha256=" + "0" * 64},
        {**good, "X-Hub-Signature-256": "sha1=" + "0" * 40},
        {k: v for k, v in good.items() if k != "X-Hub-Signature-256"},
    ]

    refused = [await _deliver(running, body, headers) for headers in bad]
    unknown = await _deliver(running, body, _signed(rotated, body), "/api/v1/jobs/webhook/nowhere")

    def seen(answer: httpx.Response) -> Any:
        document = answer.json()
        document.pop("instance")
        return answer.status_code, document, answer.headers["www-authenticate"]

    assert {json.dumps(seen(answer)) for answer in refused} == {json.dumps(seen(unknown))}
    assert unknown.status_code == 401
    assert await last_sequence(bus, streams.JOBS) == 0
    assert (await _deliver(running, body, _signed(rotated, body))).status_code == 202


async def test_a_delivery_by_token(running: Running, bus: Client, job: Json, nats_server: Server) -> None:
    operator = {"Authorization": f"Bearer {await token(nats_server.url, Role.OPERATOR)}"}
    viewer = {"Authorization": f"Bearer {await token(nats_server.url, Role.VIEWER)}"}

    accepted = await until_known(running.http, "POST", HOOK, operator)
    weak = await until_known(running.http, "POST", HOOK, viewer)
    unknown = await running.http.post("/api/v1/jobs/webhook/nowhere", headers=operator)
    wrong = await running.http.post(HOOK, headers={"Authorization": "Bearer lamp_a_b"})

    statuses = [answer.status_code for answer in (accepted, weak, unknown, wrong)]
    assert statuses == [202, 403, 404, 401]
    assert await last_sequence(bus, streams.JOBS) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"a": ', {}, 400),
        (b"[" * 100 + b"]" * 100, {}, 400),
        (b"payload=%7B", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b"\xff", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        (b'"' + b"a" * 300_000 + b'"', {}, 413),
        (b'"' + b"\x01" * 200_000 + b'"', {"Content-Type": "text/plain"}, 413),
        (b"{}", {"X-GitHub-Delivery": "d" * 201}, 422),
    ],
)
async def test_a_delivery_that_cannot_be_kept(
    running: Running, bus: Client, job: Json, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await _deliver(running, body, {**_signed(job, body), **headers})

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await last_sequence(bus, streams.JOBS) == 0


async def test_a_disabled_job_accepts_deliveries_and_a_deleted_one_does_not(
    running: Running, bus: Client, job: Json
) -> None:
    body = b"{}"
    await running.json("POST", f"/jobs/{job['id']}/disable")
    disabled = await _deliver(running, body, _signed(job, body))
    await running.json("DELETE", f"/jobs/{job['id']}")
    deleted = await _deliver(running, body, _signed(job, body, delivery="d2"))

    assert (disabled.status_code, deleted.status_code) == (202, 401)
    assert await last_sequence(bus, streams.JOBS) == 1, "the scheduler decides about it"
