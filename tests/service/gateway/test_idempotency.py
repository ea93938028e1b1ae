"""A request under an Idempotency-Key is carried out once and answered alike, whoever repeats it, wherever, whenever."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.requests import RequestMade
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.catalog.store import Store
from lamplighter_gateway.timing.orders import Orders
from lamplighter_runtime.latest import last_matching
from lamplighter_runtime.messages import BusUnavailable
from tests.service.gateway.running import Json, Running, gateway, last_sequence, token
from tests.support.servers import Server
from tests.support.waiting import until

KEY = {"Idempotency-Key": "order 66"}
REPLAYED = "idempotency-replayed"

MADE: dict[str, Json] = {
    "agents": {"name": "Clerk", "runner": {"kind": "noop"}},
    "teams": {"name": "Shift", "members": ["idle"]},
    "environments": {"name": "Closed"},
    "calendars": {"name": "Holidays", "dates": ["2026-12-25"]},
    "policies": {"name": "All", "engine": {"kind": "rules", "rules": [{"name": "all"}]}},
    "jobs": {"name": "Report", "prompt": "Go", "agent_id": "idle", "webhook_path": "/report"},
}


async def records(bus: Client) -> list[RequestMade]:
    found = await last_matching(bus, streams.CATALOG.name, [subjects.catalog("requests", ">")], 500)
    return [RequestMade.model_validate_json(last.body) for last in found]


async def post(running: Running, path: str, body: Json, **headers: str) -> httpx.Response:
    return await running.http.post(f"/api/v1{path}", json=body, headers={**KEY, **headers})


@pytest.mark.parametrize("noun", MADE)
async def test_a_repeat_makes_nothing_more(running: Running, bus: Client, noun: str) -> None:
    await running.agent()
    count = len(await running.json("GET", f"/{noun}"))

    first = await post(running, f"/{noun}", MADE[noun])
    made = await last_sequence(bus, streams.CATALOG)
    second = await post(running, f"/{noun}", MADE[noun])
    spelt = await running.http.post(
        f"/api/v1/{noun}", content=json.dumps(dict(reversed(MADE[noun].items())), indent=2), headers=KEY
    )
    other = {**MADE[noun], "webhook_path": None} if noun == "jobs" else MADE[noun]
    without = await running.http.post(f"/api/v1/{noun}", json=other)

    assert first.status_code == 201, first.text
    assert REPLAYED not in first.headers
    for again in (second, spelt):
        assert again.status_code == 201
        assert again.json() == first.json()
        assert again.headers[REPLAYED] == "true"
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["etag"] == first.headers["etag"]
    assert without.status_code == (201 if noun == "jobs" else 409), "another key, or none, is another request"
    assert len(await running.json("GET", f"/{noun}")) == count + (2 if noun == "jobs" else 1)
    assert [(one.kind, one.key) for one in await records(bus)] == [(noun, "order 66")]
    assert (await records(bus))[0].object_ids == (first.json()["id"],)
    assert made == first.json()["revision"] + 1, "in one batch with what was made"


async def test_the_record_goes_after_three_days(running: Running, bus: Client) -> None:
    await post(running, "/agents", MADE["agents"])

    (found,) = await last_matching(bus, streams.CATALOG.name, [subjects.catalog("requests", ">")], 5)

    assert found.headers["Nats-TTL"] == f"{72 * 3600}s"


async def test_a_key_is_of_one_request_and_one_caller(
    running: Running, nats_server: Server, bus: Client
) -> None:
    await running.agent()
    made = await post(running, "/agents", MADE["agents"])
    other = await token(nats_server.url, Role.EDITOR)

    changed = await post(running, "/agents", {**MADE["agents"], "description": "Another"})
    elsewhere = await post(running, "/environments", MADE["environments"])

    async def as_another() -> httpx.Response | None:
        mine = {"name": "Other", "runner": {"kind": "noop"}}
        answer = await post(running, "/agents", mine, Authorization=f"Bearer {other}")
        return answer if answer.status_code != 401 else None

    for refused in (changed, elsewhere):
        assert refused.status_code == 422
        assert refused.json()["type"].endswith("/idempotency-key-reused")
        assert "order 66" in refused.json()["detail"]
    theirs = await until(as_another, what="a token that is known")
    assert theirs.status_code == 201
    assert theirs.json()["id"] != made.json()["id"]
    assert (await running.http.get("/api/v1/environments/closed")).status_code == 404


async def test_what_was_refused_may_come_again_under_its_key(running: Running) -> None:
    wrong = await post(running, "/agents", {"name": "Clerk", "runner": {"kind": "none"}, "active": 7})
    right = await post(running, "/agents", MADE["agents"])

    assert (wrong.status_code, right.status_code) == (422, 201)
    assert REPLAYED not in right.headers
    too_long = await post(running, "/agents", MADE["agents"], **{"Idempotency-Key": "x" * 201})
    assert too_long.status_code == 422


async def test_a_repeat_is_answered_with_what_was_made_then(running: Running) -> None:
    await running.agent()
    first = await post(running, "/jobs", MADE["jobs"])
    path = f"/jobs/{first.json()['id']}"
    await running.json("PATCH", path, {"name": "Renamed"})

    again = await post(running, "/jobs", MADE["jobs"])

    assert again.json() == first.json(), "its webhook's secret, too"
    await running.json("DELETE", path)
    assert (await post(running, "/jobs", MADE["jobs"])).json() == first.json()
    await running.json("DELETE", f"{path}?purge=true")
    gone = await post(running, "/jobs", MADE["jobs"])
    assert gone.status_code == 409
    assert first.json()["id"] in gone.json()["detail"]


async def test_a_token_is_not_shown_again(running: Running, bus: Client) -> None:
    body = {"name": "CI", "role": "viewer"}
    first = await post(running, "/tokens", body)

    again = await post(running, "/tokens", body)

    assert first.status_code == 201
    assert (again.status_code, again.headers.get(REPLAYED)) == (409, None)
    assert first.json()["id"] in again.json()["detail"]
    assert first.json()["token"] not in again.text
    assert len(await running.json("GET", "/tokens")) == 2
    assert first.json()["token"] not in (await records(bus))[0].model_dump_json()


@pytest.mark.parametrize("noun", ["jobs", "agents", "environments"])
async def test_twenty_at_once_over_two_gateways_make_one(
    running: Running, nats_server: Server, bearer: str, bus: Client, noun: str
) -> None:
    await running.agent()
    async with gateway(nats_server.url, bearer) as other:
        for attempt in range(3):
            key = {"Idempotency-Key": f"{noun}-{attempt}"}
            body = {**MADE[noun], "name": f"Made {attempt}"} | (
                {"webhook_path": f"/report-{attempt}"} if noun == "jobs" else {}
            )
            answers = await asyncio.gather(
                *(post(one, f"/{noun}", body, **key) for _ in range(10) for one in (running, other))
            )
            assert {answer.status_code for answer in answers} == {201}, [a.text for a in answers]
            assert len({answer.json()["id"] for answer in answers}) == 1
            assert sum(REPLAYED not in answer.headers for answer in answers) == 1
            named = await running.json("GET", f"/{noun}?name=Made {attempt}")
            assert len(named) == 1
    assert len(await records(bus)) == 3


async def test_an_answer_that_was_lost_is_given_to_the_repeat(
    running: Running, monkeypatch: pytest.MonkeyPatch, bus: Client
) -> None:
    """It was stored, and nobody heard of it: as after a crash between the batch and the answer."""
    write, fails = Store.write, [True]

    async def then_dies(self: Store, *arguments: Any) -> None:
        await write(self, *arguments)
        if fails.pop() if fails else False:
            raise BusUnavailable("nobody heard")

    monkeypatch.setattr(Store, "write", then_dies)

    first = await post(running, "/agents", MADE["agents"])
    again = await post(running, "/agents", MADE["agents"])

    assert (first.status_code, again.status_code) == (503, 201)
    assert again.headers[REPLAYED] == "true"
    assert again.json()["id"] == "clerk"


async def test_a_restarted_gateway_knows_what_was_made(nats_server: Server, bearer: str, bus: Client) -> None:
    async with gateway(nats_server.url, bearer) as one:
        first = await post(one, "/agents", MADE["agents"])
    async with gateway(nats_server.url, bearer) as two:
        again = await post(two, "/agents", MADE["agents"])
    assert again.json() == first.json()
    assert again.headers[REPLAYED] == "true"


async def test_a_backfill_is_ordered_once(running: Running, bus: Client) -> None:
    await running.agent()
    job = (await running.job(schedule="0 9 * * *"))["id"]
    body = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"}

    first = await post(running, f"/jobs/{job}/backfill", body)
    again = await post(running, f"/jobs/{job}/backfill", body)
    other = await post(running, f"/jobs/{job}/backfill", {**body, "max_parallel": 2})
    free = await running.http.post(f"/api/v1/jobs/{job}/backfill", json=body)
    shown = await post(running, f"/jobs/{job}/backfill", {**body, "dry_run": True})

    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert other.status_code == 422
    assert free.json()["backfill_id"] != first.json()["backfill_id"]
    assert shown.status_code == 200


async def test_a_backfill_that_was_claimed_and_not_placed_is_placed(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.agent()
    job = (await running.job(schedule="0 9 * * *"))["id"]
    body = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
    place, fails = Orders.place, [True]

    async def breaks(self: Orders, order: Any) -> Any:
        if fails and fails.pop():
            raise BusUnavailable("not placed")
        return await place(self, order)

    monkeypatch.setattr(Orders, "place", breaks)

    first = await post(running, f"/jobs/{job}/backfill", body)
    again = await post(running, f"/jobs/{job}/backfill", body)

    assert (first.status_code, again.status_code) == (503, 202)
    assert again.json()["total"] == 2


async def test_a_start_says_that_it_is_a_repeat(running: Running) -> None:
    await running.agent()
    job = (await running.job())["id"]

    first = await post(running, f"/jobs/{job}/trigger", {})
    again = await post(running, f"/jobs/{job}/trigger", {})

    assert first.json() == again.json()
    assert (REPLAYED in first.headers, again.headers.get(REPLAYED)) == (False, "true")


async def test_no_gateway_keeps_records_in_memory(running: Running, bus: Client) -> None:
    """There may be many of them: a gateway does not even hear of them."""
    await post(running, "/agents", MADE["agents"])
    seen = [name for name in await _filters(bus) if "requests" in name or name.endswith("catalog.>")]
    assert seen == []


async def _filters(bus: Client) -> list[str]:
    reply = await bus.request(f"$JS.API.CONSUMER.LIST.{streams.CATALOG.name}", b"{}", timeout=3)
    found: list[str] = []
    for consumer in json.loads(reply.data)["consumers"]:
        config = consumer["config"]
        found += config.get("filter_subjects") or [config.get("filter_subject", "")]
    return found
