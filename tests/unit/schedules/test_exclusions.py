"""When a job must not run: weekly blackouts, dates and calendars, by the clocks of its zone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_schedules import (
    Blackout,
    CalendarDays,
    CalendarEntry,
    DateRange,
    Exclusions,
    Removal,
    ScheduleError,
    parse_blackout,
    parse_dates,
)
from tests.unit.schedules.walk import MINUTE, utc

MONDAY = datetime(2026, 1, 5)  # noqa: DTZ001 - wall time has no zone
DAY, WEEK = 24 * 60, 7 * 24 * 60
NEW_YORK = "America/New_York"


def of_week(day: int, hour: int = 0, minute: int = 0) -> int:
    return day * DAY + hour * 60 + minute


WINDOWS = [
    ("fri 18:00 - mon 06:00", [(0, of_week(0, 6)), (of_week(4, 18), WEEK)]),
    ("FRI  18:00-Mon 6:00", [(0, of_week(0, 6)), (of_week(4, 18), WEEK)]),
    ("mon 17:00 - mon 09:00", [(0, of_week(0, 9)), (of_week(0, 17), WEEK)]),
    ("mon 09:00 - mon 17:00", [(of_week(0, 9), of_week(0, 17))]),
    ("fri 18:00 - sun 24:00", [(of_week(4, 18), WEEK)]),
    ("wed 00:00 - wed 24:00", [(of_week(2), of_week(3))]),
    ("mon-fri 09:00-17:00", [(of_week(day, 9), of_week(day, 17)) for day in range(5)]),
    ("weekdays 09:00 - 17:00", [(of_week(day, 9), of_week(day, 17)) for day in range(5)]),
    ("mon - wed, fri 09:00-17:30", [(of_week(day, 9), of_week(day, 17, 30)) for day in (0, 1, 2, 4)]),
    ("daily 00:00-06:00", [(of_week(day), of_week(day, 6)) for day in range(7)]),
    ("sat,sun 00:00-24:00", [(of_week(5), WEEK)]),
    ("weekends 00:00-24:00", [(of_week(5), WEEK)]),
    ("sat-mon 00:00-24:00", [(0, of_week(1)), (of_week(5), WEEK)]),
    ("sat,sat 10:00-11:00", [(of_week(5, 10), of_week(5, 11))]),
    ("sun 22:00-02:00", [(0, of_week(0, 2)), (of_week(6, 22), WEEK)]),
    ("fri 22:00-02:00", [(of_week(4, 22), of_week(5, 2))]),
    ("mon-tue 20:00-19:00", [(of_week(0, 20), of_week(1, 19)), (of_week(1, 20), of_week(2, 19))]),
]

BAD_BLACKOUTS = [
    ("", "cannot be read: write days and hours, such as 'mon-fri 09:00-17:00'"),
    ("night", "cannot be read"),
    ("09:00-17:00", "cannot be read"),
    ("mon", "cannot be read"),
    ("mon 9-17", "cannot be read"),
    ("mon 09:00", "cannot be read"),
    ("mon 09:00-17:00 utc", "cannot be read"),
    ("monday 09:00-17:00", "has the day 'monday', where a day is one of mon, tue, wed, thu, fri, sat, sun"),
    ("mon-fry 09:00-17:00", "has the day 'fry'"),
    ("fri 18:00 - daily 06:00", "has the day 'daily'"),
    ("daily 25:00-26:00", "has the time 25:00, where a time is 00:00 to 24:00"),
    ("daily 09:60-10:00", "has the time 09:60"),
    ("daily 23:00-24:01", "has the time 24:01"),
    ("daily 24:00-06:00", "starts at 24:00, which is 00:00 of the next day"),
    ("daily 09:00-09:00", "is empty: it ends as it starts; write 00:00-24:00 for a whole day"),
    ("fri 18:00 - fri 18:00", "ends as it starts"),
    ("sun 24:00 - mon 06:00", "starts at 24:00"),
    ("mon 00:00 - sun 24:00", "ends as it starts"),
    ("sat,sun 18:00 - mon 06:00", "has several days before its start"),
    ("daily 00:00-24:00", "is the whole week, which leaves no time to run"),
    ("mon-thu,fri-sun 00:00-24:00", "is the whole week"),
]

BAD_DATES = [
    ("", "cannot be read: write a day as year-month-day, such as '2026-12-25'"),
    ("christmas", "cannot be read"),
    ("25.12.2026", "cannot be read"),
    ("2026-12-25 09:00", "cannot be read"),
    ("2026-12-25..", "cannot be read"),
    ("2026-12-24...2026-12-26", "cannot be read"),
    ("2026-02-29", "name a day that does not exist, 2026-02-29"),
    ("2026-12-24..2026-13-01", "name a day that does not exist, 2026-13-01"),
    (
        "2027-01-01..2026-12-24",
        "end before they begin: write the earlier day first, '2026-12-24..2027-01-01'",
    ),
]


@pytest.mark.parametrize(("text", "spans"), WINDOWS)
def test_a_blackout_is_minutes_of_the_week(text: str, spans: list[tuple[int, int]]) -> None:
    assert parse_blackout(f" {text} ") == Blackout(text, tuple(spans))


@given(st.sampled_from([text for text, _ in WINDOWS]), st.integers(0, WEEK * 60 - 1))
def test_a_blackout_holds_just_the_seconds_of_its_spans(text: str, second: int) -> None:
    blackout = parse_blackout(text)

    inside = any(start * 60 <= second < end * 60 for start, end in blackout.spans)

    assert blackout.holds(MONDAY + timedelta(seconds=second)) == inside


@pytest.mark.parametrize(("text", "sentence"), BAD_BLACKOUTS)
def test_a_blackout_that_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_blackout(text)

    assert refused.value.field == "blackouts"
    assert sentence in refused.value.problem
    assert "such as 'mon-fri 09:00-17:00'" in refused.value.problem


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-12-25", date(2026, 12, 25), date(2026, 12, 25)),
        (" 2026-12-24..2027-01-01 ", date(2026, 12, 24), date(2027, 1, 1)),
        ("2026-12-24 .. 2026-12-24", date(2026, 12, 24), date(2026, 12, 24)),
        ("2028-02-29", date(2028, 2, 29), date(2028, 2, 29)),
    ],
)
def test_dates_are_local_days_both_included(text: str, first: date, last: date) -> None:
    dates = parse_dates(text)

    assert dates == DateRange(first, last)
    assert parse_dates(str(dates)) == dates


@pytest.mark.parametrize(("text", "sentence"), BAD_DATES)
def test_dates_that_cannot_be_used_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_dates(text)

    assert refused.value.field == "exclude_dates"
    assert sentence in refused.value.problem


HOLIDAYS = CalendarDays(
    "holidays",
    (
        CalendarEntry(date(2026, 12, 25), date(2026, 12, 26), "Christmas Day"),
        CalendarEntry(date(2026, 7, 4), date(2026, 7, 5)),
        CalendarEntry(utc("2026-06-01T14:00+00:00"), utc("2026-06-01T16:30+00:00"), "Release"),
    ),
)
EXCLUSIONS = Exclusions(
    NEW_YORK,
    dates=(parse_dates("2026-12-31..2027-01-01"), parse_dates("2026-05-01")),
    blackouts=(parse_blackout("fri 18:00 - mon 06:00"), parse_blackout("daily 02:00-03:00")),
    calendars=(CalendarDays("empty"), HOLIDAYS),
)
REMOVALS = [
    ("2026-04-30T23:59:59-04:00", None),
    ("2026-05-01T00:00:00-04:00", ("date", "2026-05-01 is an excluded date")),
    ("2026-05-01T23:59:59-04:00", ("date", "2026-05-01 is an excluded date")),
    ("2027-01-01T20:00-05:00", ("date", "2027-01-01 is in the excluded dates 2026-12-31..2027-01-01")),
    ("2026-06-05T17:59:59-04:00", None),
    ("2026-06-05T18:00-04:00", ("blackout", "Friday 18:00 is in the blackout 'fri 18:00 - mon 06:00'")),
    ("2026-06-08T05:59:59-04:00", ("blackout", "Monday 05:59 is in the blackout 'fri 18:00 - mon 06:00'")),
    ("2026-06-08T06:00-04:00", None),
    # The clocks go forward on Sunday 2026-03-08; on Monday they show 02:30 again.
    ("2026-03-10T02:30-04:00", ("blackout", "Tuesday 02:30 is in the blackout 'daily 02:00-03:00'")),
    ("2026-12-25T00:00-05:00", ("calendar", "2026-12-25 is in the calendar 'holidays' (Christmas Day)")),
    ("2026-12-26T04:59:59+00:00", ("blackout", "Friday 23:59 is in the blackout 'fri 18:00 - mon 06:00'")),
    ("2026-12-24T23:59:59-05:00", None),
    ("2026-06-01T09:59:59-04:00", None),
    ("2026-06-01T10:00-04:00", ("calendar", "2026-06-01 10:00 is in the calendar 'holidays' (Release)")),
    ("2026-06-01T12:30-04:00", None),
]  # fmt: skip


@pytest.mark.parametrize(("instant", "removal"), REMOVALS)
def test_what_is_left_out_and_why(instant: str, removal: tuple[Any, str] | None) -> None:
    assert EXCLUSIONS.removes(utc(instant)) == (Removal(*removal) if removal else None)


@pytest.mark.parametrize(
    ("instant", "held"),
    [
        ("2026-03-08T01:59:59-05:00", False),
        # 02:00 to 03:00 does not exist: the instant after 01:59:59 shows 03:00, which is outside.
        ("2026-03-08T03:00:00-04:00", False),
        # 01:30 comes twice, and both are inside.
        ("2026-11-01T01:30-04:00", True),
        ("2026-11-01T01:30-05:00", True),
        ("2026-11-01T02:00-05:00", False),
    ],
)
def test_a_blackout_follows_the_clocks_on_the_wall(instant: str, held: bool) -> None:
    blackouts = (
        (parse_blackout("sun 02:00-03:00"),) if "03-08" in instant else (parse_blackout("sun 01:00-02:00"),)
    )

    assert (Exclusions(NEW_YORK, blackouts=blackouts).removes(utc(instant)) is not None) == held


def test_an_entry_without_a_name_and_nothing_at_all() -> None:
    fourth = utc("2026-07-04T12:00+00:00")

    assert Exclusions("UTC").removes(fourth) is None
    removed = Exclusions("UTC", calendars=(HOLIDAYS,)).removes(fourth)
    assert removed == Removal("calendar", "2026-07-04 is in the calendar 'holidays'")


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ScheduleError, match="New_York"):
        Exclusions("New York").removes(utc("2026-07-04T12:00+00:00"))


def test_an_entry_inside_a_longer_one_does_not_hide_it() -> None:
    dates = (
        parse_dates("2026-06-01..2026-06-30"),
        parse_dates("2026-06-05"),
        parse_dates("2026-06-20..2026-07-02"),
    )
    exclusions = Exclusions("UTC", dates=dates)

    held = [utc(f"2026-0{month}-{day:02}T12:00+00:00") for month in (6, 7) for day in range(1, 31)]

    assert [exclusions.removes(instant) is not None for instant in held] == [True] * 32 + [False] * 28


NOON = utc("2026-06-01T12:00+00:00")


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (date(2026, 6, 1), date(2026, 6, 1), "ends at 2026-06-01, which is not after its start 2026-06-01"),
        (NOON, NOON - MINUTE, "which is not after its start"),
        (date(2026, 6, 1), NOON, "needs two dates, or two times with their offset"),
        (NOON, NOON.replace(tzinfo=None), "needs two dates, or two times with their offset"),
        (NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + MINUTE, "needs two dates"),
    ],
)
def test_a_calendar_entry_that_cannot_be_is_refused(start: date, end: date, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        CalendarEntry(start, end, "Strange")

    assert refused.value.field == "calendars"
    assert "'Strange'" in refused.value.problem
    assert sentence in refused.value.problem


START = date(2026, 1, 1)
_day_entries = st.builds(
    lambda start, days: CalendarEntry(START + timedelta(days=start), START + timedelta(days=start + days)),
    st.integers(0, 60),
    st.integers(1, 20),
)
_timed_entries = st.builds(
    lambda start, length: CalendarEntry(
        utc("2026-01-01T00:00+00:00") + start * MINUTE,
        utc("2026-01-01T00:00+00:00") + (start + length) * MINUTE,
    ),
    st.integers(0, 60 * DAY),
    st.integers(1, 5 * DAY),
)


@given(
    st.lists(st.one_of(_day_entries, _timed_entries), max_size=12),
    st.integers(-DAY, 90 * DAY),
    st.sampled_from([NEW_YORK, "UTC", "Asia/Kolkata"]),
)
def test_a_search_finds_what_a_look_at_every_entry_finds(
    entries: list[CalendarEntry], minute: int, zone: str
) -> None:
    instant = utc("2026-01-01T00:00+00:00") + minute * MINUTE
    exclusions = Exclusions(zone, calendars=(CalendarDays("any", tuple(entries)),))
    day = instant.astimezone(exclusions._zone).date()

    held = any(e.start <= (instant if isinstance(e.start, datetime) else day) < e.end for e in entries)

    assert (exclusions.removes(instant) is not None) == held


def test_the_search_in_a_large_calendar_takes_a_step_for_each_doubling() -> None:
    seen = 0

    class Counted(datetime):
        def __lt__(self, other: Any) -> bool:
            nonlocal seen
            seen += 1
            return super().__lt__(other)

    start = utc("2026-01-01T00:00+00:00")
    entries = tuple(CalendarEntry(start + n * MINUTE, start + n * MINUTE + MINUTE / 2) for n in range(5_000))
    exclusions = Exclusions("UTC", calendars=(CalendarDays("busy", entries),))
    exclusions.removes(start)

    late = start + 4_000 * MINUTE
    assert exclusions.removes(Counted(*late.timetuple()[:6], tzinfo=UTC)) is not None
    assert seen <= 15
