"""The occurrences of a past range: which fire, how many at a time, and when all of it is over."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.events import BackfillCancelled, BackfillRequested, SkipReason, TriggerKind
from lamplighter_contracts.jobs import Job
from lamplighter_planning.backfills import LOOKED_AT, MOST_BACKFILLS
from lamplighter_planning.rulings import Asked, Due, Skipped
from tests.support.situations import JOB_ID, MADE, at, job, paused
from tests.unit.planning.world import MOST_MESSAGES, World

HOURLY = "0 * * * *"
SKIP, ALLOW = {"concurrency": {"overlap": "skip"}}, {"concurrency": {"overlap": "allow"}}


def request(
    name: str = "b",
    after: str = "00:00",
    until: str = "05:00",
    most: int = 1,
    instants: tuple[datetime, ...] = (),
) -> BackfillRequested:
    return BackfillRequested(
        backfill_id=name,
        job_id=JOB_ID,
        after_at=at(after),
        until_at=at(until),
        instants=instants,
        total=5,
        max_parallel=most,
        requested_at=at("09:00"),
        requested_by="ann",
    )


def ordered(*orders: BackfillRequested | BackfillCancelled) -> Asked:
    return Asked(JOB_ID, orders=orders)


def cancelled(name: str = "b") -> Asked:
    order = BackfillCancelled(backfill_id=name, job_id=JOB_ID, requested_at=at("10:00"), requested_by="bob")
    return ordered(order)


def world(*schedules: str, **changes: Any) -> World:
    return World(job(*(schedules or (HOURLY,)), **changes), at("09:00"))


def fired(of: World) -> list[datetime]:
    return [ruling.occurrence.firing.nominal_at for _, ruling in of.records if isinstance(ruling, Due)]


def phases(of: World) -> list[tuple[str, str, int]]:
    return [(told.backfill_id, told.phase, told.fired) for told in of.backfills]


def hours(*numbers: int) -> list[datetime]:
    return [at(f"{number:02}:00") for number in numbers]


@pytest.mark.parametrize("most", [1, 2, 3, 9])
@pytest.mark.parametrize("changes", [SKIP, ALLOW, paused()], ids=["skip", "allow", "paused"])
def test_the_range_fires_in_order_as_many_at_a_time_as_may(changes: dict[str, Any], most: int) -> None:
    """After the first instant and up to the last. A person's act: it runs a paused job too."""
    of = world(**changes)
    of.meets(ordered(request(most=most)))
    assert fired(of) == hours(1, 2, 3, 4, 5)[:most]
    assert phases(of) == [("b", "started", 0)]
    while of.held:
        assert len(of.held) <= most
        of.meets(of.ends(next(iter(of.held))))
    assert fired(of) == hours(1, 2, 3, 4, 5)
    assert phases(of) == [("b", "started", 0), ("b", "completed", 5)]
    assert of.gate.backfills == ()


def test_it_is_complete_when_the_last_has_ended_and_not_before() -> None:
    of = world()
    of.meets(ordered(request(until="02:00", most=2)))
    first, second = of.held
    of.meets(of.ends(second))
    assert phases(of) == [("b", "started", 0)]
    of.meets(of.ends(first))
    assert phases(of)[1:] == [("b", "completed", 2)]


def test_chosen_occurrences_fire_and_no_others() -> None:
    of = world()
    of.meets(ordered(request(most=9, instants=tuple(hours(2, 4)))))
    assert fired(of) == hours(2, 4)


@pytest.mark.parametrize("schedules", [(), (HOURLY,)])
def test_an_empty_range_is_complete_at_once(schedules: tuple[str, ...]) -> None:
    of = World(job(*schedules), at("09:00"))
    of.meets(ordered(request(after="05:10", until="05:50")))
    assert phases(of) == [("b", "started", 0), ("b", "completed", 0)]


def test_each_says_where_it_comes_from() -> None:
    of = world()
    of.meets(ordered(request()))
    [(_, ruling)] = of.records
    firing = ruling.occurrence.firing
    assert (firing.kind, firing.backfill_id, firing.triggered_by) == (TriggerKind.BACKFILL, "b", "ann")
    assert firing.key == "b:2026-03-02T01:00:00Z"


def test_what_the_calendars_leave_out_is_passed_over() -> None:
    of = world(exclusions={"blackouts": ["mon 02:00 - mon 04:00"]})
    of.meets(ordered(request(most=9)))
    assert fired(of) == hours(1, 4, 5)
    assert len(of.records) == 3


def test_a_range_that_is_left_out_altogether_ends_however_long_it_is() -> None:
    of = world("* * * * *", exclusions={"dates": ["2026-03-01..2026-03-09"]})
    of.meets(ordered(request(after="1T00:00", until="4T00:00")))
    assert timedelta(days=3) / timedelta(minutes=1) > LOOKED_AT
    assert phases(of) == [("b", "started", 0), ("b", "completed", 0)]


def test_it_has_places_of_its_own() -> None:
    """Neither does it take the job's, nor the job its."""
    of = world(concurrency={"overlap": "skip"})
    of.gate = of.gate.model_copy(update={"cursor": at("08:00")})
    of.meets(ordered(request(most=2)))
    of.meets(Asked(JOB_ID, ticked=True))
    assert fired(of) == hours(1, 2, 9)
    of.meets(ordered(request("c")))
    assert fired(of) == hours(1, 2, 9, 1)


def test_it_does_not_count_as_runs_of_the_schedule() -> None:
    of = world(window={"max_runs": 1})
    of.gate = of.gate.model_copy(update={"runs": 1, "counted_from": MADE})
    of.meets(ordered(request(most=9)))
    assert len(fired(of)) == 5
    assert of.gate.runs == 1


def test_cancelling_stops_what_runs_and_fires_nothing_more() -> None:
    of = world()
    of.meets(ordered(request(most=2)))
    of.meets(cancelled())
    assert phases(of) == [("b", "started", 0), ("b", "cancelled", 2)]
    assert of.stopped == set(of.held)
    assert {running.stopping for running in of.gate.running.values()} == {"cancelled by bob"}
    of.drain()
    assert len(fired(of)) == 2


def test_an_order_and_its_cancelling_may_come_together() -> None:
    of = world()
    of.meets(ordered(request(), *cancelled().orders))
    assert phases(of) == [("b", "started", 0), ("b", "cancelled", 0)]
    assert of.records == []


@pytest.mark.parametrize("orders", [(request(),), (request(), request())])
def test_an_order_that_comes_again_starts_nothing(orders: tuple[BackfillRequested, ...]) -> None:
    of = world()
    of.meets(ordered(*orders))
    of.drain()
    of.meets(ordered(*orders))
    of.meets(cancelled())
    assert phases(of) == [("b", "started", 0), ("b", "completed", 5)]
    assert len(fired(of)) == 5


def test_cancelling_what_is_not_there_does_nothing() -> None:
    of = world()
    of.meets(cancelled())
    assert (of.backfills, of.stopped) == ([], set())


@pytest.mark.parametrize("gone", [job(HOURLY, deleted_at=at("09:30")), None])
def test_a_backfill_of_a_job_that_is_gone_is_cancelled(gone: Job | None) -> None:
    of = world()
    of.meets(ordered(request(most=2)))
    of.job = gone
    of.meets(of.ends(next(iter(of.held))))
    assert phases(of)[1:] == [("b", "cancelled", 2)]
    assert of.stopped == set(of.held)
    of.meets(ordered(request("c")))
    assert phases(of)[2:] == [("c", "cancelled", 0)]


def test_more_than_a_batch_can_carry_fires_in_portions() -> None:
    of = world("* * * * *")
    of.meets(ordered(*(request(name, until="04:00", most=200) for name in "bcd")))
    assert len(of.held) == 600
    of.drain()
    assert len(fired(of)) == 720
    assert sorted(phases(of)[3:]) == [(name, "completed", 240) for name in "bcd"]


def test_prompts_that_are_blocked_do_not_exceed_a_batch_and_do_not_hold_it_up() -> None:
    of = world("* * * * *", prompt="{{ payload.title }}")
    of.meets(ordered(request(after="1T00:00", until="04:00")))
    assert phases(of) == [("b", "started", 0), ("b", "completed", 0)]
    reasons = [ruling.reason for _, ruling in of.records if isinstance(ruling, Skipped)]
    assert reasons == [SkipReason.BLOCKED] * 28 * 60
    assert len(reasons) > MOST_MESSAGES


def test_a_job_that_is_changed_does_not_change_what_was_asked_for() -> None:
    of = world()
    of.meets(ordered(request()))
    of.job = job("30 * * * *", timezone="Asia/Tokyo")
    of.drain()
    assert fired(of) == hours(1, 2, 3, 4, 5)


def test_more_than_a_gate_holds_are_refused() -> None:
    of = world()
    names = [f"b{n}" for n in range(MOST_BACKFILLS + 1)]
    of.meets(ordered(*map(request, names)))
    assert [phase for _, phase, _ in phases(of)] == ["started"] * MOST_BACKFILLS + ["cancelled"]
