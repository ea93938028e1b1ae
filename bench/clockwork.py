"""Time: instants computed, jobs that come due together, and what a hundred thousand armed jobs take."""

import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from nats.aio.client import Client

from bench.figures import Figure, percentile
from bench.memory import resident_mb
from lamplighter_contracts import subjects
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_contracts.streams import JOBS, TIMERS
from lamplighter_planning.load import load
from lamplighter_planning.simulation import Simulated, simulate
from lamplighter_planning.timetable import NOWHERE
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.latest import count_subjects, last_message
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import BATCH_LIMIT, commit
from lamplighter_runtime.settings import ServiceSettings
from lamplighter_scheduler.records import SCHEDULE
from lamplighter_schedules import occurrences, parse
from tests.support import servers
from tests.support.stack import Stack
from tests.support.waiting import until

ARMED = 100_000
LEAD = {1_000: timedelta(seconds=8), 10_000: timedelta(seconds=25)}
"""How long before the instant the jobs are written: arming them takes most of it."""
ZONES = ("UTC", "America/New_York", "Europe/Paris", "Asia/Kolkata", "Australia/Lord_Howe")
EXPRESSIONS = (
    "*/5 * * * *",
    "0 * * * *",
    "30 9 * * *",
    "0 17 * * 1-5",
    "0 0 1 * *",
    "15 3 * * 1#2",
    "0 9 L * *",
)


async def run() -> list[Figure]:
    figures = [_instants(), _span(), _simulation()]
    for jobs, commit_seconds in ((1_000, 0.5), (10_000, 3.0)):
        figures += await _due_together(jobs, commit_seconds)
    return figures + await _armed()


def _instants() -> Figure:
    """Next instants a second, one after the other over a year, in zones with and without clock changes."""
    schedules = [parse(expression, zone) for expression in EXPRESSIONS for zone in ZONES]
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < 2:
        for schedule in schedules:
            instant: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)
            for _ in range(20):
                assert instant is not None
                instant = schedule.next_after(instant)
            count += 20
    return Figure(
        "time.next_instants_per_second", count / (time.perf_counter() - began), "1/s", 5_000, at_most=False
    )


def _span() -> Figure:
    """Instants a second where all of a year are wanted at once."""
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    schedules = [parse(expression, zone) for expression in EXPRESSIONS for zone in ZONES]
    began = time.perf_counter()
    count = sum(len(occurrences([schedule], *year, 1_000_000)) for schedule in schedules)
    return Figure("time.instants_of_a_year_per_second", count / (time.perf_counter() - began), "1/s")


def _simulation() -> Figure:
    """A year of a thousand jobs: six in ten daily, the others on weekdays, weekly and hourly."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    kinds = ["{m} {h} * * *"] * 6 + ["{m} {h} * * 1-5"] * 2 + ["{m} {h} * * 1", "{m} * * * *"]
    jobs = [
        Simulated(
            _job(n, kinds[n % 10].format(m=n * 7 % 60, h=n * 5 % 24), start, timezone=ZONES[n % 5]),
            NOWHERE,
            600,
        )
        for n in range(1_000)
    ]
    began, end = time.perf_counter(), start + timedelta(days=365)
    load(simulate(jobs, start, end), start, end)
    return Figure("time.simulated_year_of_1000_jobs", time.perf_counter() - began, "s", 60)


async def _due_together(jobs: int, most_seconds: float) -> list[Figure]:
    """From the instant at which they are due to the storing of the last `job.due`, by the server's clock."""
    with _stack() as stack:
        stack.start("scheduler")
        async with _bus(stack) as bus:
            instant = (datetime.now(UTC) + LEAD[jobs]).replace(microsecond=0)
            schedule = f"@at {instant.isoformat()}"
            await _write(bus, (_job(n, schedule, instant - timedelta(days=1)) for n in range(jobs)))
            await until(lambda: _has_timers(bus, jobs), seconds=LEAD[jobs].total_seconds())
            await until(lambda: _has_due(bus, jobs), seconds=60)
            late = sorted([(at - instant).total_seconds() async for at in _stored(bus, jobs)])
    return [
        Figure(f"time.{jobs}_due_at_once_last_commit", late[-1], "s", most_seconds),
        Figure(f"time.{jobs}_due_at_once_p99", percentile(late, 99), "s", 2.5 if jobs == 10_000 else None),
    ]


async def _has_timers(bus: Client, wanted: int) -> bool:
    return await count_subjects(bus, TIMERS.name, subjects.timer("*")) >= wanted


async def _has_due(bus: Client, wanted: int) -> bool:
    return await count_subjects(bus, JOBS.name, "job.due.>") >= wanted


async def _stored(bus: Client, count: int) -> AsyncIterator[datetime]:
    subscription = await bus.jetstream().subscribe("job.due.>", stream=JOBS.name, ordered_consumer=True)
    for _ in range(count):
        yield (await subscription.next_msg(timeout=10)).metadata.timestamp
    await subscription.unsubscribe()


async def _armed() -> list[Figure]:
    """Jobs with ten thousand different schedules; a scheduler that finds them, and one that starts beside them."""
    with _stack() as stack:
        async with _bus(stack) as bus:
            made = datetime.now(UTC)
            await _write(
                bus, (_job(n, f"{n % 60} {n // 60 % 24} {n // 1440 % 7 + 1} * *", made) for n in range(ARMED))
            )
            began = time.perf_counter()
            stack.start("scheduler")
            await until(lambda: _has_timers(bus, ARMED), seconds=300)
            armed = time.perf_counter() - began
            first = _resident(stack, "scheduler")
            began = time.perf_counter()
            stack.start("scheduler", "second")
            ready = time.perf_counter() - began
            edits = [await _edited(bus, n) for n in range(50)]
            await _proved(stack)
            return [
                Figure("time.100k_armed_in", armed, "s"),
                Figure("time.100k_nats_rss", _server(stack), "MiB", 300),
                Figure(
                    "time.100k_scheduler_rss", max(first, _resident(stack, "scheduler", "second")), "MiB", 200
                ),
                Figure("time.100k_second_scheduler_ready", ready, "s", 30),
                Figure("time.100k_edit_to_rearmed_p99", percentile(edits, 99), "ms", 100),
            ]


async def _edited(bus: Client, n: int) -> float:
    """Milliseconds from the write of another schedule to its timer."""
    changed = _job(n, "@at 2031-01-01T00:00:00Z", datetime.now(UTC))
    began = time.perf_counter()
    await commit(bus, [_message(changed)])
    while True:
        timer = await last_message(bus, TIMERS.name, subjects.timer(changed.job_id))
        if timer is not None and "2031-01-01" in timer.headers[SCHEDULE]:
            return (time.perf_counter() - began) * 1000


async def _proved(stack: Stack) -> None:
    """The second scheduler has looked at every job, which takes as much memory as it ever takes."""

    async with httpx.AsyncClient(trust_env=False) as http:

        async def has() -> bool:
            metrics = await http.get(f"http://127.0.0.1:{stack.ports['second']}/metrics")
            return "lamplighter_reconcile_seconds_count 0.0" not in metrics.text

        await until(has, seconds=180)


def _resident(stack: Stack, *names: str) -> float:
    pids = [process.pid for name in names if (process := stack.children[name].process) is not None]
    return max(resident_mb(pids).values())


def _server(stack: Stack) -> float:
    process = stack.nats.child.process  # type: ignore[attr-defined]
    return sum(resident_mb([process.pid]).values())


@contextmanager
def _stack() -> Iterator[Stack]:
    with (
        tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder,
        servers.nats(Path(folder) / "nats") as nats,
    ):
        stack = Stack(Path(folder), nats, LAMPLIGHTER_LOG_LEVEL="info")
        stack.run("lamplighter_runtime.provisioning")
        try:
            yield stack
        finally:
            stack.stop_all()


@asynccontextmanager
async def _bus(stack: Stack) -> AsyncIterator[Client]:
    broker = open_broker(ServiceSettings(nats_url=stack.nats.url), "bench")
    yield await broker.connect()
    await broker.stop()


async def _write(bus: Client, jobs: Iterable[Job]) -> None:
    batch: list[Message] = []
    for job in jobs:
        batch.append(_message(job))
        if len(batch) == BATCH_LIMIT:
            await commit(bus, batch)
            batch = []
    if batch:
        await commit(bus, batch)


def _message(job: Job) -> Message:
    return Message(subjects.catalog("jobs", job.job_id), job.model_dump_json().encode())


def _job(n: int, schedule: str, made: datetime, **changes: str) -> Job:
    return Job(
        job_id=f"job-{n}",
        name=f"Job {n}",
        prompt="Look whether all is well, and say what is not.",
        executor=AgentExecutor(agent_id="idle"),
        triggers=(ScheduleTrigger(schedule=schedule),),
        created_at=made,
        updated_at=made,
        scheduled_from=made,
        **changes,
    )
