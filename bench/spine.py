"""The path of one execution: from a trigger call to its start, and to its durable record."""

import asyncio
import tempfile
import time
from pathlib import Path

import pymongo
from nats.aio.msg import Msg

from bench.figures import Figure, median, percentile
from bench.lean_http import LeanClient
from bench.memory import cpu_seconds, resident_mb
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.settings import ServiceSettings
from tests.support.stack import Api, Stack, running_stack
from tests.support.waiting import heard

SETTINGS = {
    "LAMPLIGHTER_SLOTS": "256",
    "LAMPLIGHTER_LOG_LEVEL": "warning",
    "LAMPLIGHTER_REQUESTS_PER_MINUTE": "1000000",
}
STARTS = 200
EXECUTIONS = 5_000
CONNECTIONS = 64
ROUNDS = 3
SECONDS = 120


async def run() -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder,
        running_stack(Path(folder), **SETTINGS) as stack,
    ):
        async with stack.http() as http:
            api = Api(http)
            agent = await api.noop_agent()
            job_id = await api.job(agent, overlap="allow")
            command = await api.job(await api.command_agent("true", "true"), overlap="allow")
        starts = await _starts(stack, job_id)
        commands = await _starts(stack, command)
        rounds = [await _throughput(stack, job_id, number) for number in range(ROUNDS)]
    rates, cpu, memory = zip(*rounds, strict=True)
    return [
        Figure("spine.trigger_to_start_p50", median(starts), "ms", 25),
        Figure("spine.trigger_to_start_p99", percentile(starts, 99), "ms"),
        Figure("spine.trigger_to_command_claimed_p50", median(commands), "ms"),
        Figure("spine.executions_per_second", median(rates), "1/s", 1_000, at_most=False),
        Figure("spine.cpu_seconds_per_1000", median(cpu), "s"),
        Figure("spine.services_rss", max(memory), "MiB", 400),
    ]


async def _starts(stack: Stack, job_id: str) -> list[float]:
    """Milliseconds from the trigger call to the arrival of `started` on the bus, one at a time."""
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "bench")
    client = await broker.connect()
    started: asyncio.Queue[float] = asyncio.Queue()

    async def on_status(message: Msg) -> None:
        if "started" in (message.headers or {}).get("ce-type", ""):
            started.put_nowait(time.perf_counter())

    await client.subscribe("execution.*.status", cb=on_status)
    await heard(client)
    http = await LeanClient(stack.url, stack.token).open()
    took = []
    for _ in range(STARTS):
        began = time.perf_counter()
        status, answer = await http.post(f"/api/v1/jobs/{job_id}/trigger")
        assert status == 202, answer
        took.append((await asyncio.wait_for(started.get(), 10) - began) * 1000)
    http.close()
    await broker.stop()
    return took[STARTS // 10 :]


async def _throughput(stack: Stack, job_id: str, number: int) -> tuple[float, float, float]:
    """Executions a second from the first trigger to the last durable record; CPU seconds per 1,000; RSS in MiB."""
    pids = [child.process.pid for child in stack.children.values() if child.process is not None]
    everything = [*pids, *_servers(stack)]
    assert stack.mongodb is not None
    with pymongo.MongoClient[dict[str, object]](stack.mongodb.url) as mongodb:
        records = mongodb.get_default_database()["executions"]
        before = records.count_documents({"state.status": "completed"})
        cpu_before, began = cpu_seconds(everything), time.perf_counter()
        clients = [await LeanClient(stack.url, stack.token).open() for _ in range(CONNECTIONS)]
        await asyncio.gather(*(_trigger(client, job_id, EXECUTIONS // CONNECTIONS + 1) for client in clients))
        wanted = before + CONNECTIONS * (EXECUTIONS // CONNECTIONS + 1)
        memory = 0.0
        while records.count_documents({"state.status": "completed"}) < wanted:
            memory = max(memory, sum(resident_mb(pids).values()))
            assert time.perf_counter() - began < SECONDS, f"round {number} did not end in {SECONDS} s"
            await asyncio.sleep(0.1)
        took = time.perf_counter() - began
        for client in clients:
            client.close()
    done = wanted - before
    memory = max(memory, sum(resident_mb(pids).values()))
    return done / took, (cpu_seconds(everything) - cpu_before) / done * 1000, memory


async def _trigger(client: LeanClient, job_id: str, times: int) -> None:
    for _ in range(times):
        status, answer = await client.post(f"/api/v1/jobs/{job_id}/trigger")
        assert status == 202, answer


def _servers(stack: Stack) -> list[int]:
    children = (getattr(server, "child", None) for server in (stack.nats, stack.mongodb))
    return [child.process.pid for child in children if child is not None and child.process is not None]
