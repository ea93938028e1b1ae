"""The gate is one message: whatever runs and waits, it fits."""

from datetime import timedelta
from uuid import UUID

import pytest

from lamplighter_contracts.events import BackfillRequested, JobTriggered
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_contracts.timing import MOST_WAITING
from lamplighter_planning.rulings import Asked, Ended
from tests.support.situations import JOB_ID, at, job, trigger
from tests.unit.planning.world import World

LONGEST_KEY = 200
PREVIOUS = {"prompt": "After {{ previous.result }}"}
MOST_TRIGGERS = 350


def lanes(overlap: str, most: int = 1) -> Job:
    return job(
        concurrency={"overlap": overlap, "key": "payload.a", "max_running": most, "max_queued": 1_000},
        **PREVIOUS,
    )


def flood(world: World, key: str, lane: str, count: int) -> None:
    """Deliveries of as many keys, each in a lane of its own where `lane` has a place for its number."""
    for first in range(0, count, MOST_TRIGGERS):
        numbers = range(first, min(first + MOST_TRIGGERS, count))
        world.meets(Asked(JOB_ID, triggers=tuple(delivery(key, lane, n) for n in numbers)))


def delivery(key: str, lane: str, number: int) -> JobTriggered:
    name = (f"{number}-" + key * LONGEST_KEY)[:LONGEST_KEY] if key else str(UUID(int=number))
    came = trigger(name, payload={"a": lane.format(number)})
    return came.model_copy(update={"execution_id": execution_id(came.accepted_at, JOB_ID, name)})


def size(world: World) -> int:
    return len(world.gate.model_dump_json().encode())


@pytest.mark.parametrize(("overlap", "count"), [("skip", 3_000), ("queue_one", 1_000), ("replace", 1_000)])
def test_any_number_of_lanes_and_of_what_waits_fits_one_message(overlap: str, count: int) -> None:
    world, widest = World(lanes(overlap), at("09:00")), "{}" + '"' * 27
    flood(world, "é", widest, count)
    flood(world, '"', widest, count)
    world.meets(Asked(JOB_ID, ended=(Ended("x", at("09:00"), "\x01" * 10_000),)))
    world.meets(Asked(JOB_ID, orders=(large_backfill(),)))
    assert size(world) < MESSAGE_LIMIT
    assert len(world.held) >= 900


def large_backfill() -> BackfillRequested:
    return BackfillRequested(
        backfill_id="b" * 36,
        job_id=JOB_ID,
        after_at=at("1T00:00"),
        until_at=at("09:00"),
        instants=tuple(at("1T00:00") + timedelta(minutes=n) for n in range(1_000)),
        total=1_000,
        max_parallel=200,
        requested_at=at("09:00"),
        requested_by="n" * 200,
    )


def test_backfills_fill_a_gate_and_no_more() -> None:
    """They begin while there is room; what they fire then has to find its own."""
    world = World(lanes("skip"), at("09:00"))
    flood(world, "k", "{}" + "x" * 50, 1_300)
    world.meets(Asked(JOB_ID, ended=(Ended("x", at("09:00"), "\x01" * 10_000),)))
    orders = (large_backfill().model_copy(update={"backfill_id": name * 36}) for name in "abcd")
    world.meets(Asked(JOB_ID, orders=tuple(orders)))
    assert [told.phase for told in world.backfills] == ["started"] * 4
    assert 1_300 < len(world.held) < 1_300 + 4 * 200
    assert size(world) < MESSAGE_LIMIT
    world.drain()


def test_as_many_as_may_wait_fit_with_keys_as_they_are_made() -> None:
    world = World(job(concurrency={"overlap": "queue_all", "max_queued": 1_000}), at("09:00"))
    flood(world, "", "same", MOST_WAITING + 100)
    assert len(world.gate.waiting) == MOST_WAITING


def test_what_is_full_has_room_again() -> None:
    world = World(lanes("skip"), at("09:00"))
    flood(world, "k", "{}", 4_000)
    full = set(world.held)
    flood(world, "m", "{}-more", 1)
    assert set(world.held) == full
    world.meets(world.ends(*list(full)[:10]))
    flood(world, "n", "{}-more", 1)
    assert len(world.held) == len(full) - 9
