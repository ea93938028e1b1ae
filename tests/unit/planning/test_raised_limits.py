"""A schedule that had fired as often as it might, and may fire again: what lies between is none of its occurrences."""

from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Concurrency, Overlap, Window
from lamplighter_planning.agenda import next_alarm
from lamplighter_scheduler.invariants import is_unsettled
from tests.support.situations import TICK, at, ended, job, manual
from tests.unit.planning.world import World

HOURLY = "0 * * * *"


def limited(most: int | None, changed: str = "00:30") -> Job:
    return job(
        HOURLY,
        window={"max_runs": most},
        concurrency={"overlap": "allow"},
        missed={"policy": "all", "window_seconds": 86_400},
        scheduled_from=at("00:30"),
        updated_at=at(changed),
    )


def exhausted() -> World:
    world = World(limited(1), at("01:00"))
    world.meets(TICK)
    assert len(world.records) == 1
    world.now = at("09:30")
    world.meets(TICK)
    assert len(world.records) == 1
    return world


def test_what_came_due_meanwhile_was_not_missed() -> None:
    world = exhausted()
    for most in (3, None):
        assert world.job is not None
        world.job = limited(most, "09:30")
        assert next_alarm(world.job, world.gate) == at("10:00")
        world.meets(TICK)
        assert len(world.records) == 1


def test_it_goes_on_counting_and_misses_nothing_more() -> None:
    world = exhausted()
    world.job = limited(3, "09:30")
    world.now = at("10:00")
    world.meets(TICK)
    assert (len(world.records), world.gate.runs) == (2, 2)
    world.job = limited(3, "10:30")
    world.now = at("11:00")
    world.meets(ended())
    world.meets(TICK)
    assert (len(world.records), world.gate.runs) == (3, 3)
    assert next_alarm(world.job, world.gate) is None


def test_what_still_waits_as_it_is_raised_brings_nothing_back() -> None:
    world = World(limited(1), at("01:00"))
    world.job = limited(1).model_copy(update={"concurrency": Concurrency(overlap=Overlap.QUEUE_ALL)})
    world.meets(manual("k"))
    world.meets(TICK)
    world.meets(ended("execution-of-k"))
    assert world.gate.runs == 1
    world.now = at("09:30")
    world.job = world.job.model_copy(update={"window": Window(max_runs=3), "updated_at": at("09:30")})
    (fired,) = world.held
    world.meets(ended(fired))
    count = len(world.records)
    world.meets(TICK)
    assert len(world.records) == count


def test_once_it_has_gone_on_a_change_passes_over_nothing() -> None:
    world = exhausted()
    world.job = limited(None, "09:30")
    world.now = at("10:00")
    world.meets(TICK)
    world.job = limited(None, "11:00:30")
    world.now = at("11:00:31")
    world.meets(TICK)
    assert len(world.records) == 3


def test_it_goes_on_from_the_change_that_raised_it_and_from_no_later_one() -> None:
    world = exhausted()
    world.job = limited(3, "09:30")
    assert is_unsettled(world.situation(TICK))
    world.meets(TICK)
    assert not is_unsettled(world.situation(TICK))
    world.job = limited(3, "10:00:10")
    world.now = at("10:00:20")
    world.meets(TICK)
    assert world.gate.runs == 2, "due before the second change, decided after it"
