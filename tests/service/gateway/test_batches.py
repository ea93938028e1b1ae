"""Many jobs in one request: each by itself, all of them soon, none of them twice."""

import asyncio
import json
import time
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.catalog.store import Store
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import BusUnavailable
from tests.service.gateway.running import Json, Running, before_writing, gateway, last_sequence, token
from tests.support.servers import Server
from tests.support.waiting import until

KEY = {"Idempotency-Key": "apply 1"}


def job(number: int = 0, **fields: Json) -> Json:
    return {"name": f"Job {number}", "prompt": "Go", "agent_id": "idle", "schedule": "0 9 * * *", **fields}


async def batch(running: Running, items: list[Json], **headers: str) -> list[Json]:
    answer = await running.http.post("/api/v1/jobs:batch", json={"jobs": items}, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    results: list[Json] = answer.json()["results"]
    assert [one["index"] for one in results] == list(range(len(items)))
    return results


async def names(running: Running) -> list[str]:
    return [one["name"] for one in await running.json("GET", "/jobs?limit=1000")]


async def test_each_item_is_answered_by_itself(running: Running) -> None:
    await running.agent()
    there = await running.json("PUT", "/jobs/there", job(7))

    results = await batch(
        running,
        [
            job(1),
            job(2, agent_id="nobody", timezone="Mars"),
            {"op": "create", "job_id": "chosen", "job": job(3)},
            {"op": "create", "job_id": "there", "job": job(4)},
            {"op": "replace", "job_id": "there", "if_match": there["revision"], "job": job(5)},
            {"op": "replace", "job_id": "new", "job": job(6)},
            {"op": "replace", "job_id": "none", "if_match": '"4"', "job": job(6)},
            {"op": "delete", "job_id": "gone"},
            {"op": "replace", "job_id": "Not a slug", "job": job(8)},
            {"op": "paint", "job_id": "x", "colour": 1},
            "no job at all",
        ],
    )

    assert [one["status"] for one in results] == [201, 422, 201, 409, 200, 201, 412, 404, 422, 422, 422]
    assert [one["op"] for one in results[:8]] == ["create"] * 4 + ["replace"] * 3 + ["delete"]
    assert [one["id"] for one in results[2:8]] == ["chosen", "there", "there", "new", "none", "gone"]
    assert results[0]["id"].startswith("job-1-")
    assert (results[1]["id"], results[9]["id"]) == (None, None)
    assert {error["field"] for error in results[1]["problem"]["errors"]} == {"agent_id", "timezone"}
    assert results[1]["problem"]["instance"] == "/api/v1/jobs:batch#/jobs/1"
    assert {error["field"] for error in results[9]["problem"]["errors"]} == {"op", "colour"}
    assert all(one["problem"] is None for one in results if one["status"] < 300)
    assert sorted(await names(running)) == ["Job 1", "Job 3", "Job 5", "Job 6"]


async def test_items_that_concern_one_job_follow_each_other(running: Running) -> None:
    """Whatever an item changes, the next one finds changed: a path that is given up may be taken."""
    await running.agent()

    results = await batch(
        running,
        [
            {"op": "create", "job_id": "one", "job": job(1, webhook_path="/x")},
            job(2, webhook_path="/x"),
            {"op": "replace", "job_id": "one", "job": job(3)},
            job(4, webhook_path="/x"),
            {"op": "delete", "job_id": "one"},
            {"op": "create", "job_id": "one", "job": job(5)},
            {"op": "replace", "job_id": "one", "job": job(6)},
        ],
    )

    assert [one["status"] for one in results] == [201, 409, 200, 201, 204, 409, 201]
    assert results[1]["problem"]["type"].endswith("/webhook-path-taken")
    assert await names(running) == ["Job 4", "Job 6"]


async def test_secrets_of_webhooks_are_shown_where_they_are_made(running: Running, bus: Client) -> None:
    await running.agent()
    items = [{"op": "create", "job_id": "hook", "job": job(1, webhook_path="/x")}, job(2)]

    first = await batch(running, items, **KEY)
    again = await batch(running, items, **KEY)

    assert first == again
    assert first[0]["webhook_secret"]
    assert "webhook_secret" not in first[1]
    reply = await bus.request(
        f"$JS.API.STREAM.INFO.{streams.CATALOG.name}",
        json.dumps({"subjects_filter": subjects.catalog("requests", "*")}).encode(),
        timeout=3,
    )
    (recorded,) = json.loads(reply.data)["state"]["subjects"]
    last = await last_message(bus, streams.CATALOG.name, recorded)
    assert last is not None
    assert first[0]["webhook_secret"] not in last.body.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "jobs"),
        ({"jobs": {}}, "jobs"),
        ({"jobs": []}, "jobs"),
        ({"jobs": [{}] * 1_001}, "jobs"),
        ({"jobs": [{}], "dry_run": True}, "dry_run"),
    ],
)
async def test_a_batch_that_is_none(running: Running, body: Json, field: str) -> None:
    answer = await running.http.post("/api/v1/jobs:batch", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_batch_that_is_too_large(nats_server: Server, bearer: str) -> None:
    async with gateway(nats_server.url, bearer, batch_limit_bytes=2_048) as small:
        answer = await small.http.post("/api/v1/jobs:batch", json={"jobs": [job(prompt="x" * 3_000)]})
    assert answer.status_code == 413


async def test_a_thousand_jobs_are_stored_in_a_few_batches(running: Running, bus: Client) -> None:
    """With the time that it takes as a figure; the bound is for a machine that does nothing else."""
    await running.agent()
    before = await last_sequence(bus, streams.CATALOG)
    items = [job(number, webhook_path=f"/job-{number}") for number in range(1_000)]

    began = time.perf_counter()
    results = await batch(running, items, **KEY)
    took = time.perf_counter() - began

    assert {one["status"] for one in results} == {201}
    assert len(await names(running)) == 1_000
    assert await last_sequence(bus, streams.CATALOG) - before <= 2_000 + 20
    again = await batch(running, items, **KEY)
    assert again == results
    print(f"1,000 jobs in {took:.2f} s")  # noqa: T201 - for whoever asks with -s


async def test_a_batch_that_was_interrupted_goes_on_where_it_was(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch of the bus was stored, the second was not: under the same key nothing is made twice."""
    await running.agent()
    write, calls = Store.write, 0

    async def dies_on_the_second(self: Store, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise BusUnavailable("gone")
        await write(self, *arguments)

    items = [job(number) for number in range(600)]
    monkeypatch.setattr(Store, "write", dies_on_the_second)
    broken = await running.http.post("/api/v1/jobs:batch", json={"jobs": items}, headers=KEY, timeout=30)
    half = len(await names(running))

    results = await batch(running, items, **KEY)

    assert broken.status_code == 503
    assert 0 < half < 600
    assert {one["status"] for one in results} == {201}
    assert len(set(await names(running))) == 600
    assert len(await names(running)) == 600


async def test_a_refusal_is_repeated_too(running: Running) -> None:
    """What was refused the first time stays so under this key, though it would be right now."""
    items = [job(1), job(2)]
    first = await batch(running, items, **KEY)
    await running.agent()

    again = await batch(running, items, **KEY)

    assert [one["status"] for one in first] == [422, 422]
    assert again == first
    assert await names(running) == []
    other = await running.http.post("/api/v1/jobs:batch", json={"jobs": [job(3)]}, headers=KEY)
    assert other.json()["type"].endswith("/idempotency-key-reused")


async def test_one_batch_at_two_gateways_at_once(running: Running, nats_server: Server, bearer: str) -> None:
    await running.agent()
    items = [job(number) for number in range(300)]
    async with gateway(nats_server.url, bearer) as other:
        await other.json("GET", "/agents/idle")
        answers = await asyncio.gather(*(batch(one, items, **KEY) for one in (running, other) * 3))

    assert all(answer == answers[0] for answer in answers)
    assert len(await names(running)) == 300


async def test_others_who_change_the_same_jobs_are_not_overwritten(
    running: Running, monkeypatch: pytest.MonkeyPatch, nats_server: Server, bearer: str
) -> None:
    """Between the decision and the batch somebody else has written: it is decided anew over what is there now."""
    await running.agent()
    made = await running.json("PUT", "/jobs/one", job(1))
    async with gateway(nats_server.url, bearer) as other:

        async def meanwhile() -> None:
            await other.json("PATCH", "/jobs/one", {"name": "Theirs"})

        before_writing(monkeypatch, "jobs", meanwhile)
        results = await batch(
            running,
            [{"op": "replace", "job_id": "one", "if_match": made["revision"], "job": job(2)}, job(3)],
        )

    assert [one["status"] for one in results] == [412, 201]
    assert sorted(await names(running)) == ["Job 3", "Theirs"]


async def test_jobs_of_a_batch_are_where_their_agents_are(running: Running) -> None:
    await running.json("POST", "/environments", {"id": "far", "name": "Far", "queue": "distant"})
    body = {"id": "idle", "name": "Idle", "runner": {"kind": "noop"}, "environment": "far"}
    await running.json("POST", "/agents", body)

    await batch(running, [job(number) for number in range(3)])

    assert {one["environment"] for one in await running.json("GET", "/jobs")} == {"far"}


async def test_who_may_not_make_jobs_may_not_make_many(running: Running, nats_server: Server) -> None:
    viewer = await token(nats_server.url, Role.VIEWER)

    async def ask() -> int | None:
        answer = await running.http.post(
            "/api/v1/jobs:batch", json={"jobs": [job()]}, headers={"Authorization": f"Bearer {viewer}"}
        )
        return answer.status_code if answer.status_code != 401 else None

    assert await until(ask, what="a token that is known") == 403
