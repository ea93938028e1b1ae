"""When the timer must wake, and what came due since the cursor."""

from datetime import timedelta
from typing import Any

import pytest

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_planning.agenda import Lump, Passed, next_alarm, passed
from lamplighter_planning.timetable import timetable
from lamplighter_schedules import COUNT_CAP, ScheduleError
from tests.support.situations import JOB_ID, MADE, at, job, paused, runs, waits

DAILY, HOURLY, MINUTELY = "0 9 * * *", "0 * * * *", "* * * * *"
FIVE_RUNS = {"window": {"max_runs": 5}}


def gate(cursor: str | None, **fields: Any) -> Gate:
    return Gate(job_id=JOB_ID, cursor=at(cursor) if cursor else None, **fields)


def since(of: Job, cursor: str | None, now: str, keep: int = 100) -> Passed:
    return passed(of, gate(cursor), timetable(of, of.job_id), at(now), keep)


def lump(first: str, last: str, count: int) -> Lump:
    return Lump(at(first), at(last), count)


@pytest.mark.parametrize(
    ("of", "cursor", "wanted"),
    [
        (job(DAILY), None, "1T09:00"),
        (job(DAILY), "09:00", "3T09:00"),
        (job(DAILY), "08:59:59", "09:00"),
        (job(DAILY, "30 8 * * *"), "09:00", "3T08:30"),
        (job(DAILY, timezone="America/New_York"), "09:00", "14:00"),
        (job(DAILY, scheduled_from=at("5T10:00")), "09:00", "6T09:00"),
        (job(DAILY, scheduled_from=at("09:00")), None, "3T09:00"),
        (job(DAILY, deleted_at=at("08:00")), None, None),
        (job(), None, None),
        (None, None, None),
        (job("@at 2026-03-02 09:00"), "1T09:00", "09:00"),
        (job("@at 2026-03-02 09:00"), "09:00", None),
        (job("@every 90s from 2026-03-02T09:00:00Z"), "09:00", "09:01:30"),
        (
            job(triggers=[{"kind": "schedule", "schedule": "30 0 9 * * *", "seconds": True}]),
            "08:00",
            "09:00:30",
        ),
    ],
)
def test_the_next_alarm_follows_the_cursor(of: Job | None, cursor: str | None, wanted: str | None) -> None:
    assert next_alarm(of, gate(cursor)) == (at(wanted) if wanted else None)


@pytest.mark.parametrize(
    ("pause", "cursor", "wanted"),
    [
        (paused(), "1T09:00", None),
        (paused(since="10:00"), "1T09:00", "09:00"),
        (paused(until="3T07:00"), "1T09:00", "3T07:00"),
        (paused(until="3T07:00"), "09:00", "3T09:00"),
        (paused(until="09:00"), "1T09:00", "09:00"),
        (paused(until="3T07:00", resumed="08:30"), "1T09:00", "09:00"),
        (paused(until="3T07:00", resumed="10:00"), "1T09:00", "10:00"),
        (paused(resumed="08:30"), "1T09:00", "09:00"),
    ],
)
def test_a_pause_is_over_before_anything_else_is_due(
    pause: dict[str, Any], cursor: str, wanted: str | None
) -> None:
    assert next_alarm(job(DAILY, **pause), gate(cursor)) == (at(wanted) if wanted else None)


def test_the_end_of_a_pause_is_an_alarm_also_where_nothing_follows() -> None:
    """What it passed over would never be recorded."""
    of = job("@at 2026-03-02 09:00", **paused(until="10:00"))
    assert next_alarm(of, gate("1T09:00")) == at("10:00")
    assert since(of, "1T09:00", "10:00").paused == lump("09:00", "09:00", 1)
    assert next_alarm(of, gate("09:00")) is None


@pytest.mark.parametrize(
    ("window", "cursor", "wanted"),
    [
        ({"starts_at": at("5T09:00")}, "1T09:00", "5T09:00"),
        ({"starts_at": at("5T09:01")}, "1T09:00", "6T09:00"),
        ({"ends_at": at("09:00")}, "1T09:00", None),
        ({"ends_at": at("09:01")}, "1T09:00", "09:00"),
        ({"starts_at": at("5T09:00"), "ends_at": at("6T09:00")}, "5T09:00", None),
    ],
)
def test_there_are_no_alarms_outside_of_the_window(
    window: dict[str, Any], cursor: str, wanted: str | None
) -> None:
    assert next_alarm(job(DAILY, window=window), gate(cursor)) == (at(wanted) if wanted else None)


def test_a_schedule_that_fired_as_often_as_it_may_is_over_until_it_is_changed() -> None:
    exhausted = gate("09:00", runs=5, counted_from=MADE)
    assert next_alarm(job(DAILY, **FIVE_RUNS), exhausted) is None
    assert next_alarm(job(DAILY, **FIVE_RUNS, scheduled_from=at("10:00")), exhausted) == at("3T09:00")


@pytest.mark.parametrize(
    ("running", "time", "wanted"),
    [("", "08:30", "08:30"), ("", "09:30", "09:00"), ("a", "08:30", "09:00"), ("a@red", "08:30", "08:30")],
)
def test_what_waits_for_its_time_is_an_alarm_once_there_is_room(running: str, time: str, wanted: str) -> None:
    standing = gate("08:00", running=runs(running), waiting=(waits("k", time=time), waits("l")))
    assert next_alarm(job(HOURLY), standing) == at(wanted)


@pytest.mark.parametrize(
    ("cursor", "now", "listed"),
    [
        ("09:00", "09:59:59", []),
        ("09:00", "10:00", ["10:00"]),
        ("09:00", "12:30", ["10:00", "11:00", "12:00"]),
        ("10:00", "09:30", []),
    ],
)
def test_what_passed_is_after_the_cursor_and_up_to_now(cursor: str, now: str, listed: list[str]) -> None:
    assert since(job(HOURLY), cursor, now) == Passed(listed=tuple(map(at, listed)))


@pytest.mark.parametrize(
    ("window", "listed"),
    [
        ({"starts_at": at("11:00")}, ["11:00", "12:00"]),
        ({"starts_at": at("11:00:01")}, ["12:00"]),
        ({"ends_at": at("11:00")}, ["10:00"]),
        ({"ends_at": at("11:00:01")}, ["10:00", "11:00"]),
        ({"starts_at": at("11:00"), "ends_at": at("12:00")}, ["11:00"]),
        ({"starts_at": at("15:00")}, []),
        ({"ends_at": at("08:00")}, []),
    ],
)
def test_what_passed_outside_of_the_window_is_no_occurrence(
    window: dict[str, Any], listed: list[str]
) -> None:
    assert since(job(HOURLY, window=window), "09:00", "12:30") == Passed(listed=tuple(map(at, listed)))


@pytest.mark.parametrize(
    ("pause", "now", "shared", "listed"),
    [
        (paused(since="09:30"), "12:30", lump("10:00", "12:00", 3), ["09:00"]),
        (paused(since="09:30", until="11:00"), "12:30", lump("10:00", "10:00", 1), ["09:00", "11:00", "12:00"]),
        (paused(since="10:00", until="11:00"), "10:00", lump("10:00", "10:00", 1), ["09:00"]),
        (paused(since="09:30", until="15:00", resumed="11:30"), "12:30", lump("10:00", "11:00", 2), ["09:00", "12:00"]),
        (paused(since="07:00", until="08:30"), "10:30", None, ["09:00", "10:00"]),
        (paused(since="13:00"), "10:30", None, ["09:00", "10:00"]),
        (paused(since="09:30", until="08:30"), "10:30", None, ["09:00", "10:00"]),
    ],
)  # fmt: skip
def test_what_a_pause_covers_shares_a_record(
    pause: dict[str, Any], now: str, shared: Lump | None, listed: list[str]
) -> None:
    found = since(job(HOURLY, **pause), "08:00", now)
    assert (found.paused, found.unlisted) == (shared, None)
    assert found.listed == tuple(map(at, listed))
    assert found.cursor == max([*found.listed, *([shared.last] if shared else [])])


def test_a_long_outage_is_counted_beyond_what_is_listed() -> None:
    found = since(job(MINUTELY), "09:00", "3T09:00")
    assert found.unlisted == lump("09:01", "3T07:20", 24 * 60 - 100)
    assert found.listed == tuple(at("3T07:20") + timedelta(minutes=n) for n in range(1, 101))
    assert found.cursor == at("3T09:00")


@pytest.mark.parametrize(("cursor", "first"), [("09:00", "09:01"), ("12:00", "16:00"), ("16:30", "16:31")])
def test_what_is_counted_begins_where_no_pause_is(cursor: str, first: str) -> None:
    of = job(MINUTELY, **paused(since="12:00", until="16:00"))
    found = since(of, cursor, "3T09:00")
    minutes = (at("3T09:00") - at(cursor)) // timedelta(minutes=1)
    hidden = found.paused.count if found.paused else 0
    assert found.unlisted is not None
    assert found.unlisted.first == at(first)
    assert found.unlisted.count + len(found.listed) + hidden == minutes


@pytest.mark.parametrize("minutes", range(1, 9))
def test_spread_holds_back_only_the_last_one_however_many_are_kept(minutes: int) -> None:
    of = job(MINUTELY, spread={"spread_seconds": 59})
    times = timetable(of, of.job_id)
    offset = times.effective(at("09:00")) - at("09:00")
    assert timedelta(0) < offset
    now = at("09:00") + timedelta(minutes=minutes)

    early = passed(of, gate("09:00"), times, now + offset - timedelta(seconds=1), 3)
    late = passed(of, gate("09:00"), times, now + offset, 3)
    for found, count in ((early, minutes - 1), (late, minutes)):
        instants = [at("09:00") + timedelta(minutes=n) for n in range(1, count + 1)]
        assert found.listed == tuple(instants[-3:])
        shared = instants[:-3]
        assert found.unlisted == (Lump(shared[0], shared[-1], len(shared)) if shared else None)


def test_an_outage_of_months_is_counted_to_a_cap() -> None:
    of = job(MINUTELY)
    now = MADE + timedelta(days=90)
    found = passed(of, gate(None), timetable(of, of.job_id), now, 100)
    assert found.unlisted is not None
    assert (found.unlisted.exact, found.unlisted.count) == (False, COUNT_CAP - 100)
    assert found.cursor == now


def test_what_is_exhausted_or_deleted_passes_nothing() -> None:
    exhausted = gate("09:00", runs=5, counted_from=MADE)
    of = job(HOURLY, **FIVE_RUNS)
    assert passed(of, exhausted, timetable(of, of.job_id), at("12:00"), 100) == Passed()
    assert since(job(HOURLY, deleted_at=at("08:00")), "09:00", "12:00") == Passed()


def test_a_schedule_that_cannot_be_read_says_so() -> None:
    with pytest.raises(ScheduleError, match="write five"):
        next_alarm(job("whenever"), gate(None))
