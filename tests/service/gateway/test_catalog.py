"""The read model follows the catalog through outages, and the writes are compare-and-set."""

import asyncio
import json
import os
import subprocess
import sys

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.access.callers import LAMPLIGHTER
from lamplighter_gateway.catalog.contents import Catalog, Write, key_of
from lamplighter_gateway.catalog.store import Outrun, Store
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import KEY, VAULT_KEYS, Running, gateway, last_sequence
from tests.support.servers import Server
from tests.support.waiting import until


async def test_another_gateways_writes_are_seen(running: Running, bearer: str, nats_server: Server) -> None:
    async with gateway(nats_server.url, bearer) as other:
        await other.agent()
        made = await other.job()
        at_once = await running.json("GET", f"/jobs/{made['id']}")
        changed = await other.json("PATCH", f"/jobs/{made['id']}", {"name": "New"})
        tag = f'"{changed["revision"]}"'
        answer = await running.json("PATCH", f"/jobs/{made['id']}", {"prompt": "New"}, **{"If-Match": tag})

        assert at_once["id"] == made["id"], "one that is not known is looked for in the bucket"
        assert (answer["name"], answer["prompt"]) == ("New", "New")

        async def listed() -> bool:
            return [job["name"] for job in await running.json("GET", "/jobs")] == ["New"]

        await until(listed)


async def test_it_goes_on_after_the_death_of_nats(
    running: Running, bus: Client, nats_server: Server, bearer: str
) -> None:
    await running.agent()
    job = await running.job()
    await asyncio.to_thread(nats_server.kill_and_restart)

    async def changed() -> bool:
        answer = await running.http.patch(f"/api/v1/jobs/{job['id']}", json={"name": "After"})
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await until(changed, what="a write after the restart")
    async with gateway(nats_server.url, bearer) as other:
        await other.json("PATCH", f"/jobs/{job['id']}", {"name": "From elsewhere"})

    async def followed() -> bool:
        return bool((await running.json("GET", "/jobs"))[0]["name"] == "From elsewhere")

    await until(followed, what="the news from elsewhere after the restart")


def _stop_nats(nats_server: Server) -> None:
    child = getattr(nats_server, "child", None)
    if child is None:
        pytest.skip("the server in a container cannot stay away")
    child.kill()


async def test_while_nats_is_away_it_says_so_and_reads_go_on(
    running: Running, bus: Client, nats_server: Server
) -> None:
    await running.agent()
    job = await running.job()
    _stop_nats(nats_server)
    try:
        write = await running.http.patch(f"/api/v1/jobs/{job['id']}", json={"name": "x"})
        trigger = await running.http.post(f"/api/v1/jobs/{job['id']}/trigger")
        read = await running.http.get(f"/api/v1/jobs/{job['id']}")
        ready = await running.http.get("/readyz")
    finally:
        await _start_nats(nats_server, bus)

    for refused in (write, trigger):
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["type"].endswith("/unavailable")
    assert (read.status_code, ready.status_code) == (200, 503)
    assert read.headers["lamplighter-history"] == "unavailable"


async def test_it_stops_cleanly_while_nats_is_away(
    running: Running, bus: Client, nats_server: Server
) -> None:
    _stop_nats(nats_server)
    try:
        await running.stop()
    finally:
        await _start_nats(nats_server, bus)

    assert not running.server.lifespan.should_exit, "the end of the lifespan was clean"


async def _start_nats(nats_server: Server, bus: Client) -> None:
    await asyncio.to_thread(nats_server.kill_and_restart)

    async def connected() -> bool:
        return bool(bus.is_connected)

    await until(connected)


async def test_a_new_gateway_knows_everything_before_it_is_ready(
    running: Running, bearer: str, nats_server: Server
) -> None:
    await running.agent()
    for number in range(30):
        await running.job(name=f"Job {number}")
    await running.json("DELETE", f"/jobs/{(await running.json('GET', '/jobs'))[0]['id']}")

    async with gateway(nats_server.url, bearer) as other:
        assert len(await other.json("GET", "/jobs")) == 29
        assert await other.json("GET", "/agents") == await running.json("GET", "/agents")


async def test_a_write_that_others_outran_stores_nothing(running: Running, bus: Client) -> None:
    await running.agent()
    catalog, key = Catalog(), key_of(Agent, "idle")
    store = Store(bus, catalog)
    await store.refresh([key])
    agent = catalog.find(Agent, "idle")
    assert agent is not None
    await running.json("PATCH", "/agents/idle", {"description": "faster"})
    before = await last_sequence(bus, streams.CATALOG)
    other = key_of(Agent, "other")

    with pytest.raises(Outrun):
        await store.write([Write(other, agent, 0), catalog.following(key, agent)], LAMPLIGHTER)

    assert await last_sequence(bus, streams.CATALOG) == before
    known = catalog.find(Agent, "idle")
    assert known is not None
    assert known.description == "faster", "what outran it is known now"


async def test_an_object_that_cannot_be_read_does_not_hide_the_others(running: Running, bus: Client) -> None:
    await running.agent()
    await bus.jetstream().publish(subjects.catalog("agents", "broken"), b'{"name": 1}')
    await bus.jetstream().publish(subjects.catalog("policies", "later"), b"{}")
    await running.agent("second")

    assert [agent["id"] for agent in await running.json("GET", "/agents")] == ["idle", "second"]


async def test_ends_are_what_any_reader_of_a_bucket_expects(running: Running, bus: Client) -> None:
    await running.agent()
    await running.json("DELETE", "/agents/idle")
    bucket = await bus.jetstream().key_value("catalog")

    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("agents", "idle"))

    assert last is not None
    assert (last.headers["KV-Operation"], last.body) == ("DEL", b"")
    assert "agents.idle" not in await bucket.keys()
    again = await running.agent()
    assert again["revision"] > last.sequence
    assert json.loads((await bucket.get("agents.idle")).value or b"")["name"] == "Idle"


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env={k: v for k, v in os.environ.items() if not k.startswith("LAMPLIGHTER_")} | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


async def test_the_first_token_is_made_beside_the_gateway(running: Running, nats_server: Server) -> None:
    arguments = ("lamplighter_gateway.create_token", "--name", "Operator", "--role", "admin")
    done = await asyncio.to_thread(_run, *arguments, NATS_URL=nats_server.url)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("lamp_")
    assert done.stdout.count("\n") == 1

    async def works() -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {done.stdout.strip()}"}
        answer = await running.http.get("/api/v1/tokens", headers=headers)
        return answer if answer.status_code == 200 else None

    assert "Operator" in [one["name"] for one in (await until(works)).json()]


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("LAMPLIGHTER_SECRET_KEY", "", "openssl rand -base64 32"),
        ("LAMPLIGHTER_SECRET_KEY", "c2hvcnQ=", "32 bytes"),
        ("LAMPLIGHTER_SECRET_KEY", "!", "32"),
        ("LAMPLIGHTER_VAULT_KEYS", "", "openssl rand -base64 32"),
        ("LAMPLIGHTER_VAULT_KEYS", "k1:c2hvcnQ=", "32 bytes"),
        ("LAMPLIGHTER_VAULT_KEYS", KEY, "no id"),
        ("LAMPLIGHTER_VAULT_KEYS", f"{VAULT_KEYS},{VAULT_KEYS}", "the id of an earlier one"),
    ],
)
def test_without_its_keys_it_does_not_start(variable: str, value: str, words: str) -> None:
    given = {"LAMPLIGHTER_SECRET_KEY": KEY, "LAMPLIGHTER_VAULT_KEYS": VAULT_KEYS, variable: value}
    done = _run("lamplighter_gateway", **given)

    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()[1:]] == [variable]
    assert words in done.stderr
    assert not value or value not in done.stderr


async def test_without_its_streams_it_does_not_start(nats_server: Server) -> None:
    done = await asyncio.to_thread(
        _run,
        "lamplighter_gateway",
        NATS_URL=nats_server.url,
        LAMPLIGHTER_SECRET_KEY=KEY,
        LAMPLIGHTER_VAULT_KEYS=VAULT_KEYS,
        LAMPLIGHTER_PORT="0",
    )

    assert done.returncode == 1
    assert "KV_catalog" in done.stderr


async def test_the_queue_of_a_job_is_its_environments(running: Running, bus: Client) -> None:
    await running.agent()
    environment = {
        "environment_id": "lab",
        "name": "Lab",
        "queue": "inside",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    subject = subjects.catalog("environments", "lab")
    await bus.jetstream().publish(subject, json.dumps(environment).encode())

    async def made() -> str | None:
        answer = await running.http.post(
            "/api/v1/jobs", json={"name": "x", "prompt": "y", "agent_id": "idle", "environment": "lab"}
        )
        return str(answer.json()["id"]) if answer.status_code == 201 else None

    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("jobs", await until(made)))
    assert last is not None
    assert Job.model_validate_json(last.body).queue == "inside"
