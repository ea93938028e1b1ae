"""Jobs run where their environment says, or their executor's: and follow it, whoever changes what meanwhile."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client

from lamplighter_contracts import streams, subjects
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.jobs import places
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Json, Running, gateway, last_sequence
from tests.support.servers import Server
from tests.support.waiting import until


async def place(bus: Client, job_id: str) -> tuple[str, str]:
    last = await last_message(bus, streams.CATALOG.name, subjects.catalog("jobs", job_id))
    assert last is not None
    job = Job.model_validate_json(last.body)
    return job.environment, job.queue


async def made(running: Running, path: str, name: str, **fields: Json) -> Json:
    return await running.json("POST", path, {"id": name, "name": name, **fields})


@pytest.fixture
async def labs(running: Running) -> None:
    """Three environments on queues of their own, and an agent in each of two."""
    for name in ("one", "two", "three"):
        await made(running, "/environments", name, queue=f"queue-{name}")
    for name in ("one", "two"):
        await made(
            running, "/agents", f"agent-{name}", runner={"kind": "llm", "model": "m"}, environment=name
        )


TEAM = {"members": ["agent-one", "agent-two"]}

WHERE: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("the agent's", {}, {"agent_id": "agent-one"}, "one"),
    ("the first member's", TEAM, {"team_id": "team"}, "one"),
    (
        "the leader's",
        {"mode": "lead", "leader": "agent-two", "members": ["agent-one"]},
        {"team_id": "team"},
        "two",
    ),
    ("the team's own", {**TEAM, "environment": "three"}, {"team_id": "team"}, "three"),
    ("a smart one's", {}, {"smart": True}, "default"),
]


@pytest.mark.usefixtures("labs")
@pytest.mark.parametrize(("team", "who", "where"), [c[1:] for c in WHERE], ids=[c[0] for c in WHERE])
async def test_without_a_word_it_is_its_executors(
    running: Running, bus: Client, team: dict[str, Any], who: dict[str, Any], where: str
) -> None:
    if team:
        await made(running, "/teams", "team", **team)
    inherits = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", **who})
    named = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "environment": "two", **who})

    queue = "default" if where == "default" else f"queue-{where}"
    assert (inherits["environment"], inherits["environment_inherited"]) == (where, True)
    assert await place(bus, inherits["id"]) == (where, queue)
    assert (named["environment"], named["environment_inherited"]) == ("two", False)
    assert await place(bus, named["id"]) == ("two", "queue-two")


@pytest.mark.usefixtures("labs")
async def test_it_is_named_and_taken_back(running: Running, bus: Client) -> None:
    job = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "agent_id": "agent-one"})
    path = f"/jobs/{job['id']}"

    sent_back = await running.json("PATCH", path, {**job, "name": "Other"})
    assert (sent_back["environment"], sent_back["environment_inherited"]) == ("one", True)
    named = await running.json("PATCH", path, {"environment": "three"})
    assert (named["environment"], named["environment_inherited"]) == ("three", False)
    back = await running.json("PATCH", path, {"environment": None})
    assert (back["environment"], back["environment_inherited"]) == ("one", True)
    other = await running.json("PATCH", path, {"agent_id": "agent-two"})
    assert (other["environment"], await place(bus, job["id"])) == ("two", ("two", "queue-two"))


@pytest.mark.usefixtures("labs")
async def test_jobs_follow_their_executor(running: Running, bus: Client) -> None:
    await made(running, "/teams", "team", **TEAM)
    own = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "agent_id": "agent-one"})
    through = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "team_id": "team"})
    body = {"name": "x", "prompt": "y", "agent_id": "agent-one", "environment": "one"}
    pinned = await running.json("POST", "/jobs", body)
    ids = [own["id"], through["id"], pinned["id"]]
    before = await last_sequence(bus, streams.CATALOG)

    await running.json("PATCH", "/agents/agent-one", {"environment": "three"})
    assert [(await place(bus, one))[0] for one in ids] == ["three", "three", "one"]
    assert await last_sequence(bus, streams.CATALOG) == before + 3, "one batch"
    await running.json("PATCH", "/teams/team", {"members": ["agent-two", "agent-one"]})
    assert [(await place(bus, one))[0] for one in ids] == ["three", "two", "one"]
    await running.json("PATCH", "/teams/team", {"environment": "one"})
    assert (await place(bus, through["id"])) == ("one", "queue-one")
    await running.json("PATCH", "/environments/three", {"queue": "elsewhere"})
    assert (await place(bus, own["id"])) == ("three", "elsewhere")


@pytest.mark.usefixtures("labs")
async def test_many_follow_batch_by_batch(
    running: Running, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_AT_ONCE", 4)
    jobs = [
        await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "agent_id": "agent-one"})
        for _ in range(10)
    ]
    await running.json("PATCH", "/agents/agent-one", {"environment": "two"})
    assert {await place(bus, job["id"]) for job in jobs} == {("two", "queue-two")}


@pytest.mark.usefixtures("labs")
async def test_an_environment_that_a_job_inherits_stays(running: Running) -> None:
    await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "agent_id": "agent-one"})
    refused = await running.http.delete("/api/v1/environments/one")
    assert (refused.status_code, "agent 'agent-one'" in refused.json()["detail"]) == (409, True)


@pytest.mark.usefixtures("labs")
async def test_a_restored_job_is_where_its_executor_is_today(running: Running, bus: Client) -> None:
    job = await running.json("POST", "/jobs", {"name": "x", "prompt": "y", "agent_id": "agent-one"})
    await running.json("DELETE", f"/jobs/{job['id']}")
    await running.json("PATCH", "/agents/agent-one", {"environment": "two"})
    await running.json("DELETE", "/environments/one")

    await running.json("POST", f"/jobs/{job['id']}/restore")

    assert await place(bus, job["id"]) == ("two", "queue-two")


@pytest.mark.usefixtures("labs")
async def test_jobs_saved_while_their_executor_moves_follow_too(
    running: Running, bus: Client, bearer: str, nats_server: Server
) -> None:
    """Whoever writes first, here or at another gateway: in the end every job is where its agent is."""
    await made(running, "/teams", "team", members=["agent-one"])
    async with gateway(nats_server.url, bearer) as other:

        async def knows() -> bool:
            return bool(await other.json("GET", "/teams"))

        await until(knows)
        whom = ({"agent_id": "agent-one"}, {"team_id": "team"})
        for turn in range(8):
            where = ("one", "two", "three")[turn % 3]
            move = running.json("PATCH", "/agents/agent-one", {"environment": where})
            news = [
                gate.json("POST", "/jobs", {"name": "x", "prompt": "y", **who})
                for gate in (running, other, other)
                for who in whom
            ]
            _, *jobs = await asyncio.gather(move, *news)

            assert {await place(bus, job["id"]) for job in jobs} == {(where, f"queue-{where}")}
