"""A scheduler that is away for a whole minute, by the clock: what each policy makes of the occurrences it missed."""

from datetime import datetime, timedelta

from lamplighter_contracts.events import JobDue, JobSkipped, SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.timing import Missed, MissedPolicy
from tests.service.scheduler.world import Record, World, due, job, now, scheduler
from tests.support.servers import Server
from tests.support.waiting import until

PERIOD = timedelta(seconds=5)
AWAY = timedelta(seconds=60)
CAUGHT_UP = 4
POLICIES = {
    "none": Missed(policy=MissedPolicy.NONE),
    "last": Missed(policy=MissedPolicy.LAST),
    "all": Missed(policy=MissedPolicy.ALL, limit=CAUGHT_UP, every_seconds=1),
}


async def test_a_minute_without_a_scheduler_leaves_no_occurrence_without_its_record(
    world: World, nats_server: Server
) -> None:
    made = now()
    await world.write(
        *(
            job(name, "@every 5s", overlap="allow", missed=m, scheduled_from=made)
            for name, m in POLICIES.items()
        )
    )
    async with scheduler(nats_server):
        await until(lambda: _each_fired(world))
    left = now()
    await until(lambda: _is_past(left + AWAY), seconds=AWAY.total_seconds() + 5)
    back = now()
    async with scheduler(nats_server):
        await until(lambda: _goes_on(world, back + timedelta(seconds=CAUGHT_UP)), seconds=40)

    for name in POLICIES:
        records = await world.records(name)
        instants = [record.firing.nominal_at for record in records]
        assert sorted(instants) == _instants(made, max(instants)), name
        assert all(record.count == 1 for record in records if isinstance(record, JobSkipped))
    missed = {name: _missed(await world.records(name)) for name in POLICIES}
    away = _instants(left, back)
    # Whatever the policy, the occurrence of the moment in which the scheduler came back may still have been on time.
    for name, most_fired in (("none", 1), ("last", 1), ("all", CAUGHT_UP + 1)):
        assert set(missed[name]) <= set(away)
        assert len(away) - most_fired <= len(missed[name]) <= len(away) - (CAUGHT_UP if name == "all" else 0)
    caught_up = [record for record in due(await world.records("all")) if record.firing.caught_up]
    assert len(caught_up) == CAUGHT_UP
    assert set(missed["all"]) < set(missed["last"]) | {away[-1]}


def _instants(after: datetime, until_at: datetime) -> list[datetime]:
    """The multiples of the period since 1970 in (after, until_at]."""
    seconds = int(PERIOD.total_seconds())
    first = datetime.fromtimestamp((int(after.timestamp()) // seconds + 1) * seconds, after.tzinfo)
    return [first + PERIOD * n for n in range(max(0, (until_at - first) // PERIOD + 1))]


def _missed(records: list[Record]) -> list[datetime]:
    skipped = [record for record in records if isinstance(record, JobSkipped)]
    assert {record.reason for record in skipped} <= {SkipReason.MISSED}, [
        rfc3339(r.decided_at) for r in skipped
    ]
    return [record.firing.nominal_at for record in skipped]


async def _each_fired(world: World) -> bool:
    return all([due(await world.records(name)) for name in POLICIES])


async def _goes_on(world: World, after: datetime) -> bool:
    """Every job has fired on time again, and what is caught up with has."""
    found = [due(await world.records(name)) for name in POLICIES]
    late = [record for record in found[-1] if record.firing.caught_up]
    return len(late) >= CAUGHT_UP and all(_on_time(records, after) for records in found)


def _on_time(records: list[JobDue], after: datetime) -> bool:
    return any(r.firing.nominal_at > after and not r.firing.caught_up for r in records)


async def _is_past(instant: datetime) -> bool:
    return now() >= instant
