"""Timers follow the newest revision of a job, whoever comes late."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import pytest
from nats.aio.client import Client

from lamplighter_contracts.jobs import Job, ScheduleTrigger
from lamplighter_contracts.streams import SCHEDULER_CATALOG
from lamplighter_planning.rulings import Situation
from lamplighter_scheduler.records import at
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers
from tests.service.scheduler.world import World, daily_at, job, last_minute, now, scheduler
from tests.support.servers import Server
from tests.support.waiting import until

SOON = last_minute() + timedelta(hours=1)
LATER = SOON + timedelta(hours=1)


def changed(of: Job, **changes: object) -> Job:
    return of.model_copy(update=changes)


def set_for(instant: object) -> dict[str, object]:
    assert isinstance(instant, type(SOON))
    return {"triggers": (ScheduleTrigger(schedule=daily_at(instant)),), "scheduled_from": now()}


@pytest.mark.parametrize(
    "without",
    [{"enabled": False}, {"deleted_at": now()}, {"triggers": ()}],
    ids=["paused", "deleted", "unscheduled"],
)
async def test_a_job_that_stops_running_by_schedule_is_disarmed(
    world: World, nats_server: Server, without: dict[str, object]
) -> None:
    report = job("report", daily_at(SOON), scheduled_from=now())
    async with scheduler(nats_server):
        await world.write(report)
        await until(lambda: world.timers_are(report=at(SOON)))
        await world.write(changed(report, **without))
        await until(lambda: world.timers_are(report=None))
        await world.write(report)
        await until(lambda: world.timers_are(report=at(SOON)))


async def test_a_changed_schedule_moves_the_one_timer(world: World, nats_server: Server) -> None:
    report = job("report", daily_at(SOON), scheduled_from=now())
    async with scheduler(nats_server):
        await world.write(report)
        await until(lambda: world.timers_are(report=at(SOON)))
        await world.write(changed(report, **set_for(LATER)))
        await until(lambda: world.timers_are(report=at(LATER)))
        await until(lambda: world.idle(SCHEDULER_CATALOG))
    assert len(await world.stored("TIMERS", "timer.job.report")) == 1


class Interrupted(States):
    """Reads the state of jobs, and then is held up once while the world goes on."""

    def __init__(self, client: Client, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(client)
        self._meanwhile: Callable[[], Awaitable[None]] | None = meanwhile

    async def of_jobs(self, job_ids: Iterable[str]) -> list[Situation]:
        read = await super().of_jobs(job_ids)
        if self._meanwhile is not None:
            happens, self._meanwhile = self._meanwhile, None
            await happens()
        return read


@pytest.mark.parametrize("armed_before", [False, True])
async def test_an_arming_from_an_older_revision_loses(world: World, armed_before: bool) -> None:
    report = job("report", daily_at(SOON), scheduled_from=now())
    await world.write(report)
    prompt = Timers(world.bus, States(world.bus))
    if armed_before:
        await prompt.review(["report"])

    async def meanwhile() -> None:
        await world.write(changed(report, **set_for(LATER)))
        await prompt.review(["report"])

    slow = Timers(world.bus, Interrupted(world.bus, meanwhile))
    await slow.review(["report"])
    assert await world.timer("report") == at(LATER)


async def test_a_late_disarming_spares_the_newer_timer(world: World) -> None:
    report = job("report", daily_at(SOON), scheduled_from=now())
    await world.write(report)
    prompt = Timers(world.bus, States(world.bus))
    await prompt.review(["report"])
    await world.write(changed(report, enabled=False))

    async def meanwhile() -> None:
        await world.write(changed(report, **set_for(LATER)))
        await prompt.review(["report"])

    await Timers(world.bus, Interrupted(world.bus, meanwhile)).review(["report"])
    assert await world.timer("report") == at(LATER)
