"""What is read has an ETag, what is written can depend on it; PUT puts a thing in place of another, or makes it."""

import asyncio
import hashlib
import hmac
import json

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.jobs import Job
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Json, Running, gateway, last_sequence
from tests.support.servers import Server

NAMED: dict[str, tuple[Json, Json]] = {
    "agents": (
        {"name": "One", "runner": {"kind": "noop"}, "description": "Old", "capabilities": ["mail"]},
        {"name": "Two", "runner": {"kind": "command", "command": ["true"]}},
    ),
    "teams": (
        {"name": "One", "members": ["idle"], "mode": "parallel", "needed": 1},
        {"name": "Two", "members": ["idle"]},
    ),
    "environments": (
        {"name": "One", "queue": "far", "variables": {"A": "b"}, "exclude_dates": ["2026-12-25"]},
        {"name": "Two"},
    ),
    "calendars": (
        {"name": "One", "description": "Old", "dates": ["2026-12-25"]},
        {"name": "Two", "dates": []},
    ),
    "policies": (
        {"name": "One", "engine": {"kind": "rules", "rules": [{"name": "all"}]}, "dry_run": True},
        {"name": "Two", "engine": {"kind": "rules", "rules": [{"name": "all"}]}},
    ),
    "jobs": (
        {
            "name": "One",
            "prompt": "Go",
            "agent_id": "idle",
            "schedule": "0 9 * * *",
            "timeout_seconds": 60,
            "variables": {"A": "b"},
            "webhook_path": "/one",
        },
        {"name": "Two", "prompt": "Go on", "agent_id": "idle"},
    ),
}
OF_A_MOMENT = {"id", "revision", "created_at", "updated_at", "webhook_secret", "warnings", "next_runs"}


def told(thing: Json, id_field: str) -> Json:
    return {k: v for k, v in thing.items() if k not in OF_A_MOMENT | {id_field}}


@pytest.mark.parametrize("noun", NAMED)
async def test_put_makes_and_then_replaces(running: Running, bus: Client, noun: str) -> None:
    await running.agent()
    id_field = {"policies": "policy_id"}.get(noun, f"{noun[:-1]}_id")
    first, second = NAMED[noun]
    path = f"/api/v1/{noun}/chosen"

    made = await running.http.put(path, json=first)
    before = await last_sequence(bus, streams.CATALOG)
    again = await running.http.put(path, json=first)
    unchanged = await last_sequence(bus, streams.CATALOG)
    replaced = await running.http.put(path, json=second)

    assert (made.status_code, again.status_code, replaced.status_code) == (201, 200, 200), (
        made.text + again.text
    )
    assert made.headers["location"] == path
    assert unchanged == before, "nothing changed, so nothing was written"
    assert again.json()["revision"] == made.json()["revision"]
    assert replaced.json()["revision"] > made.json()["revision"]
    assert replaced.json()["created_at"] == made.json()["created_at"]
    twin = await running.json("POST", f"/{noun}", {**second, **({} if noun == "jobs" else {"id": "twin"})})
    assert told(replaced.json(), id_field) == told(twin, id_field)


@pytest.mark.parametrize("noun", NAMED)
async def test_preconditions(running: Running, noun: str) -> None:
    await running.agent()
    first, second = NAMED[noun]
    path = f"/api/v1/{noun}/chosen"

    async def put(body: Json, **headers: str) -> int:
        return (await running.http.put(path, json=body, headers=headers)).status_code

    for nothing in ("*", '"4"'):
        assert await put(first, **{"If-Match": nothing}) == 412, "there is none yet"
    assert (await running.http.patch(path, json={"name": "X"})).status_code == 404
    assert await put(first, **{"If-None-Match": "*"}) == 201
    assert await put(second, **{"If-None-Match": "*"}) == 412
    read = await running.http.get(path)
    assert await put(second, **{"If-Match": read.headers["etag"]}) == 200
    stale = await running.http.put(path, json=first, headers={"If-Match": read.headers["etag"]})
    assert stale.status_code == 412
    assert stale.headers["etag"] == f'"{(await running.http.get(path)).json()["revision"]}"'
    assert await put(first, **{"If-Match": stale.headers["etag"]}) == 200
    assert (
        await running.http.patch(path, json={"name": "X"}, headers={"If-Match": '"1"'})
    ).status_code == 412
    assert (await running.http.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert await put(second, **{"If-None-Match": '"1"'}) == 422
    for odd in ("1-", '"x"', '"1-"', '"-1"'):
        assert await put(second, **{"If-Match": odd}) == 422, odd
    now = (await running.http.get(path)).headers["etag"]
    deleted = await running.http.delete(path, headers={"If-Match": now})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await running.http.get(path)).status_code == 404
    assert await put(second, **{"If-None-Match": "*"}) == 201, "a deleted one is none"


@pytest.mark.parametrize("noun", NAMED)
async def test_a_put_that_is_wrong(running: Running, noun: str) -> None:
    await running.agent()
    body = NAMED[noun][0]
    fields: list[tuple[str, Json, str]] = [
        ("Not%20a%20slug", body, "id"),
        ("chosen", {**body, "id": "other"}, "id"),
        ("chosen", {**body, "name": ""}, "name"),
        ("chosen", {**body, "unheard_of": 1}, "unheard_of"),
    ]
    for name, wrong, field in fields:
        answer = await running.http.put(f"/api/v1/{noun}/{name}", json=wrong)
        assert answer.status_code == 422, answer.text
        assert field in [error["field"] for error in answer.json()["errors"]]
    await running.http.put(f"/api/v1/{noun}/chosen", json=body)
    short = await running.http.put(f"/api/v1/{noun}/chosen", json={"description": "What it was is not kept"})
    assert short.status_code == 422, "what it has to have is said anew"


async def test_what_is_read_can_be_put_back_whole(running: Running, bus: Client) -> None:
    await running.agent()
    for noun, (body, _) in NAMED.items():
        path = f"/api/v1/{noun}/chosen"
        assert (await running.http.put(path, json=body)).status_code == 201
        read = (await running.http.get(path)).json()
        before = await last_sequence(bus, streams.CATALOG)
        again = await running.http.put(path, json=read)
        assert again.status_code == 200, again.text
        assert await last_sequence(bus, streams.CATALOG) == before, noun


async def test_a_replaced_job_keeps_its_secret_and_its_history(running: Running, bus: Client) -> None:
    """The secret stays with the path; a pause ends, unless it is said again; times count from the change on."""
    await running.agent()
    body = {"name": "Hook", "prompt": "Go", "agent_id": "idle", "webhook_path": "/hook"}
    made = await running.json("PUT", "/jobs/hook", {**body, "schedule": "0 9 * * *"})
    await running.json("POST", "/jobs/hook/pause", {"note": "for now"})

    async def stored() -> Job:
        last = await last_message(bus, streams.CATALOG.name, subjects.catalog("jobs", "hook"))
        assert last is not None
        return Job.model_validate_json(last.body)

    paused = await running.json("PUT", "/jobs/hook", {**body, "enabled": False, "schedule": "0 9 * * *"})
    assert (paused["enabled"], paused["pause"]["note"]) == (False, "for now")
    since = (await stored()).scheduled_from
    resumed = await running.json("PUT", "/jobs/hook", {**body, "schedule": "0 10 * * *"})
    assert resumed["enabled"]
    assert (await stored()).scheduled_from > since
    assert "webhook_secret" not in resumed
    payload = json.dumps({"ref": "main"}).encode()
    digest = hmac.new(made["webhook_secret"].encode(), payload, hashlib.sha256).hexdigest()
    headers = {
        "Authorization": "",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": "1",
        "X-Hub-Signature-256": f"sha256={digest}",
        "Content-Type": "application/json",
    }
    delivered = await running.http.post("/api/v1/jobs/webhook/hook", content=payload, headers=headers)
    assert delivered.status_code == 202, delivered.text
    moved = await running.json("PUT", "/jobs/hook", {**body, "webhook_path": "/elsewhere"})
    assert moved["webhook_secret"] not in (None, made["webhook_secret"])


async def test_a_job_may_be_made_anew_in_place_of_a_deleted_one(running: Running, bus: Client) -> None:
    await running.agent()
    body = {"name": "One", "prompt": "Go", "agent_id": "idle", "webhook_path": "/one"}
    for ending in ("", "?purge=true"):
        first = await running.json("PUT", "/jobs/one", body)
        await running.json("DELETE", f"/jobs/one{ending}")
        second = await running.json("PUT", "/jobs/one", body)
        assert second["created_at"] > first["created_at"]
        await running.json("DELETE", "/jobs/one?purge=true")


async def test_of_two_who_put_at_once_both_are_answered(
    running: Running, nats_server: Server, bearer: str
) -> None:
    """Over two gateways: one makes it, the other replaces it. With `If-None-Match: *` only one is let."""
    async with gateway(nats_server.url, bearer) as other:
        bodies = [{"name": name, "runner": {"kind": "noop"}} for name in ("One", "Two")]

        async def put(one: Running, body: Json, path: str, **headers: str) -> int:
            return (await one.http.put(f"/api/v1/agents/{path}", json=body, headers=headers)).status_code

        for attempt in range(10):
            path = f"both-{attempt}"
            statuses = await asyncio.gather(put(running, bodies[0], path), put(other, bodies[1], path))
            assert sorted(statuses) == [200, 201]
            new = {"If-None-Match": "*"}
            path = f"new-{attempt}"
            statuses = await asyncio.gather(
                put(running, bodies[0], path, **new), put(other, bodies[1], path, **new)
            )
            assert sorted(statuses) == [201, 412]


async def test_what_is_known_already_is_not_sent_again(running: Running) -> None:
    """Whatever is read: things by their revision and how they look, lists by how they look."""
    await running.agent()
    job = await running.job(schedule="0 9 * * *")
    for path in (
        f"/jobs/{job['id']}",
        "/jobs",
        "/agents/idle",
        "/environments/default",
        "/version",
        "/projects",
    ):
        first = await running.http.get(f"/api/v1{path}")
        etag = first.headers["etag"]
        for known in (etag, f'"0", {etag}', f"W/{etag}", "*"):
            again = await running.http.get(f"/api/v1{path}", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b""), (path, known)
            assert again.headers["etag"] == etag
            assert "content-type" not in again.headers
        other = await running.http.get(f"/api/v1{path}", headers={"If-None-Match": '"0"'})
        assert (other.status_code, other.content) == (200, first.content)


async def test_an_etag_is_of_all_that_is_answered(running: Running) -> None:
    """An agent that its job needs is no revision of the job, but its answer is another one."""
    await running.agent()
    job = await running.job()
    read = await running.http.get(f"/api/v1/jobs/{job['id']}")
    await running.json("PATCH", "/agents/idle", {"active": False})

    again = await running.http.get(
        f"/api/v1/jobs/{job['id']}", headers={"If-None-Match": read.headers["etag"]}
    )

    assert again.status_code == 200
    assert again.json()["revision"] == read.json()["revision"]
    assert again.headers["etag"] != read.headers["etag"]
    changed = await running.http.patch(
        f"/api/v1/jobs/{job['id']}", json={"name": "New"}, headers={"If-Match": read.headers["etag"]}
    )
    assert changed.status_code == 200, "the job is what it was when it was read"


async def test_secrets_and_tokens_take_preconditions(running: Running) -> None:
    path = "/api/v1/environments/default/secrets/KEY"
    assert (
        await running.http.put(path, json={"value": "123456"}, headers={"If-Match": '"3"'})
    ).status_code == 412
    made = await running.http.put(path, json={"value": "123456"})
    etag = (await running.http.get(path)).headers["etag"]
    assert etag.startswith(made.headers["etag"].rstrip('"'))
    changed = await running.http.put(path, json={"value": "654321"}, headers={"If-Match": etag})
    assert changed.json()["version"] == 2
    assert (await running.http.delete(path, headers={"If-Match": etag})).status_code == 412
    assert (await running.http.delete(path, headers={"If-Match": changed.headers["etag"]})).status_code == 204
    token = await running.json("POST", "/tokens", {"name": "CI", "role": "viewer"})
    where = f"/api/v1/tokens/{token['id']}"
    assert (await running.http.delete(where, headers={"If-Match": '"1"'})).status_code == 412
    read = (await running.http.get(where)).headers["etag"]
    assert (await running.http.delete(where, headers={"If-Match": read})).status_code == 204
