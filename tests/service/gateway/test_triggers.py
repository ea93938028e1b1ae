"""Starts by hand: stored once, and answered alike."""

from datetime import timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, streams, subjects
from lamplighter_contracts.events import JobTriggered
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message, Stored
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Json, Running, gateway, last_sequence
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
