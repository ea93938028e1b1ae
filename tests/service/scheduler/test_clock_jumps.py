"""The wall clock of a scheduler's machine jumps, and nothing comes of it: NATS' server is the clock."""

import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from lamplighter_contracts.streams import TIMERS
from tests.service.scheduler.world import World, job, now
from tests.support.faketime import WallClock, unavailable
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "-")

EVERY_SECOND = "* * * * * *"
PERIOD = timedelta(seconds=1)
JOBS = ("copper", "silver", "gold")
LIVED = 3
"""Occurrences of each job at least, between two jumps."""

_STAMP = re.compile(r'"timestamp": "([^"]+)"')
"""Of a line of the process's log, by the process's own clock."""


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


@pytest.fixture
def process(nats_server: Server, wall_clock: WallClock, tmp_path: Path) -> Iterator[Child]:
    child = Child(
        "scheduler",
        (sys.executable, "-m", "lamplighter_scheduler"),
        {"NATS_URL": nats_server.url, "LAMPLIGHTER_LOG_LEVEL": "debug", **wall_clock.environment},
        tmp_path / "log",
    )
    yield child
    if child.alive:
        child.stop()


async def test_a_live_scheduler_decides_each_occurrence_once_and_no_other(
    world: World, process: Child, wall_clock: WallClock
) -> None:
    begun = now()
    await world.write(*(job(job_id, EVERY_SECOND, scheduled_from=begun) for job_id in JOBS))
    process.start()
    await _live_on(world)
    for offset in ("+3d", "-1h", "+0"):
        wall_clock.jump(offset)
        await _live_on(world)
    await _live_on(world, creeping(wall_clock))

    assert process.stop() == 0
    records = await world.records()
    for job_id in JOBS:
        decided = [record.firing.nominal_at for record in records if record.job_id == job_id]
        assert sorted(decided) == _every_instant(begun, max(decided))
    assert all(r.firing.nominal_at <= r.decided_at <= now() for r in records)
    # A timer and a tick for each. Where the clock is behind, ticks seem early and come again at once, many times.
    assert await _timers_and_ticks(world) <= 2 * (len(records) + len(JOBS))
    shown = [datetime.fromisoformat(stamp) for stamp in _STAMP.findall(process.output())]
    assert max(shown) > begun + timedelta(days=2), "the process saw nothing of the jumps"
    assert min(shown) < begun - timedelta(minutes=30), "the process saw nothing of the jumps"


def creeping(wall_clock: WallClock) -> Iterator[None]:
    """A second forward each time, sixty times."""
    for seconds in range(1, 61):
        wall_clock.jump(f"+{seconds}")
        yield


async def _live_on(world: World, meanwhile: Iterable[None] = ()) -> None:
    """Until so many more occurrences were decided, and `meanwhile` is through."""
    left = iter(meanwhile)
    before = len(await world.records())

    async def has_lived() -> bool:
        busy = any(True for _ in islice(left, 1))
        return not busy and len(await world.records()) >= before + LIVED * len(JOBS)

    await until(has_lived, seconds=30, what=f"{LIVED} more occurrences of each job")


def _every_instant(after: datetime, last: datetime) -> list[datetime]:
    first = after.replace(microsecond=0) + PERIOD
    return [first + n * PERIOD for n in range((last - first) // PERIOD + 1)]


async def _timers_and_ticks(world: World) -> int:
    """How many were ever stored."""
    return (await world.bus.jetstream().stream_info(TIMERS.name)).state.last_seq
