"""What is to come: pauses, windows and calendars are respected, and a leap over an absence misses nothing."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_contracts.calendars import Calendar, DaysEntry, SpanEntry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import AgentExecutor, Job, ScheduleTrigger
from lamplighter_contracts.timing import Exclusions, Pause, Spread, Window
from lamplighter_planning.forecast import Foreseen, clock_notes, coming, forecast, left_out_for_good
from lamplighter_planning.timetable import NOWHERE, Surroundings, timetable
from lamplighter_schedules import occurrences

MADE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOLIDAYS = Calendar(
    calendar_id="holidays",
    name="Holidays",
    entries=(
        DaysEntry(first=date(2026, 3, 20), last=date(2026, 3, 22), name="Fair"),
        SpanEntry(
            starts_at=datetime(2026, 3, 24, 9, 30, 30, tzinfo=UTC),
            ends_at=datetime(2026, 3, 25, 2, 15, 30, tzinfo=UTC),
        ),
    ),
    created_at=MADE,
    updated_at=MADE,
)


def job(schedule: str = "0 9 * * *", **changes: Any) -> Job:
    fields = {
        "job_id": "report-7f3a",
        "name": "Report",
        "prompt": "Write it.",
        "executor": AgentExecutor(agent_id="writer"),
        "triggers": (ScheduleTrigger(schedule=schedule, seconds=True),),
        "created_at": MADE,
        "updated_at": MADE,
        "scheduled_from": MADE,
    }
    return Job.model_validate(fields | changes)


def foreseen(
    of: Job, count: int, removed: int = 0, gate: Gate | None = None, around: Surroundings = NOWHERE
) -> list[str]:
    """`3T09:00`, with its reason where it is left out."""
    ahead = forecast(
        of, timetable(of, of.job_id, around), gate or Gate(job_id=of.job_id), NOW, count, removed
    )
    return [
        f"{one.at:%-dT%H:%M}" + (f" {one.removal.reason}" if one.removal else "")
        for one in ahead
        if one.effective_at > NOW
    ]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, ["3T09:00", "4T09:00", "5T09:00"]),
        ({"deleted_at": NOW}, []),
        ({"triggers": ()}, []),
        ({"pause": Pause(paused_at=MADE)}, []),
        (
            {"pause": Pause(paused_at=MADE, until=datetime(2026, 3, 4, 9, tzinfo=UTC))},
            ["4T09:00", "5T09:00", "6T09:00"],
        ),
        ({"pause": Pause(paused_at=MADE, resumed_at=NOW)}, ["3T09:00", "4T09:00", "5T09:00"]),
        (
            {"window": Window(starts_at=datetime(2026, 3, 8, tzinfo=UTC))},
            ["8T09:00", "9T09:00", "10T09:00"],
        ),
        ({"window": Window(ends_at=datetime(2026, 3, 4, 9, tzinfo=UTC))}, ["3T09:00"]),
        ({"window": Window(max_runs=4)}, ["3T09:00", "4T09:00"]),
        (
            {"exclusions": Exclusions(dates=("2026-03-03..2026-03-06",))},
            ["3T09:00 date", "4T09:00 date", "7T09:00", "8T09:00", "9T09:00"],
        ),
        (
            {"exclusions": Exclusions(blackouts=("tue 08:00-10:00",)), "window": Window(max_runs=3)},
            ["3T09:00 blackout", "4T09:00"],
        ),
    ],
)
def test_what_fires_next(changes: dict[str, Any], wanted: list[str]) -> None:
    gate = Gate(job_id="report-7f3a", cursor=NOW, runs=2, counted_from=MADE)
    assert foreseen(job(**changes), 3, removed=2, gate=gate) == wanted


def test_the_calendars_of_the_environment_count_too() -> None:
    environment = Environment(
        environment_id="default",
        name="x",
        exclusions=Exclusions(calendars=("holidays",), dates=("2026-03-03",)),
        created_at=MADE,
        updated_at=MADE,
    )
    around = Surroundings(environment, {"holidays": HOLIDAYS})
    assert foreseen(job(), 2, around=around) == ["4T09:00", "5T09:00"]
    assert "20T09:00 calendar" in foreseen(job(), 20, removed=9, around=around)


def test_what_is_put_off_is_still_to_come() -> None:
    spread = job("0 0 9 * * *", spread=Spread(spread_seconds=86_400))
    times = timetable(spread, spread.job_id)
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    begins = times.effective(nine)
    assert begins > nine
    for now, first in ((begins - timedelta(seconds=1), nine), (begins, nine + timedelta(days=1))):
        one = next(coming(times, MADE, now))
        assert (one.at, one.effective_at) == (first, times.effective(first))
        assert one.effective_at > now


def _agrees(zone: str, schedule: str, excluded: Exclusions, start: datetime) -> bool:
    """With a walk that looks at each occurrence."""
    of = job(schedule, timezone=zone, exclusions=excluded)
    times = timetable(of, of.job_id, Surroundings(None, {"holidays": HOLIDAYS}))
    end = start + timedelta(days=9)
    leaping = [one.at for one in takewhile(lambda one: one.at < end, coming(times, start, start))]
    walked = occurrences(times.schedules, start, end - timedelta(seconds=1), 100_000)
    return leaping == [instant for instant in walked if times.removal(instant) is None]


def test_what_a_pause_has_passed_over_does_not_come_later() -> None:
    """It was due in the pause, and would take effect after it."""
    of = job("0 0 9 * * *", spread=Spread(spread_seconds=86_400))
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    over = timetable(of, of.job_id).effective(nine) - timedelta(seconds=1)
    of = of.model_copy(update={"pause": Pause(paused_at=MADE, resumed_at=nine + timedelta(seconds=1))})
    ahead = forecast(of, timetable(of, of.job_id), Gate(job_id=of.job_id), over, 1)
    assert [one.at for one in ahead] == [nine + timedelta(days=1)]


@pytest.mark.parametrize(
    ("zone", "day", "excluded"),
    [
        # An hour comes twice, of which the blackout has one half.
        ("America/New_York", (10, 30), {"blackouts": ["sun 01:30-06:00"]}),
        # Midnight comes twice.
        ("America/Havana", (10, 30), {"dates": ["2026-10-31"]}),
        ("America/Havana", (10, 30), {"blackouts": ["sat 00:00-24:00"]}),
        # Midnight does not come, nor does the end of the blackout.
        ("America/Havana", (3, 6), {"dates": ["2026-03-07"]}),
        ("America/New_York", (3, 6), {"blackouts": ["sun 01:30-02:30"]}),
        ("Australia/Lord_Howe", (4, 3), {"blackouts": ["sun 01:15-01:45"]}),
        ("UTC", (3, 20), {"calendars": ["holidays"]}),
    ],
)
def test_a_leap_lands_where_the_clocks_do(zone: str, day: tuple[int, int], excluded: dict[str, Any]) -> None:
    start = datetime(2026, *day, tzinfo=UTC)
    assert _agrees(zone, "0 */10 * * * *", Exclusions.model_validate(excluded), start)


ZONES = ["UTC", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut"]
SCHEDULES = ["0 */17 * * * *", "30 15 * * * *", "0 0 0,1,2,3,23 * * *", "0 30 1 * * *"]
BLACKOUTS = ["sun 01:30-06:00", "sat 18:00 - sun 02:30", "fri 00:00 - mon 06:00", "daily 23:30-00:30"]
DATES = ["2026-03-28..2026-03-29", "2026-10-31", "2026-11-01", "2026-03-08", "2026-03-07"]
STARTS = [datetime(2026, month, day, tzinfo=UTC) for month in (3, 4, 10) for day in (4, 20, 29)]


@settings(max_examples=100, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    schedule=st.sampled_from(SCHEDULES),
    blackouts=st.lists(st.sampled_from(BLACKOUTS), unique=True),
    dates=st.lists(st.sampled_from(DATES), unique=True),
    start=st.sampled_from(STARTS),
)
def test_a_leap_misses_nothing(
    zone: str, schedule: str, blackouts: list[str], dates: list[str], start: datetime
) -> None:
    excluded = Exclusions(dates=tuple(dates), blackouts=tuple(blackouts), calendars=("holidays",))
    assert _agrees(zone, schedule, excluded, start)


def test_a_long_absence_is_passed_over_quickly() -> None:
    """Every second, and a year of holidays: no look at 31 million of them."""
    excluded = Exclusions(dates=("2026-01-01..2026-12-31",), blackouts=("fri 18:00 - mon 06:00",))
    of = job("* * * * * *", exclusions=excluded)
    first = next(coming(timetable(of, of.job_id), NOW, NOW))
    assert first.at == datetime(2027, 1, 1, tzinfo=UTC)


def test_what_is_left_out_for_good() -> None:
    def of(schedule: str, *blackouts: str, **changes: Any) -> tuple[datetime, Any] | None:
        this = job(schedule, exclusions=Exclusions(blackouts=blackouts), **changes)
        return left_out_for_good(timetable(this, this.job_id), NOW)

    always = of("0 0 9 * * *", "daily 08:00-10:00")
    assert always is not None
    assert (always[0], always[1].reason) == (datetime(2026, 3, 3, 9, tzinfo=UTC), "blackout")
    assert of("0 0 9 * * *", "mon-sat 08:00-10:00") is None
    for last, wanted in (("2027-01-31", False), ("2027-03-31", True)):
        long = job(exclusions=Exclusions(dates=(f"2026-03-01..{last}",)))
        assert (left_out_for_good(timetable(long, long.job_id), NOW) is not None) is wanted
    assert of("@at 2026-03-03 09:00", "daily 08:00-10:00") is not None
    assert of("@at 2026-03-03 10:00", "daily 08:00-10:00") is None
    assert of("0 0 9 29 2 *", "daily 08:00-10:00") is not None, "all there are, however far they lie apart"


def test_the_clocks_of_a_day_are_noted() -> None:
    of = job("0 30 2 * * *", timezone="America/New_York")
    times = timetable(of, of.job_id)
    notes = [clock_notes(times, one.at) for one in islice(coming(times, NOW, NOW), 7)]
    assert [note.partition(": ")[0] for note in notes if note] == ["clocks go forward at 02:00 on this day"]


def test_foreseen_ones_ascend() -> None:
    of = job("0 */7 * * * *", spread=Spread(spread_seconds=300, jitter_seconds=200))
    times = timetable(of, of.job_id)
    ahead: list[Foreseen] = list(islice(coming(times, MADE, NOW), 200))
    moments = [one.effective_at for one in ahead]
    assert moments == sorted(set(moments))
    assert all(one.effective_at < following.at for one, following in pairwise(ahead))
