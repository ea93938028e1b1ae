"""After an outage, by each policy: exactly which occurrences fire and when, and that each has exactly one record."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.fields import rfc3339
from lamplighter_planning.catchup import LISTED_MISSED
from lamplighter_planning.rulings import Due, Queued, Skipped
from tests.support.situations import at, job
from tests.unit.planning.world import World

ALLOW = {"overlap": "allow"}
FIVE_MINUTES = timedelta(minutes=5)
LAST_DECIDED = at("09:00")
HOUR, THREE_DAYS = timedelta(hours=1), timedelta(days=3)


@dataclass(frozen=True)
class Case:
    missed: dict[str, Any]
    down: timedelta
    late: timedelta
    """How long before the scheduler is back the last occurrence was due."""
    fires: bool = False
    """Whether that one fires as if it were on time."""
    caught_up: int = 0
    """How many of those before it, or with it, are caught up with."""


def of(policy: str, **more: Any) -> dict[str, Any]:
    return {"policy": policy, **more}


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


CASES = [
    Case(of(policy, **more), down, seconds(late), fires, caught_up)
    for down in (HOUR, THREE_DAYS)
    for policy, more, late, fires, caught_up in [
        ("none", {}, 60, True, 0),
        ("none", {}, 61, False, 0),
        ("none", {"window_seconds": 200}, 200, True, 0),
        ("none", {"window_seconds": 200}, 201, False, 0),
        ("last", {}, 299, True, 0),
        ("last", {"window_seconds": 120}, 120, True, 0),
        ("last", {"window_seconds": 120}, 121, False, 0),
        ("last", {"window_seconds": 86_400}, 250, True, 0),
        ("all", {"limit": 3}, 20, True, 3),
        ("all", {"limit": 3}, 200, False, 3),
        ("all", {"limit": 3, "every_seconds": 7}, 200, False, 3),
        ("all", {"limit": 10, "window_seconds": 1_000}, 20, True, 3),
        ("all", {"limit": 10, "window_seconds": 1_000}, 200, False, 3),
        ("all", {"limit": 10, "window_seconds": 100}, 200, False, 0),
    ]
] + [
    Case(of("all", limit=500), HOUR, seconds(20), fires=True, caught_up=11),
    Case(of("all", limit=500), HOUR, seconds(200), caught_up=12),
    Case(of("all", limit=500), THREE_DAYS, seconds(20), fires=True, caught_up=287),
    Case(of("all", limit=200), THREE_DAYS, seconds(20), fires=True, caught_up=200),
    Case(of("all", limit=300, window_seconds=2 * 86_400), THREE_DAYS, seconds(20), fires=True, caught_up=300),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.missed} {case.down} {case.late}")
def test_every_occurrence_of_an_outage_has_exactly_one_record(case: Case) -> None:
    due = [LAST_DECIDED + FIVE_MINUTES * n for n in range(1, case.down // FIVE_MINUTES + 1)]
    back = due[-1] + case.late
    pace = timedelta(seconds=case.missed.get("every_seconds", 60))
    world = after_outage(case.missed, ALLOW, back)
    world.runs_on(back + pace * (case.caught_up + 1), timedelta(0))

    earlier = due[:-1] if case.fires else due
    caught = earlier[len(earlier) - case.caught_up :]
    wanted = {instant: back + pace * (n + case.fires) for n, instant in enumerate(caught)}
    if case.fires:
        wanted[due[-1]] = back
    assert starts(world, until=back) == wanted
    assert queued(world) == {instant: wanted[instant] for instant in caught}
    assert missed(world) == earlier[: len(earlier) - case.caught_up]


def after_outage(policy: dict[str, Any], concurrency: dict[str, Any], back: datetime) -> World:
    """The scheduler is back: what it finds is the timer that went off while it was down."""
    world = World(job("*/5 * * * *", missed=policy, concurrency=concurrency), LAST_DECIDED)
    world.gate = world.gate.model_copy(update={"cursor": LAST_DECIDED})
    alarm = world.alarm()
    assert alarm == LAST_DECIDED + FIVE_MINUTES
    world.tick_at(back)
    return world


def starts(world: World, until: datetime) -> dict[datetime, datetime]:
    """When each occurrence of before `until` fired."""
    return {
        ruling.occurrence.firing.nominal_at: now
        for now, ruling in world.records
        if isinstance(ruling, Due) and ruling.occurrence.firing.nominal_at <= until
    }


def queued(world: World) -> dict[datetime, datetime | None]:
    rulings = [ruling for _, ruling in world.records if isinstance(ruling, Queued)]
    assert all(ruling.occurrence.firing.caught_up for ruling in rulings)
    return {ruling.occurrence.firing.nominal_at: ruling.not_before for ruling in rulings}


def missed(world: World) -> list[datetime]:
    """Those that have a record each, and all that share one, each with the right first, last and number."""
    rulings = [ruling for _, ruling in world.records if isinstance(ruling, Skipped)]
    assert all(ruling.reason is SkipReason.MISSED for ruling in rulings)
    assert len(rulings) <= LISTED_MISSED + 1
    found: list[datetime] = []
    for ruling in rulings:
        last = ruling.occurrence.firing.nominal_at
        share = [last - FIVE_MINUTES * n for n in range(ruling.count)][::-1]
        assert share[0] == (ruling.first_at or last)
        found += share
    return found


@pytest.mark.parametrize("overlap", ["skip", "queue_one", "queue_all"])
def test_what_is_caught_up_with_runs_one_after_the_other_where_they_may_not_overlap(overlap: str) -> None:
    """And never two of them start within the pace, though what was late has piled up."""
    back, length = at("13:00:20"), timedelta(seconds=95)
    world = after_outage(of("all", limit=20), {"overlap": overlap, "max_queued": 5}, back)
    world.runs_on(back + timedelta(hours=3), length)
    caught = [(nominal, now) for nominal, now in starts(world, back).items() if nominal < at("13:00")]
    assert len(caught) == 20
    assert caught == sorted(caught)
    assert min(later - earlier for (_, earlier), (_, later) in pairwise(caught)) >= length


def test_a_second_outage_does_not_make_what_was_put_off_start_all_at_once() -> None:
    back = at("13:00:20")
    world = after_outage(of("all", limit=30), ALLOW, back)
    again = back + timedelta(minutes=10, seconds=30)
    world.tick_at(again)
    assert list(starts(world, back)) == [at("13:00"), at("10:30")]
    world.runs_on(again + timedelta(hours=3), timedelta(0))
    caught = [now for nominal, now in starts(world, back).items() if nominal < at("13:00")]
    assert caught == [again + timedelta(minutes=n) for n in range(30)]


def test_a_period_longer_than_the_tolerance_does_not_lengthen_it() -> None:
    """Daily: an hour under `last`, a minute under `none`."""
    for policy, late, fires in [
        ("last", 3600, True),
        ("last", 3601, False),
        ("none", 60, True),
        ("none", 61, False),
    ]:
        world = World(job("0 9 * * *", missed={"policy": policy}, concurrency=ALLOW), at("1T09:00"))
        world.gate = world.gate.model_copy(update={"cursor": at("1T09:00")})
        world.tick_at(at("09:00") + timedelta(seconds=late))
        assert bool(starts(world, at("09:00"))) is fires


def test_an_outage_longer_than_is_counted_says_at_least() -> None:
    world = World(job("* * * * *", concurrency=ALLOW), at("1T00:00"))
    world.tick_at(at("1T00:00") + timedelta(days=120))
    shared = world.records[0][1]
    assert isinstance(shared, Skipped)
    assert shared.detail.startswith("at least 99")


@pytest.mark.parametrize(
    ("policy", "late", "instant", "words"),
    [
        (of("none"), 90, "09:15", "it was decided 1 min 30 s late, and the job allows 1 min at most"),
        (of("none"), 90, "09:10", "it was decided 6 min 30 s late, and the job allows 1 min at most"),
        (of("last"), 90, "09:10", "it was decided at {back}, when a later occurrence was due as well"),
        (of("all", limit=1), 90, "09:10", "it was decided at {back}, and the job catches up with the latest one only"),
        (
            of("all", window_seconds=300), 20, "09:10",
            "it was decided 5 min 20 s late, and the job allows 5 min at most",
        ),
    ],
)  # fmt: skip
def test_a_missed_occurrence_says_why(policy: dict[str, Any], late: int, instant: str, words: str) -> None:
    back = at("09:15") + seconds(late)
    world = after_outage(policy, ALLOW, back)
    (told,) = (
        ruling.detail
        for _, ruling in world.records
        if isinstance(ruling, Skipped) and ruling.occurrence.firing.nominal_at == at(instant)
    )
    assert told == words.format(back=rfc3339(back))
