"""The stream of all events: exact from any position, for many readers at once, and for each what it may know."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import Delivery, Event
from lamplighter_gateway.live import listening, marks, ring
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import Running, gateway
from tests.support import happenings
from tests.support.servers import Server
from tests.support.waiting import until

DEADLINE = 20


@dataclass
class Heard:
    name: str
    position: str
    data: Any

    @property
    def same(self) -> tuple[str, Any]:
        """What it is, wherever it stands."""
        return self.name, self.data


class Ear:
    """One open stream. `position` is where a browser would go on."""

    def __init__(self, lines: AsyncGenerator[str, None]) -> None:
        self._lines = lines
        self.positions: list[str] = []
        self.beats = 0

    @property
    def position(self) -> str:
        return self.positions[-1]

    async def next(self) -> Heard:
        name = data = ""
        async with asyncio.timeout(DEADLINE):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                match field:
                    case "event":
                        name = value
                    case "id":
                        self.positions.append(value)
                    case "data":
                        data = value
                    case "" if value:
                        self.beats += 1
                    case "" if data:
                        return Heard(name, self.position, json.loads(data))
                    case _:
                        pass
        raise EOFError

    async def take(self, count: int) -> list[Heard]:
        return [await self.next() for _ in range(count)]

    async def rest(self) -> list[Heard]:
        heard = []
        try:
            while True:
                heard.append(await self.next())
        except EOFError:
            return heard


class _Opened:
    def __init__(self, http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
        self._stream = http.stream("GET", path, headers=headers, timeout=DEADLINE)

    async def __aenter__(self) -> Ear:
        answer = await self._stream.__aenter__()
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        # What has come is known to be open: from here on nothing is missed.
        assert (await anext(lines)).startswith("retry")
        return Ear(lines)  # type: ignore[arg-type]

    async def __aexit__(self, *_: object) -> None:
        await self._stream.__aexit__(None, None, None)


def listen(running: Running, query: str = "", after: str = "", job: str = "", bearer: str = "") -> _Opened:
    path = f"/api/v1/jobs/{job}/events" if job else "/api/v1/events"
    headers = {"Last-Event-ID": after} if after else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return _Opened(running.http, path + query, headers)


def names(heard: Sequence[Heard]) -> list[str]:
    return [one.name for one in heard]


async def test_what_happens_is_told_as_it_happens(running: Running, bus: Client) -> None:
    await running.agent()
    job = (await running.json("POST", "/jobs", {"name": "A", "prompt": "Do", "agent_id": "idle"}))["id"]
    async with listen(running) as ear:
        await happenings.happen(bus, happenings.due(1, job))
        due = await ear.next()
        await happenings.happen(bus, happenings.started(1, job_id=job))
        started = await ear.next()

    assert (due.name, due.data["job_id"], due.data["project"]) == ("job.due", job, "default")
    assert due.data["execution_id"] == started.data["execution_id"]
    assert (started.name, started.data["status"]) == ("execution.started", "running")


async def _job(running: Running, **fields: Any) -> str:
    return str((await running.job(**fields))["id"])


async def _token(running: Running, role: str, *projects: str) -> str:
    body = {"name": "Visitor", "role": role, "projects": list(projects)}
    return str((await running.json("POST", "/tokens", body))["token"])


async def _happen(bus: Client, job: str, first: int, last: int) -> None:
    """What becomes of so many starts of a job: six events each, of both streams."""
    for number in range(first, last):
        told: list[Event] = [happenings.started(number, job_id=job), happenings.step(of=number)]
        told += [happenings.decided(of=number), happenings.finished(number, job_id=job)]
        moved = [
            event.model_copy(update={"execution_id": happenings.execution(number, job)}) for event in told
        ]
        await happenings.happen(bus, happenings.queued(number, job), happenings.due(number, job))
        await happenings.happen(bus, *moved)


OF_ONE = {
    *("job.queued", "job.due", "execution.started", "execution.step"),
    *("execution.decided", "execution.finished"),
}


def _same(one: Sequence[Heard], other: Sequence[Heard]) -> None:
    """None lost, none twice, and each stream in its order."""
    for kind in ("job", "execution", "delivery", "catalog"):
        mine, theirs = ([h.same for h in heard if h.name.startswith(kind)] for heard in (one, other))
        assert mine == theirs


def _at(heard: Heard) -> datetime:
    return datetime.fromisoformat(heard.data["time"])


async def test_it_goes_on_after_every_event_exactly(
    running: Running, bus: Client, nats_server: Server, bearer: str
) -> None:
    """In the ring of the gateway that told it; and at another one, which has to read it again."""
    await running.agent()
    job = await _job(running)
    async with listen(running) as ear:
        await _happen(bus, job, 0, 3)
        heard = await ear.take(18)
    assert set(names(heard)) == OF_ONE

    async with gateway(nats_server.url, bearer) as other:
        for had, one in enumerate(heard[:-1], 1):
            for place in (running, other):
                async with listen(place, after=one.position) as ear:
                    _same(await ear.take(18 - had), heard[had:])
        async with listen(other, after=heard[0].position) as ear:
            ats = [_at(one) for one in await ear.take(17)]
        assert ats == sorted(ats)
        async with listen(other, after=heard[-1].position) as ear:
            await happenings.happen(bus, happenings.skipped(9, job))
            assert (await ear.next()).name == "job.skipped"


async def test_whoever_is_too_slow_for_the_ring_misses_nothing(
    running: Running, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "MOST_BYTES", 5_000)
    await running.agent()
    job = await _job(running)
    async with listen(running) as slow, listen(running) as fast:
        await _happen(bus, job, 0, 1)
        first = await slow.take(6)
        await _happen(bus, job, 1, 30)
        there = first + await slow.take(6 * 29)
        heard = await fast.take(6 * 30)
    _same(there, heard)
    async with listen(running, after=first[0].position) as late:
        _same(await late.take(6 * 30 - 1), heard[1:])


async def test_a_hundred_readers_cost_one_reading_of_the_bus(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    ears = [listen(running) for _ in range(100)]
    opened = [await ear.__aenter__() for ear in ears]
    await _happen(bus, job, 0, 1)
    heard = [await ear.take(6) for ear in opened]

    assert all([h.position for h in one] == [h.position for h in heard[0]] for one in heard)
    found = json.loads((await bus.request("$JS.API.CONSUMER.NAMES.JOBS", b"", timeout=3)).data)
    assert len([name for name in found["consumers"] if name.startswith("tail-")]) == 1
    for ear in ears:
        await ear.__aexit__()


async def test_the_server_dies_in_the_middle(running: Running, bus: Client, nats_server: Server) -> None:
    await running.agent()
    job = await _job(running)
    async with listen(running, "?kind=execution") as ear:
        await _happen(bus, job, 0, 2)
        heard = await ear.take(8)
        await asyncio.to_thread(nats_server.kill_and_restart)

        async def again() -> bool:
            try:
                await happenings.happen(bus, happenings.started(2, job_id=job))
            except ConnectionError:
                return False
            return True

        await until(again)
        heard.append(await ear.next())
    assert heard[-1].data["execution_id"] == happenings.execution(2, job)
    assert len({one.data["event_id"] + one.position for one in heard}) == 9


async def test_everyone_hears_of_their_own_projects_alone(running: Running, bus: Client) -> None:
    await running.agent()
    body = {"id": "payer", "name": "Payer", "runner": {"kind": "noop"}, "project": "payments"}
    await running.json("POST", "/agents", body)
    ours = await _job(running)
    theirs = await _job(running, project="payments", agent_id="payer")
    visitor = await _token(running, "viewer", "payments")
    everywhere = await _token(running, "viewer", "*")
    async with (
        listen(running, "?kind=job,execution", bearer=visitor) as one,
        listen(running, "?kind=job,execution", bearer=everywhere) as whole,
    ):
        await happenings.happen(bus, happenings.due(1, ours), happenings.due(2, theirs))
        strange = happenings.started(7, job_id="nobody-knows")
        await happenings.happen(bus, strange, happenings.started(1, job_id=ours))
        # A step names its execution alone.
        step = happenings.step().model_copy(update={"execution_id": happenings.execution(1, ours)})
        await happenings.happen(bus, step, happenings.started(2, job_id=theirs))
        mine, all_of_them = await one.take(2), await whole.take(6)
    assert [h.data["job_id"] for h in mine] == [theirs, theirs]
    assert {h.data["project"] for h in mine} == {"payments"}
    assert sorted(str(h.data["project"]) for h in all_of_them) == sorted(
        ["default", "payments", "default", "default", "payments", "None"]
    )
    assert (await running.http.get(f"/api/v1/jobs/{ours}/events", headers=_as(visitor))).status_code == 404


def _as(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}


async def test_a_deleted_job_is_still_of_its_project(running: Running, bus: Client) -> None:
    body = {"id": "payer", "name": "Payer", "runner": {"kind": "noop"}, "project": "payments"}
    await running.json("POST", "/agents", body)
    job = await _job(running, project="payments", agent_id="payer")
    visitor = await _token(running, "viewer", "payments")
    await happenings.happen(bus, happenings.started(1, job_id=job))
    async with listen(running, bearer=visitor) as ear:
        await running.json("DELETE", f"/jobs/{job}")
        assert (await ear.next()).data["operation"] == "deleted"
        await happenings.happen(bus, happenings.finished(1, job_id=job))
        assert (await ear.next()).name == "execution.finished"
        await running.json("DELETE", f"/jobs/{job}?purge=true")
        assert (await ear.next()).data["operation"] == "purged"
        await happenings.happen(bus, happenings.finished(2, job_id=job))
        assert (await ear.next()).data["project"] == "payments"


async def test_an_execution_that_began_before_anyone_listened_is_placed(
    running: Running, bus: Client
) -> None:
    await running.agent("writer")
    job = await _job(running, agent_id="writer")
    await happenings.happen(bus, happenings.started(1, job_id=job))
    async with listen(running, f"?job_id={job}&agent_id=writer") as ear:
        step = happenings.step().model_copy(update={"execution_id": happenings.execution(1, job)})
        await happenings.happen(bus, step)
        assert (await ear.next()).data["job_id"] == job


async def test_the_catalog_tells_what_became_of_what_and_nothing_more(running: Running) -> None:
    secret = "s3cr3t-that-nobody-may-see"
    visitor = await _token(running, "viewer", "*")
    async with (
        listen(running, "?type=catalog.changed") as ear,
        listen(running, "?kind=catalog", bearer=visitor) as viewer,
    ):
        await running.agent()
        await running.json("PATCH", "/agents/idle", {"description": "New"})
        job = await _job(running)
        await running.json("PUT", "/environments/default/secrets/KEY", {"value": secret})
        token = await running.json("POST", "/tokens", {"name": "Robot", "role": "viewer"})
        await running.json("DELETE", f"/jobs/{job}")
        await running.json("DELETE", "/agents/idle")
        heard = await ear.take(7)
        shown = await viewer.take(6)

    assert [(h.data["kind"], h.data["operation"]) for h in heard] == [
        *(("agent", "created"), ("agent", "changed"), ("job", "created"), ("secret", "created")),
        *(("token", "created"), ("job", "deleted"), ("agent", "deleted")),
    ]
    fields = {"event_id", "type", "time", "project", "kind", "id", "operation", "revision"}
    assert all(set(h.data) == fields for h in heard)
    # Who may do what is the administrators' affair.
    assert [h.data["kind"] for h in shown] == [h.data["kind"] for h in heard if h.data["kind"] != "token"]
    everything = json.dumps([h.data for h in heard])
    assert secret not in everything
    assert token["token"] not in everything


async def test_what_came_from_outside_is_not_told(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    async with listen(running) as ear:
        payload = {"text": "OUTSIDE"}
        due = happenings.due(1, job, payload=payload, prompt="say OUTSIDE")
        await happenings.happen(bus, due, happenings.queued(2, job, payload))
        heard = await ear.take(2)
    assert "OUTSIDE" not in json.dumps([h.data for h in heard])
    assert heard[0].data["trigger"]["kind"] == "schedule"


async def test_a_delivery_is_told_without_its_body(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    received = DeliveryReceived(
        delivery_id=happenings.execution(1, job),
        job_id=job,
        key="k",
        delivery=Delivery(provider="github", delivery_id="d1", event="push"),
        outcome=DeliveryOutcome.ACCEPTED,
        execution_id=happenings.execution(1, job),
        received_at=happenings.NOON,
        address="203.0.113.9",
        path="/hidden-path",
        headers={"x-a": "HEADER"},
        body="Qk9EWQ==",
        size=4,
    )
    async with listen(running, "?kind=delivery") as ear:
        await _publish(bus, subjects.delivery(job, "k"), received)
        heard = await ear.next()
    assert (heard.name, heard.data["outcome"]) == ("delivery.received", "accepted")
    assert heard.data["delivery"]["event"] == "push"
    for hidden in ("HEADER", "Qk9EWQ", "hidden-path", "203.0.113.9"):
        assert hidden not in json.dumps(heard.data)


async def _publish(bus: Client, subject: str, event: Event) -> None:
    headers = envelope.headers(event, event_id="x", source="/test", time=happenings.NOON)
    await publish(bus, Message(subject, envelope.body(event), headers))


async def test_only_what_was_asked_for(running: Running, bus: Client) -> None:
    await running.agent()
    ours, other = await _job(running), await _job(running)
    asked = {
        f"?job_id={other}": ["job.due"],
        "?type=job.due": ["job.due", "job.due"],
        "?type=lamplighter.job.skipped.v1": ["job.skipped"],
        "?kind=execution": ["execution.started", "execution.waiting", "execution.finished"],
        "?status=completed,waiting_for_input": ["execution.waiting", "execution.finished"],
        "?status=skipped": ["job.skipped"],
        "?agent_id=writer&kind=execution": ["execution.started", "execution.waiting", "execution.finished"],
        "?agent_id=idle&kind=execution": [],
        "?project=elsewhere": [],
        "?project=default&kind=execution&type=execution.finished": ["execution.finished"],
    }
    streams_ = {query: listen(running, query) for query in asked}
    ears = {query: await stream.__aenter__() for query, stream in streams_.items()}
    await happenings.happen(
        bus, happenings.due(1, ours), happenings.due(2, other), happenings.skipped(3, ours)
    )
    started = happenings.started(1, job_id=ours, agent_id="writer")
    await happenings.happen(bus, started, happenings.waiting(1, ours), happenings.finished(1, job_id=ours))
    for query, wanted in asked.items():
        assert names(await ears[query].take(len(wanted))) == wanted, query
        await streams_[query].__aexit__()


async def test_wrong_questions(running: Running) -> None:
    for query in ("?kind=nonsense", "?type=job.nonsense", "?status=gone", "?since=yesterday"):
        answer = await running.http.get(f"/api/v1/events{query}")
        assert answer.status_code == 422, query
    for position in (
        "nonsense",
        "1-2-3",
        "1-2-3-4-5",
        "-1-2-3-4",
        f"{'9' * 19}-1-1-1",
        "1-1-1-99999999999999",
    ):
        answer = await running.http.get("/api/v1/events", headers={"Last-Event-ID": position})
        assert answer.status_code == 422, position
    assert (await running.http.get("/api/v1/jobs/nobody/events")).status_code == 404


async def test_a_position_whose_successors_are_no_longer_kept_is_a_gap(
    running: Running, bus: Client, nats_server: Server, bearer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running.agent()
    job = await _job(running)
    async with listen(running) as ear:
        await _happen(bus, job, 0, 1)
        heard = await ear.take(6)
    async with gateway(nats_server.url, bearer) as other:
        async with listen(other, after=heard[0].position) as ear:
            assert (await ear.next()).same == heard[1].same
        monkeypatch.setattr(marks, "KEPT", timedelta(0))
        monkeypatch.setattr(marks, "SLACK", timedelta(0))
        async with gateway(nats_server.url, bearer) as third, listen(third, after=heard[0].position) as ear:
            gap, first = await ear.take(2)
    assert (gap.name, first.same) == ("gap", heard[1].same)
    assert "not known" in gap.data["reason"]
    assert gap.position == heard[0].position


async def test_a_position_beyond_the_end_is_a_gap(running: Running, bus: Client) -> None:
    """NATS was set up anew, and gives small numbers away again: nothing may be waited for in silence."""
    await running.agent()
    job = await _job(running)
    async with listen(running, after="999999-999999-999999-1767225600000") as ear:
        gap = await ear.next()
        await happenings.happen(bus, happenings.due(1, job))
        due = await ear.next()
    assert (gap.name, due.name) == ("gap", "job.due")


async def test_since_an_instant(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    async with listen(running) as ear:
        await _happen(bus, job, 0, 2)
        heard = await ear.take(12)
    at = heard[-1].data["time"]
    async with listen(running, f"?since={at}") as ear:
        again = [await ear.next()]
        while again[-1].same != heard[-1].same:
            again.append(await ear.next())
    assert all(_at(h) >= _at(heard[-1]) for h in again)
    async with listen(running, "?since=2026-01-01T00:00:00Z&kind=job") as ear:
        assert names(await ear.take(4)) == ["job.queued", "job.due"] * 2


async def test_the_stream_of_a_job_ends_with_it(running: Running, bus: Client) -> None:
    await running.agent()
    job, other = await _job(running), await _job(running)
    async with listen(running, "?kind=job", job=job) as ear:
        await happenings.happen(bus, happenings.due(1, other), happenings.due(2, job))
        first = await ear.next()
        await running.json("DELETE", f"/jobs/{job}")
        rest = await ear.rest()
    assert first.data["job_id"] == job
    # The change itself was not asked for.
    assert [(h.name, h.data["reason"]) for h in rest] == [("end", "deleted")]
    async with listen(running, job=job, after=first.position) as ear:
        assert names(await ear.rest()) == ["catalog.changed", "end"]
    async with listen(running, job=job) as ear:
        assert names(await ear.rest()) == ["end"]


async def test_a_gateway_that_goes_says_so_and_another_goes_on(
    nats_server: Server, bus: Client, bearer: str
) -> None:
    async with gateway(nats_server.url, bearer) as leaving:
        await leaving.agent()
        job = await _job(leaving)
        async with listen(leaving) as ear:
            await _happen(bus, job, 0, 1)
            heard = await ear.take(6)
            await leaving.stop()
            end = (await ear.rest())[-1]
    assert (end.name, end.data["reason"]) == ("end", "leaving")
    await _happen(bus, job, 1, 2)
    async with gateway(nats_server.url, bearer) as other, listen(other, after=end.position) as ear:
        assert not {h.data["event_id"] for h in await ear.take(6)} & {h.data["event_id"] for h in heard} - {
            "test"
        }


async def test_a_silent_stream_beats_and_moves_its_reader_on(
    running: Running, bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HEARTBEAT_SECONDS", 0.1)
    await running.agent()
    job = await _job(running)
    async with listen(running, "?kind=delivery") as deaf, listen(running) as ear:
        await _happen(bus, job, 0, 1)
        last = (await ear.take(6))[-1].position

        async def moved() -> bool:
            return deaf.beats > 2 and deaf.position.split("-")[:3] == last.split("-")[:3]

        reading = asyncio.create_task(deaf.next())
        await until(moved)
        reading.cancel()
    async with listen(running, after=deaf.position) as ear:
        await happenings.happen(bus, happenings.due(7, job))
        assert (await ear.next()).data["execution_id"] == happenings.execution(7, job)


async def test_whose_token_is_revoked_hears_nothing_more(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    made = await running.json("POST", "/tokens", {"name": "Visitor", "role": "viewer"})
    async with listen(running, "?kind=job", bearer=made["token"]) as ear:
        await happenings.happen(bus, happenings.due(1, job))
        assert (await ear.next()).name == "job.due"
        await running.json("DELETE", f"/tokens/{made['id']}")
        await happenings.happen(bus, happenings.due(2, job))
        assert await ear.rest() == []


async def test_what_there_is_and_no_more(running: Running, bus: Client) -> None:
    await running.agent()
    job = await _job(running)
    await _happen(bus, job, 0, 2)
    async with listen(running, "?since=2026-01-01T00:00:00Z&follow=false&kind=job") as ear:
        heard = await ear.rest()
    assert names(heard) == [*("job.queued", "job.due") * 2, "end"]
    assert heard[-1].data["reason"] == "present"


async def test_who_loses_the_connection_before_anything_happened_misses_nothing(
    running: Running, bus: Client
) -> None:
    await running.agent()
    job = await _job(running)
    async with listen(running, "?kind=job") as ear:
        async with listen(running, "?kind=job") as other:
            await happenings.happen(bus, happenings.due(1, job))
            due = await other.next()
        assert (await ear.next()).same == due.same
        begun = ear.positions[0]
    async with listen(running, "?kind=job", after=begun) as ear:
        assert (await ear.next()).same == due.same


async def test_the_document_of_the_bus_is_public(running: Running) -> None:
    async with httpx.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(f"http://127.0.0.1:{running.port}/docs/asyncapi.json")
    assert answer.status_code == 200
    assert answer.json()["asyncapi"] == "3.0.0"
    assert "job.due" in answer.json()["channels"]
