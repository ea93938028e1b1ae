"""The doors: deliveries, lists over a large catalog, many readers of one log."""

import asyncio
import hashlib
import hmac
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pymongo

from bench.figures import Figure, median, percentile
from bench.lean_http import LeanClient
from bench.memory import resident_mb
from lamplighter_contracts import subjects
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_contracts.timing import Overlap
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import BATCH_LIMIT, commit
from lamplighter_runtime.settings import ServiceSettings
from tests.support.stack import Api, Json, Stack, running_stack
from tests.support.waiting import until

SECONDS = 20
STEADY, HARD = 100, 500
"""Deliveries a second."""
CONNECTIONS = 64
JOBS, PAGE, PAGES = 10_000, 50, 400
READERS, LINES = 200, 10_000
PAYLOAD = {
    "ref": "refs/heads/main",
    "commits": [{"id": f"{n:040x}", "message": "x" * 200} for n in range(10)],
}
SETTINGS = {
    "LAMPLIGHTER_SLOTS": "64",
    "LAMPLIGHTER_LOG_LEVEL": "warning",
    "LAMPLIGHTER_WEBHOOK_RATE_PER_MINUTE": "1000000",
    "LAMPLIGHTER_STREAMS_PER_TOKEN": str(READERS),
    "LAMPLIGHTER_REQUESTS_PER_MINUTE": "1000000",
}


async def run() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder,
        running_stack(Path(folder), **SETTINGS) as stack,
    ):
        deliveries = await _deliveries(stack)
        readers = await _readers(stack)
        lists = await _lists(stack)
    return [*deliveries, *readers, *lists]


async def _deliveries(stack: Stack) -> list[Figure]:
    async with stack.http() as http:
        api = Api(http)
        body = {"name": "hit", "prompt": "Count it", "agent_id": await api.noop_agent(), "overlap": "allow"}
        job = await api.post("/jobs", {**body, "webhook_path": "/hit"})
    steady = await _paced(stack, job, "steady", STEADY)
    began = time.perf_counter()
    hard = await _paced(stack, job, "hard", HARD)
    rate = len(hard) / (time.perf_counter() - began)
    lost = await _lost(stack, len(steady) + len(hard))
    return [
        Figure("doors.delivery_p50_at_100_per_second", median(steady), "ms"),
        Figure("doors.delivery_p99_at_100_per_second", percentile(steady, 99), "ms", 50),
        Figure("doors.deliveries_per_second_held", rate, "1/s", HARD * 0.98, at_most=False),
        Figure("doors.delivery_p99_at_500_per_second", percentile(hard, 99), "ms"),
        Figure("doors.deliveries_or_executions_lost", lost, "-", 0),
    ]


async def _paced(stack: Stack, job: Json, name: str, per_second: int) -> list[float]:
    """Milliseconds from when each was to be sent to its 202: one that has to wait for a connection waits in them."""
    body = json.dumps(PAYLOAD).encode()
    digest = hmac.new(job["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    proof = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={digest}"}
    clients = [await LeanClient(stack.url).open() for _ in range(CONNECTIONS)]
    free: asyncio.Queue[LeanClient] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    took: list[float] = []

    async def deliver(number: int, at: float) -> None:
        client = await free.get()
        headers = {**proof, "X-GitHub-Delivery": f"{name}-{number}"}
        status, said = await client.post("/api/v1/jobs/webhook/hit", body, headers)
        took.append((time.perf_counter() - at) * 1000)
        free.put_nowait(client)
        assert status == 202, said

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(per_second * SECONDS):
            at = began + number / per_second
            await asyncio.sleep(max(0, at - time.perf_counter()))
            group.create_task(deliver(number, at))
    for client in clients:
        client.close()
    return took


async def _lost(stack: Stack, sent: int) -> float:
    """How many of what was answered with 202 did not become a record and a completed execution."""
    assert stack.mongodb is not None
    with pymongo.MongoClient[dict[str, object]](stack.mongodb.url) as mongodb:
        database = mongodb.get_default_database()

        def counted() -> int:
            done = database["executions"].count_documents({"state.status": "completed"})
            return min(done, database["deliveries"].count_documents({}))

        async def all_there() -> bool:
            return counted() >= sent

        with suppress(AssertionError, TimeoutError):
            await until(all_there, seconds=60, what="all records")
        return float(sent - counted())


async def _readers(stack: Stack) -> list[Figure]:
    """Many who follow one log while it is written. All have every line, once."""
    code = f"for n in range({LINES}): print('line', n)"
    async with stack.http() as http:
        api = Api(http)
        job = await api.job(await api.command_agent("talker", sys.executable, "-S", "-c", code))
        execution = await api.trigger(job)
        path = f"/api/v1/executions/{execution}/stream"
        clients = [await LeanClient(stack.url, stack.token).open() for _ in range(READERS)]
        began = time.perf_counter()
        reading = [asyncio.create_task(c.count(path, (b'"text": "line ', b"event: end"))) for c in clients]
        peak = await _while(reading, lambda: _gateway_mb(stack))
        complete = sum(task.result() == LINES for task in reading)
        for client in clients:
            client.close()
    return [
        Figure("doors.readers_complete_of_200", complete, "-", READERS, at_most=False),
        Figure("doors.gateway_rss_with_200_readers", peak, "MiB", 250 / 1.048576),
        Figure("doors.readers_all_done_after", time.perf_counter() - began, "s"),
    ]


async def _while(tasks: list[asyncio.Task[int]], measure: Callable[[], float]) -> float:
    peak = measure()
    while any(not task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=0.05)
        peak = max(peak, measure())
    return peak


def _gateway_mb(stack: Stack) -> float:
    process = stack.children["gateway"].process
    assert process is not None
    return sum(resident_mb([process.pid]).values())


async def _lists(stack: Stack) -> list[Figure]:
    await _fill(stack)
    stack.children["gateway"].kill()
    began = time.perf_counter()
    stack.children["gateway"].start()
    stack.until_ready(stack.children["gateway"])
    started = time.perf_counter() - began
    client = await LeanClient(stack.url, stack.token).open()
    await until(lambda: _has_all(client), seconds=30, what="a catalog of all jobs")
    first = await _timed(lambda: client.get(f"/api/v1/jobs?limit={PAGE}"))
    sorted_ = await _timed(lambda: client.get(f"/api/v1/jobs?limit={PAGE}&sort=-created_at"))
    client.close()
    return [
        Figure("doors.gateway_start_with_10000_jobs", started, "s", 3),
        Figure("doors.50_of_10000_jobs_p50", median(first), "ms"),
        Figure("doors.50_of_10000_jobs_p99", percentile(first, 99), "ms", 20),
        Figure("doors.50_of_10000_jobs_by_age_p99", percentile(sorted_, 99), "ms", 20),
        Figure("doors.gateway_rss_with_10000_jobs", _gateway_mb(stack), "MiB"),
    ]


async def _has_all(client: LeanClient) -> bool:
    return len((await client.get("/api/v1/jobs?limit=1000"))[1]) == 1000


async def _timed(ask: Callable[[], Awaitable[tuple[int, Json]]]) -> list[float]:
    took = []
    for _ in range(PAGES):
        began = time.perf_counter()
        status, found = await ask()
        took.append((time.perf_counter() - began) * 1000)
        assert status == 200, found
        assert len(found) == PAGE
    return took


async def _fill(stack: Stack) -> None:
    """Straight into the bucket: what is measured is how they are read."""
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "bench")
    client = await broker.connect()
    async with stack.http() as http:
        job = (await http.get("/api/v1/jobs?limit=1")).json()[0]
    for start in range(0, JOBS, BATCH_LIMIT):
        await commit(client, [_stored(n, job["created_at"]) for n in range(start, start + BATCH_LIMIT)])
    await broker.stop()


def _stored(number: int, at: str) -> Message:
    job = Job.model_validate(
        {
            "job_id": f"stored-{number:05}",
            "name": f"stored {number:05}",
            "prompt": "Do it",
            "triggers": (ScheduleTrigger(schedule=f"{number % 60} {number % 24} * * *"),),
            "executor": AgentExecutor(agent_id="idle"),
            "concurrency": {"overlap": Overlap.SKIP},
            **dict.fromkeys(("created_at", "updated_at", "scheduled_from"), at),
        }
    )
    return Message(subjects.catalog("jobs", job.job_id), job.model_dump_json().encode(), expected=0)
