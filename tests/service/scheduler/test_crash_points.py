"""Schedulers die at every step of a firing, others at work beside them: each occurrence is decided exactly once."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from signal import SIGKILL

from lamplighter_contracts import subjects
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.streams import JOBS, SCHEDULER_CATALOG, SCHEDULER_TICKS, TIMERS
from lamplighter_runtime.latest import last_messages
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_scheduler.records import SCHEDULE, at
from tests.service.scheduler.world import World, daily_at, job, last_minute
from tests.support.crashing import QUICK, Point
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import heard, until

REPLICAS = 3
IDS = tuple(f"job-{n}" for n in range(1_000))
OVERLAPS = dict(zip(IDS, cycle(("skip", "allow")), strict=False))
"""Where one is skipped, it is because of the first: nothing ends here."""

Death = tuple[Point, int]
"""Where, and at which pass of it."""

DEATHS: tuple[Death, ...] = (
    (Point.BEFORE_READING, 1),
    (Point.BEFORE_COMMIT, 2),
    (Point.COMMIT_UNANSWERED, 1),
    (Point.AFTER_COMMIT, 1),
    (Point.BEFORE_ARMING, 2),
    (Point.AMID_ARMING, 50),
    (Point.AFTER_ARMING, 1),
    (Point.BEFORE_ACK, 50),
)


class Replica:
    """A scheduler whose processes die one after another, and whose last one lives."""

    def __init__(self, number: int, server: Server, folder: Path) -> None:
        turn = number * len(DEATHS) // REPLICAS
        self._deaths = DEATHS[turn:] + DEATHS[:turn]
        self._server = server
        self._log = folder / f"scheduler-{number}.log"
        self._child = self._process()

    async def live(self) -> None:
        for point, at_pass in self._deaths:
            self._child = self._process(point, str(at_pass))
            self._child.start()
            await until(self._is_dead, seconds=60, what=f"a death {point}")
            assert self._child.process is not None
            assert self._child.process.returncode == -SIGKILL, self._child.output()[-2_000:]
        self._child = self._process()
        self._child.start()

    def stop(self) -> int | None:
        """The exit code of the process that lived."""
        return self._child.stop() if self._child.alive else None

    def died(self) -> list[str]:
        words = [line.split() for line in self._child.output().splitlines() if line.startswith("died ")]
        return [point for _, point in words]

    async def _is_dead(self) -> bool:
        return not self._child.alive

    def _process(self, *arguments: str) -> Child:
        command = (sys.executable, "-m", "tests.support.crashing", *arguments)
        return Child("scheduler", command, {"NATS_URL": self._server.url}, self._log)


class Rounds:
    """Each has every job due at one instant, a minute after the one before."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first = last_minute() - timedelta(minutes=50)
        self.instants: list[datetime] = []

    async def play(self) -> None:
        """One, until all of it is decided and nothing is left to do."""
        instant = self._first + len(self.instants) * timedelta(minutes=1)
        self.instants.append(instant)
        await self._world.write(*(job(i, daily_at(instant), overlap=OVERLAPS[i]) for i in IDS))
        await self._tick_for_each_replica()
        await until(self._is_decided, seconds=60, what=f"round {len(self.instants)}")

    async def _tick_for_each_replica(self) -> None:
        """Of the same job at the same time, so that they all try to decide it."""
        for job_id in IDS:
            for _ in range(REPLICAS):
                await self._world.bus.publish(subjects.tick(job_id))
        await heard(self._world.bus)

    async def _is_decided(self) -> bool:
        if not await self._world.idle(SCHEDULER_CATALOG, SCHEDULER_TICKS):
            return False
        info = await self._world.bus.jetstream().stream_info(
            JOBS.name, subjects_filter=subjects.ANY_JOB_EVENT
        )
        return sum((info.state.subjects or {}).values()) >= len(IDS) * len(self.instants)


async def test_whatever_step_a_scheduler_dies_at(world: World, nats_server: Server, tmp_path: Path) -> None:
    replicas = [Replica(number, nats_server, tmp_path) for number in range(REPLICAS)]
    rounds = Rounds(world)
    await provision_consumers(world.bus, QUICK)
    try:
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            lives = [group.create_task(replica.live()) for replica in replicas]
            while not all(life.done() for life in lives):
                await rounds.play()
            await rounds.play()
    finally:
        exits = [replica.stop() for replica in replicas]

    assert exits == [0] * REPLICAS
    assert Counter(point for replica in replicas for point in replica.died()) == dict.fromkeys(
        Point, REPLICAS
    )
    await _each_once(world, rounds.instants)
    await _gates_and_timers_agree(world, rounds.instants[-1])


async def _each_once(world: World, instants: Sequence[datetime]) -> None:
    found = Counter((record.job_id, record.firing.key) for record in await world.records())
    wanted = {(job_id, rfc3339(instant)) for job_id in IDS for instant in instants}
    assert found.keys() - wanted == set()
    assert wanted - found.keys() == set()
    assert {occurrence: times for occurrence, times in found.items() if times > 1} == {}


async def _gates_and_timers_agree(world: World, last: datetime) -> None:
    gates = await last_messages(world.bus, JOBS.name, [subjects.gate(job_id) for job_id in IDS])
    cursors = Counter(Gate.model_validate_json(gate.body).cursor for gate in gates.values())
    assert cursors == {last: len(IDS)}
    timers = await last_messages(world.bus, TIMERS.name, [subjects.timer(job_id) for job_id in IDS])
    armed = Counter(timer.headers[SCHEDULE] for timer in timers.values())
    assert armed == {at(last + timedelta(days=1)): len(IDS)}
