"""The live stream: the past and the present joined, no line lost or doubled, and an end that comes last."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, streams, subjects
from lamplighter_contracts.events import Event, TriggerDecided
from lamplighter_contracts.executions import (
    ExecutionFinished,
    ExecutionStarted,
    ExecutionStatus,
    ExecutionStep,
    LogBatch,
    LogLine,
    LogStream,
)
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.queries import Attempt, ExecutionRecord, RecordedBatch, RecordedLine
from lamplighter_gateway.live import streaming as live
from lamplighter_runtime.messages import BusUnavailable, Message, Stored
from lamplighter_runtime.publishing import publish
from tests.service.gateway.running import KEY, VAULT_KEYS, Running, last_sequence
from tests.service.gateway.scripted_history import ScriptedHistory, scripted_history
from tests.support import happenings
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import until

DEADLINE = 20
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EXECUTION = execution_id(AT, "a-job", "key")


@dataclass
class Said:
    """One server-sent event."""

    name: str
    position: str
    data: Any


class Worker:
    """What a dispatcher would put on the bus."""

    def __init__(self, bus: Client, execution: str = EXECUTION) -> None:
        self.bus, self.execution = bus, execution
        self.lines = 0
        self.log_sequence = 0

    async def start(self, attempt: int = 1) -> int:
        self.lines = 0
        event = ExecutionStarted(
            execution_id=self.execution, job_id="a-job", attempt=attempt, worker="w", started_at=AT
        )
        return await self._publish(subjects.execution_status(self.execution), event)

    async def step(self, number: int) -> int:
        event = ExecutionStep(
            execution_id=self.execution, attempt=1, number=number, name="look", phase="started", at=AT
        )
        return await self._publish(subjects.execution_step(self.execution), event)

    async def log(self, count: int, attempt: int = 1, size: int = 0, lost: int = 0) -> int:
        """`count` lines in one batch, after `lost` ones that never came."""
        first = self.lines + lost + 1
        self.lines += lost + count
        lines = tuple(_line(n, size) for n in range(first, first + count))
        event = LogBatch(execution_id=self.execution, attempt=attempt, lines=lines)
        self.log_sequence = await self._publish(subjects.log(self.execution), event)
        return self.log_sequence

    async def finish(self, attempt: int = 1, **fields: Any) -> int:
        event = ExecutionFinished.model_validate(
            {
                "execution_id": self.execution,
                "job_id": "a-job",
                "outcome": ExecutionStatus.COMPLETED,
                "attempt": attempt,
                "finished_at": AT,
                "exit_code": 0,
                "result": "done",
                "log_lines": self.lines,
                "log_sequence": self.log_sequence,
                **fields,
            }
        )
        return await self._publish(subjects.execution_status(self.execution), event)

    async def tell(self, subject: str, event: Event, **changes: Any) -> int:
        """An event as it would be for this execution."""
        mine = {"execution_id": self.execution, "job_id": "a-job", **changes}
        known = {name: value for name, value in mine.items() if name in type(event).model_fields}
        return await self._publish(subject, event.model_copy(update=known))

    async def _publish(self, subject: str, event: Event) -> int:
        headers = envelope.headers(event, event_id="x", source="/test", time=AT)

        async def stored() -> int | None:
            try:
                verdict = await publish(self.bus, Message(subject, envelope.body(event), headers))
            except BusUnavailable:
                return None
            assert isinstance(verdict, Stored)
            return verdict.sequence

        return await until(stored)


def _line(number: int, size: int = 0) -> LogLine:
    return LogLine(number=number, at=AT, stream=LogStream.STDOUT, text=f"line {number}" + "x" * size)


def record_of(**fields: Any) -> ExecutionRecord:
    return ExecutionRecord.model_validate(
        {"execution_id": EXECUTION, "job_id": "a-job", "status": "running", "created_at": AT, **fields}
    )


def recorded(sequence: int, first: int, last: int) -> RecordedBatch:
    lines = [RecordedLine(attempt=1, **_line(n).model_dump()) for n in range(first, last + 1)]
    return RecordedBatch(sequence=sequence, lines=tuple(lines))


@pytest.fixture
def worker(bus: Client) -> Worker:
    return Worker(bus)


@pytest.fixture
async def history(bus: Client) -> AsyncIterator[ScriptedHistory]:
    async with scripted_history(bus) as history:
        yield history


async def follow(running: Running, after: str = "", execution: str = EXECUTION) -> AsyncGenerator[Said, None]:
    headers = {"Last-Event-ID": after} if after else {}
    path = f"/api/v1/executions/{execution}/stream"
    async with running.http.stream("GET", path, headers=headers, timeout=DEADLINE) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = position = ""
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            match field:
                case "event":
                    name = value
                case "id":
                    position = value
                case "data":
                    yield Said(name, position, json.loads(value))


async def whole(running: Running, after: str = "", execution: str = EXECUTION) -> list[Said]:
    async with asyncio.timeout(DEADLINE):
        return [said async for said in follow(running, after, execution)]


def numbers(said: list[Said], attempt: int = 1) -> list[int]:
    return [
        line["number"]
        for one in said
        if one.name == "log" and one.data["attempt"] == attempt
        for line in one.data["lines"]
    ]


def names(said: list[Said]) -> list[str]:
    return [one.name for one in said]


async def test_a_finished_execution_from_its_beginning(running: Running, worker: Worker) -> None:
    """From the bus alone: there is no history here."""
    await worker.start()
    await worker.step(1)
    for _ in range(10):
        await worker.log(7)
    await worker.finish()

    said = await whole(running)

    assert names(said) == ["status", "step"] + ["log"] * 10 + ["status", "end"]
    assert numbers(said) == list(range(1, 71))
    assert (said[0].data["status"], said[-2].data["status"]) == ("running", "completed")
    assert said[-1].data["result"] == "done"
    assert (said[-1].data["status"], said[-1].data["exit_code"]) == ("completed", 0)
    assert said[-1].position == f"3-{worker.log_sequence}"


async def test_lines_are_sent_as_they_come(running: Running, worker: Worker) -> None:
    await worker.start()
    stream = follow(running)
    async with asyncio.timeout(DEADLINE):
        assert (await anext(stream)).data["status"] == "running"
        for number in range(1, 6):
            await worker.log(1)
            assert (await anext(stream)).data["lines"][0]["number"] == number
        await worker.finish()
        assert [said.name async for said in stream] == ["status", "end"]


async def test_the_end_waits_for_the_last_line(running: Running, worker: Worker) -> None:
    """The final status overtakes the log: it names the last batch, and is told after it."""
    await worker.start()
    await worker.log(3)
    ahead = worker.log_sequence + 1
    await worker.finish(log_lines=5, log_sequence=ahead)
    stream = follow(running)
    async with asyncio.timeout(DEADLINE):
        assert (await anext(stream)).name == "status"
        assert (await anext(stream)).name == "log"
        assert await worker.log(2) == ahead
        rest = [said async for said in stream]

    assert names(rest) == ["log", "status", "end"]
    assert numbers(rest) == [4, 5]


async def test_a_log_that_stays_incomplete_is_a_gap(
    running: Running, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOG_SECONDS", 0.2)
    await worker.start()
    await worker.log(3)
    await worker.finish(log_lines=9, log_sequence=worker.log_sequence + 1)

    said = await whole(running)

    assert names(said) == ["status", "log", "gap", "status", "end"]
    assert said[2].data["from_line"] == 4
    assert said[2].data["to_line"] == 9


async def test_lost_lines_are_a_gap(running: Running, worker: Worker) -> None:
    await worker.start()
    await worker.log(3)
    await worker.log(2, lost=4)
    await worker.finish()

    said = await whole(running)

    assert names(said) == ["status", "log", "gap", "log", "status", "end"]
    assert (said[2].data["from_line"], said[2].data["to_line"]) == (4, 7)
    assert numbers(said) == [1, 2, 3, 8, 9]


async def test_it_resumes_after_every_event_exactly(running: Running, worker: Worker) -> None:
    await worker.start()
    await worker.log(3)
    await worker.step(1)
    await worker.log(3)
    await worker.start(attempt=2)
    await worker.log(4, attempt=2)
    await worker.finish(attempt=2)
    said = await whole(running)
    everything = [(one.name, one.data) for one in said]
    assert numbers(said, 2) == [1, 2, 3, 4]

    for had, one in enumerate(said[:-1], 1):
        rest = await whole(running, after=one.position)
        assert [(one.name, one.data) for one in rest] == everything[had:], one.position


async def test_what_interrupts_a_run_is_told_and_what_it_goes_on_with_is_not(
    running: Running, worker: Worker
) -> None:
    status = subjects.execution_status(EXECUTION)
    await worker.tell(subjects.execution_decided(EXECUTION), happenings.chosen())
    await worker.start()
    await worker.tell(subjects.execution_effects(EXECUTION), happenings.effects("shell"))
    await worker.tell(subjects.execution_parked(EXECUTION, 1), happenings.parked())
    await worker.tell(status, happenings.waiting())
    await worker.tell(status, happenings.answered())
    await worker.tell(status, happenings.started(resumed=True, worker="other"))
    await worker.tell(status, happenings.retrying())
    await worker.finish(attempt=2, usage={"input_tokens": 5})

    said = await whole(running)

    assert names(said) == [
        *("decided", "status", "effects", "waiting", "answered", "status", "retrying", "status", "end"),
    ]
    statuses = ["running", "waiting_for_input", "queued", "running", "retrying", "completed", "completed"]
    assert [one.data["status"] for one in said if "status" in one.data] == statuses
    decided, _, effects, waiting, answered, resumed, retrying, *_, end = (one.data for one in said)
    assert (decided["choice"]["chosen"], effects["effects"][0]["name"]) == ("writer", "shell")
    assert waiting["approvals"][0]["summary"] == "shell: rm -r build"
    assert waiting["deadline_at"] > waiting["at"]
    assert answered["approvals"][0]["answered_by"] == "ada"
    assert (resumed["resumed"], resumed["worker"]) == (True, "other")
    assert (retrying["reason"], retrying["detail"]) == ("unavailable", "The model answered 503.")
    assert retrying["not_before"] > retrying["at"]
    assert end["usage"]["input_tokens"] == 5
    for had, one in enumerate(said[:-1], 1):
        rest = await whole(running, after=one.position)
        assert names(rest) == names(said)[had:], one.position


async def test_one_that_never_began_ends_its_stream(
    running: Running, worker: Worker, history: ScriptedHistory
) -> None:
    await worker.tell(subjects.execution_status(EXECUTION), happenings.blocked())
    said = await whole(running)
    assert names(said) == ["status", "end"]
    assert (said[-1].data["status"], said[-1].data["reason"]) == ("blocked", "agent")
    record = await running.json("GET", f"/executions/{EXECUTION}")
    assert (record["status"], record["detail"]) == ("blocked", "the agent 'writer' is not active")


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (happenings.waiting(), "waiting_for_input"),
        (happenings.answered(), "queued"),
        (happenings.retrying(), "retrying"),
        (happenings.cancelling(), "cancelling"),
        (happenings.started(approvals=(happenings.approval(),)), "running"),
    ],
)
async def test_what_history_has_not_heard_of_is_told_from_the_bus(
    running: Running, worker: Worker, history: ScriptedHistory, event: Event, status: str
) -> None:
    await worker.tell(subjects.execution_status(EXECUTION), event)
    record = await running.json("GET", f"/executions/{EXECUTION}")
    assert record["status"] == status
    assert len(record["approvals"]) == len(getattr(event, "approvals", ()))
    assert (record["not_before"] is not None) == (status == "retrying")


async def test_history_has_what_the_stream_has_no_more(
    running: Running, bus: Client, worker: Worker, history: ScriptedHistory
) -> None:
    """And history is ahead of some batches of the stream, and behind others: it does not matter."""
    await worker.start()
    sequences = [await worker.log(2) for _ in range(10)]
    await bus.jetstream().purge_stream(streams.LOGS.name, seq=sequences[6])
    history.records[EXECUTION] = record_of()
    batches = [recorded(s, 2 * n + 1, 2 * n + 2) for n, s in enumerate(sequences)]
    history.batches = [*batches[:7], batches[8]]
    stream = follow(running)
    async with asyncio.timeout(DEADLINE):
        said = [await anext(stream) for _ in range(11)]
        await worker.log(2)
        await worker.finish()
        said += [one async for one in stream]

    assert numbers(said) == list(range(1, 23))
    assert "gap" not in names(said)
    for had, one in enumerate(said[:-1], 1):
        rest = await whole(running, after=one.position)
        assert numbers(rest) == numbers(said[had:]), one.position


async def test_all_of_an_old_execution_comes_from_history(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    other = Worker(bus, execution_id(AT, "a-job", "another"))
    await other.log(2)
    await bus.jetstream().purge_stream(streams.LOGS.name)
    attempt = Attempt(attempt=1, worker="w", started_at=AT)
    history.records[EXECUTION] = record_of(
        status="failed",
        attempts=[attempt],
        reason="exit_code",
        exit_code=3,
        finished_at=AT,
        log_lines=20,
        log_sequence=1,
        status_sequence=77,
    )
    history.batches = [recorded(1, 1, 20)]

    said = await whole(running)

    assert numbers(said) == list(range(1, 21))
    assert names(said) == ["log", "status", "end"]
    assert (said[-1].data["status"], said[-1].data["exit_code"]) == ("failed", 3)
    assert names(await whole(running, after=said[-2].position)) == ["end"]


async def test_what_neither_has_is_a_gap(running: Running, bus: Client, worker: Worker) -> None:
    """History is away, and the stream has lost its front."""
    await worker.start()
    sequences = [await worker.log(2) for _ in range(4)]
    await bus.jetstream().purge_stream(streams.LOGS.name, seq=sequences[2])
    await worker.finish()

    said = await whole(running)

    assert numbers(said) == [5, 6, 7, 8]
    assert names(said).count("gap") == 2
    gap = [one.data for one in said if one.name == "gap"]
    assert "History" in gap[0]["reason"]
    assert (gap[1]["from_line"], gap[1]["to_line"]) == (1, 4)


async def test_an_execution_that_was_only_just_accepted(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    """Neither history nor a dispatcher has heard of it: it is queued, and not unknown."""
    await running.agent()
    job = await running.job()
    started = await running.json("POST", f"/jobs/{job['id']}/trigger")
    name = started["execution_id"]

    record = await running.json("GET", f"/executions/{name}")
    stream = follow(running, execution=name)
    async with asyncio.timeout(DEADLINE):
        first = await anext(stream)
        other = Worker(bus, name)
        await other.start()
        await other.finish()
        rest = [said async for said in stream]

    assert (record["status"], record["job_id"], record["job_name"]) == ("queued", job["id"], job["name"])
    assert (first.name, first.data) == ("status", {"status": "queued"})
    assert [one.data["status"] for one in rest] == ["running", "completed", "completed"]
    finished = await running.json("GET", f"/executions/{name}")
    assert (finished["status"], finished["result"]) == ("completed", "done")


async def decide(
    bus: Client, job_id: str, execution: str, outcome: str, detail: str = "", into: str = ""
) -> None:
    """What the scheduler says of the start with the key `k`."""
    fields = {"execution_id": execution, "outcome": outcome, "detail": detail, "into": into}
    decided = TriggerDecided.model_validate(fields)
    headers = envelope.headers(decided, event_id=execution, source="/test", time=AT)
    await publish(bus, Message(subjects.decided(job_id, "k"), envelope.body(decided), headers))


async def test_a_start_that_is_skipped_ends_its_stream(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    await running.agent()
    job = await running.job()
    started = await running.json("POST", f"/jobs/{job['id']}/trigger", **{"Idempotency-Key": "k"})
    name = started["execution_id"]
    stream = follow(running, execution=name)
    async with asyncio.timeout(DEADLINE):
        assert (await anext(stream)).data == {"status": "queued"}
        await decide(bus, job["id"], name, "skipped", "another one still runs")
        end = await anext(stream)

    assert (end.name, end.data["status"]) == ("end", "skipped")
    gone = await running.http.get(f"/api/v1/executions/{name}")
    assert gone.status_code == 404
    assert "another one still runs" in gone.json()["detail"]


async def test_a_start_that_was_gathered_says_into_what(
    running: Running, bus: Client, history: ScriptedHistory
) -> None:
    await running.agent()
    job = await running.job()
    started = await running.json("POST", f"/jobs/{job['id']}/trigger", **{"Idempotency-Key": "k"})
    name, whole = started["execution_id"], execution_id(AT, job["id"], "first")
    stream = follow(running, execution=name)
    async with asyncio.timeout(DEADLINE):
        assert (await anext(stream)).data == {"status": "queued"}
        await decide(bus, job["id"], name, "skipped", "gathered with 3 others", into=whole)
        end = await anext(stream)

    assert (end.name, end.data["reason"], end.data["into"]) == ("end", "gathered", whole)
    gone = await running.http.get(f"/api/v1/executions/{name}")
    assert gone.status_code == 404
    assert f"became part of the execution {whole}" in gone.json()["detail"]
    assert f"/api/v1/executions/{whole}>" in gone.headers["Link"]


@pytest.mark.parametrize("known", [False, True], ids=["history has not heard of it", "history knows it"])
@pytest.mark.parametrize("outcome", ["due", "skipped"])
async def test_a_start_that_waits_stays_open_until_its_turn_or_its_end(
    running: Running, bus: Client, history: ScriptedHistory, known: bool, outcome: str
) -> None:
    """The scheduler speaks twice of it: its last word counts."""
    await running.agent()
    job = await running.job()
    started = await running.json("POST", f"/jobs/{job['id']}/trigger", **{"Idempotency-Key": "k"})
    name, why = started["execution_id"], "execution e0 was still running"
    await decide(bus, job["id"], name, "queued", why)
    if known:
        firing = {"kind": "manual", "key": "k", "nominal_at": AT}
        history.records[name] = record_of(
            execution_id=name, job_id=job["id"], status="queued", firing=firing, detail=why
        )
    waits = await running.json("GET", f"/executions/{name}")
    assert (waits["status"], waits["detail"]) == ("queued", why)

    stream = follow(running, execution=name)
    async with asyncio.timeout(DEADLINE):
        assert (await anext(stream)).data == {"status": "queued"}
        await decide(bus, job["id"], name, outcome, "it was cancelled while it waited")
        if outcome == "due":
            await Worker(bus, name).start()
        after = await anext(stream)
        await stream.aclose()

    if outcome == "due":
        assert (after.name, after.data["status"]) == ("status", "running")
    else:
        assert (after.name, after.data["status"]) == ("end", "skipped")
        assert after.data["detail"] == "it was cancelled while it waited"


async def test_an_unknown_execution_is_not_found_anywhere(running: Running, history: ScriptedHistory) -> None:
    far_away = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    for name in (EXECUTION, execution_id(datetime.now(UTC), "a", "b"), far_away, "nonsense"):
        for path in ("", "/stream", "/logs"):
            answer = await running.http.get(f"/api/v1/executions/{name}{path}")
            assert answer.status_code == 404, (name, path, answer.text)
        assert (await running.http.post(f"/api/v1/executions/{name}/cancel")).status_code == 404


async def test_an_id_that_is_none_of_ours(running: Running, worker: Worker) -> None:
    await worker.start()
    for text in ("nonsense", "1", "1-2-3", "-1-1", "1" * 30 + "-1"):
        answer = await running.http.get(
            f"/api/v1/executions/{EXECUTION}/stream", headers={"Last-Event-ID": text}
        )
        assert answer.status_code == 422, text


async def test_a_silent_stream_beats(
    running: Running, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    await worker.start()
    beats = 0
    path = f"/api/v1/executions/{EXECUTION}/stream"
    async with asyncio.timeout(DEADLINE), running.http.stream("GET", path) as answer:
        async for line in answer.aiter_lines():
            beats += line == ": still here"
            if beats == 3:
                break


async def test_whose_token_is_revoked_hears_nothing_more(running: Running, worker: Worker) -> None:
    made = await running.json("POST", "/tokens", {"name": "Visitor", "role": "viewer", "projects": ["*"]})
    visitor = {"Authorization": f"Bearer {made['token']}"}
    await worker.start()
    path = f"/api/v1/executions/{EXECUTION}/stream"
    async with (
        asyncio.timeout(DEADLINE),
        running.http.stream("GET", path, headers=visitor, timeout=DEADLINE) as answer,
    ):
        lines = answer.aiter_lines()
        while await anext(lines) != "event: status":
            pass
        await running.json("DELETE", f"/tokens/{made['id']}")
        await worker.log(1)
        rest = [line async for line in lines]

    assert "event: log" not in rest


async def test_the_server_dies_in_the_middle(running: Running, worker: Worker, nats_server: Server) -> None:
    """`LOGS` may lose its last moments with it: what is sent has no double, and what is missing is a gap."""
    await worker.start()
    await worker.log(3)
    stream = follow(running)
    async with asyncio.timeout(DEADLINE + 10):
        said = [await anext(stream) for _ in range(2)]
        await asyncio.to_thread(nats_server.kill_and_restart)
        for _ in range(5):
            await worker.log(3)
        await worker.finish()
        said += [one async for one in stream]

    sent = numbers(said)
    missing = {
        n for one in said if one.name == "gap" for n in range(one.data["from_line"], one.data["to_line"] + 1)
    }
    assert sent == sorted(set(sent))
    assert set(sent) | missing == set(range(1, 19))
    assert names(said)[-2:] == ["status", "end"]


async def test_a_reader_that_does_not_read_costs_little(
    nats_server: Server, bus: Client, bearer: str, worker: Worker, tmp_path: Path
) -> None:
    """40 MB of log, and ten readers that take nothing: the log waits in NATS, and is whole when they read on."""
    child = _child(nats_server, tmp_path)
    port = int(child.environment["LAMPLIGHTER_PORT"])
    await worker.start()
    for _ in range(200):
        await worker.log(20, size=10_000)
    await worker.finish()
    child.start()
    try:
        await _until_ready(port)
        before = _resident_mb(child)
        request = (
            f"GET /api/v1/executions/{EXECUTION}/stream HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {bearer}\r\n\r\n"
        )
        readers = [await asyncio.open_connection("127.0.0.1", port, limit=1 << 16) for _ in range(10)]
        for reader, writer in readers:
            writer.write(request.encode())
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(60):
            received = await readers[0][0].read(-1)
        after = _resident_mb(child)
        assert b'"number": 4000,' in received
        assert b"event: end" in received
        assert after - before < 60, f"{before} MB before, {after} MB with ten slow readers"
        for _, writer in readers:
            writer.close()
    finally:
        assert child.stop() == 0


async def test_stopping_ends_open_streams_at_once(
    nats_server: Server, bus: Client, bearer: str, worker: Worker, tmp_path: Path
) -> None:
    # It would wait for open streams for longer than `stop` does before it kills.
    child = _child(nats_server, tmp_path, LAMPLIGHTER_SHUTDOWN_SECONDS="60")
    await worker.start()
    child.start()
    await _until_ready(int(child.environment["LAMPLIGHTER_PORT"]))
    url = f"http://127.0.0.1:{child.environment['LAMPLIGHTER_PORT']}/api/v1/executions/{EXECUTION}/stream"
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {bearer}"}, trust_env=False) as http,
        http.stream("GET", url, timeout=DEADLINE) as answer,
    ):
        lines = answer.aiter_lines()
        while not (await anext(lines)).startswith("data"):
            pass
        child.signal(signal.SIGTERM)
        rest = [line async for line in lines]
        exit_code = await asyncio.to_thread(child.stop)

    assert exit_code == 0, child.output()
    assert not any(line.startswith("event: end") for line in rest)
    assert "Traceback" not in child.output()


async def test_a_reader_who_goes_leaves_nothing_behind(running: Running, bus: Client, worker: Worker) -> None:
    await worker.start()
    for _ in range(5):
        stream = follow(running)
        await anext(stream)
        await stream.aclose()

    async def none_left() -> bool:
        found = json.loads((await bus.request("$JS.API.CONSUMER.NAMES.LOGS", b"", timeout=3)).data)
        return not found["consumers"]

    await until(none_left, what="the end of the readers' consumers")
    assert await last_sequence(bus, streams.EXECUTIONS) == 1


def _child(nats_server: Server, folder: Path, **settings: str) -> Child:
    from lamplighter_cli.embedded.servers import free_port

    environment = {
        "NATS_URL": nats_server.url,
        "LAMPLIGHTER_SECRET_KEY": KEY,
        "LAMPLIGHTER_VAULT_KEYS": VAULT_KEYS,
        "LAMPLIGHTER_PORT": str(free_port()),
        **settings,
    }
    return Child(
        "gateway", (sys.executable, "-m", "lamplighter_gateway"), environment, folder / "gateway.log"
    )


async def _until_ready(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:

        async def ready() -> bool:
            try:
                return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(ready, seconds=30, what="a ready gateway")


def _resident_mb(child: Child) -> float:
    assert child.process is not None
    status = Path(f"/proc/{child.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024
