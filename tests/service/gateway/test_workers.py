"""Workers and queues through the API: who is there, who takes work, and how much waits for whom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import PRESENCE_TTL, dispatcher_due, dispatcher_resume
from lamplighter_contracts.tokens import Role
from lamplighter_contracts.workers import DrainReply, DrainRequest, WorkerState
from lamplighter_gateway.dispatch.presences import Presences
from lamplighter_runtime.messages import Message
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.tails import Entry
from tests.service.gateway.running import Running, token
from tests.support.servers import Server
from tests.support.waiting import heard, until


def state(worker: str = "lab-1", **more: Any) -> WorkerState:
    now = datetime.now(UTC)
    fields: dict[str, Any] = {"queues": ("default",), "slots": 4, "runners": ("noop",)} | more
    return WorkerState(worker=worker, host="lab", pid=1, version="1", started_at=now, seen_at=now, **fields)


async def tell(bus: Client, said: WorkerState, ttl: timedelta = PRESENCE_TTL) -> None:
    await publish(bus, Message(subjects.worker(said.worker), said.model_dump_json().encode(), ttl=ttl))


async def listed(running: Running, *workers: str) -> list[dict[str, Any]]:
    """Once exactly these are listed."""

    async def ask() -> tuple[list[dict[str, Any]]] | None:
        found = await running.json("GET", "/workers")
        return (found,) if [one["worker"] for one in found] == list(workers) else None

    return (await until(ask, what=f"the workers {workers}"))[0]


async def test_workers_are_listed_as_they_tell_of_themselves(running: Running, bus: Client) -> None:
    assert await running.json("GET", "/workers") == []
    second = state("lab-2", running=3, waiting=1, agents={"writer": 3}, draining=True)
    await tell(bus, second)
    await tell(bus, state("lab-1"))

    workers = await listed(running, "lab-1", "lab-2")

    assert workers[1] == second.model_dump(mode="json")


async def test_a_worker_that_says_it_leaves_is_gone_in_a_moment(running: Running, bus: Client) -> None:
    await tell(bus, state())
    await listed(running, "lab-1")

    await tell(bus, state(draining=True), timedelta(seconds=1))

    await listed(running)


async def test_a_worker_that_is_silent_is_forgotten(bus: Client) -> None:
    now = 100.0
    presences = Presences(bus, lambda: now)
    told = Entry(
        subjects.worker("lab-1"),
        1,
        {"Nats-TTL": "20s"},
        state().model_dump_json().encode(),
        0,
        datetime.now(UTC),
    )
    presences._learn(told)

    now = 119.0
    assert [one.worker for one in presences.workers] == ["lab-1"]
    now = 120.5
    assert presences.workers == ()


async def test_what_cannot_be_read_was_not_said(bus: Client) -> None:
    presences = Presences(bus)
    presences._learn(
        Entry(subjects.worker("lab-1"), 1, {}, b'{"of": "another version"}', 0, datetime.now(UTC))
    )
    presences._learn(Entry(subjects.readiness("lab"), 2, {}, b"", 0, datetime.now(UTC)))

    assert presences.workers == ()
    assert presences.situation.readiness == {}
    # It has not read all that there is.
    assert presences.situation.workers is None


@asynccontextmanager
async def hearing(bus: Client, worker: str, reply: DrainReply) -> AsyncIterator[list[DrainRequest]]:
    asked: list[DrainRequest] = []

    async def on_drain(message: Msg) -> None:
        asked.append(DrainRequest.model_validate_json(message.data))
        await message.respond(reply.model_dump_json().encode())

    subscription = await bus.subscribe(subjects.drain(worker), cb=on_drain)
    await heard(bus)
    yield asked
    await subscription.unsubscribe()


async def test_a_worker_is_drained_and_takes_work_again(running: Running, bus: Client) -> None:
    async with hearing(bus, "lab-1", DrainReply(outcome="draining", running=2)) as asked:
        answer = await running.json("POST", "/workers/lab-1/drain")
        await running.json("POST", "/workers/lab-1/undrain")

    assert answer == {"outcome": "draining", "running": 2}
    assert [(one.worker, one.drain, bool(one.requested_by)) for one in asked] == [
        ("lab-1", True, True),
        ("lab-1", False, True),
    ]


@pytest.mark.parametrize("worker", ["nobody", "*", "lab.1", "a%20b", "%3E"])
async def test_a_worker_that_is_not_there_cannot_be_drained(
    running: Running, bus: Client, worker: str
) -> None:
    """Nor can all at once, by a pattern."""
    async with hearing(bus, "lab-1", DrainReply(outcome="draining", running=2)) as asked:
        answer = await running.http.post(f"/api/v1/workers/{worker}/drain")

    assert (answer.status_code, asked) == (404, [])
    assert "There is no worker" in answer.json()["detail"]


async def test_who_may_drain(running: Running, nats_server: Server) -> None:
    viewer = await token(nats_server.url, Role.VIEWER)
    headers = {"Authorization": f"Bearer {viewer}"}

    async def ask(method: str, path: str) -> int:
        answer: httpx.Response = await running.http.request(method, f"/api/v1{path}", headers=headers)
        return answer.status_code

    async def known() -> bool:
        return await ask("GET", "/workers") == 200

    await until(known, what="the viewer's token")
    assert await ask("GET", "/queues") == 200
    assert await ask("POST", "/workers/lab-1/drain") == 403
    assert await ask("POST", "/workers/lab-1/undrain") == 403


async def test_queues_tell_their_room_and_what_waits(running: Running, bus: Client) -> None:
    """Of a queue that no worker ever served all waits that is there."""
    await running.json("POST", "/environments", {"id": "far", "name": "Far", "queue": "far"})
    await provision_consumers(bus, [dispatcher_due("default"), dispatcher_resume("default")])
    for queue, number in (("default", 3), ("far", 2)):
        for n in range(number):
            await publish(bus, Message(subjects.job_due(queue, f"job-{n}"), b"{}"))
    await publish(bus, Message(subjects.resume("default", "x"), b"{}"))
    pull = await bus.jetstream().pull_subscribe_bind("dispatcher-default", stream="JOBS")
    await pull.fetch(1, timeout=5)
    await tell(bus, state("lab-1", running=3))
    await tell(bus, state("lab-2", running=1, queues=("default", "third"), draining=True))
    await listed(running, "lab-1", "lab-2")

    assert await running.json("GET", "/queues") == [
        {"queue": "default", "workers": ["lab-1", "lab-2"], "slots": 4, "running": 4, "due": 3},
        {"queue": "far", "workers": [], "slots": 0, "running": 0, "due": 2},
        {"queue": "third", "workers": ["lab-2"], "slots": 0, "running": 1, "due": 0},
    ]
