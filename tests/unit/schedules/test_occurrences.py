"""Several schedules together: spans, the last of one, and how many."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_schedules import (
    COUNT_CAP,
    Schedule,
    Tally,
    count_and_tail,
    latest,
    next_after,
    normal_gap,
    occurrences,
    parse,
)
from tests.unit.schedules.walk import utc

HOURLY = parse("@hourly", "UTC")
NINE = parse("0 9 * * *", "UTC")
MINUTELY = parse("* * * * *", "America/New_York")
LEAP = parse("0 0 29 2 *", "UTC")
NINETY = parse("@every 90s", "UTC")
SECONDLY = parse("* * * * * *", "Europe/London", seconds=True)
NEW_YEAR = utc("2026-01-01T00:00+00:00")
DAY = timedelta(days=1)
ONCE = parse("@at 2026-01-01T12:00:00Z", "UTC")

some_schedules = st.lists(
    st.sampled_from(
        [
            HOURLY,
            NINE,
            LEAP,
            parse("* 9 * * mon", "America/New_York"),
            parse("30 1,2 * * *", "America/New_York"),
            parse("0,5 9 1 * *", "Africa/Casablanca"),
            parse("*/20 */6 * * *", "Australia/Lord_Howe"),
            parse("15,45 */30 1 * * *", "America/New_York", seconds=True),
            parse("@every 5h7m from 2026-03-01T00:00:01Z", "UTC"),
            parse("@at 2026-03-10 09:00", "UTC"),
        ]
    ),
    max_size=3,
)
starts = st.datetimes(datetime(2025, 10, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(0), timedelta(days=20))


def test_without_schedules_nothing_is_due() -> None:
    assert next_after([], NEW_YEAR) is None
    assert occurrences([], NEW_YEAR, NEW_YEAR + DAY, 10) == []
    assert latest([], NEW_YEAR, NEW_YEAR + DAY) is None
    assert count_and_tail([], NEW_YEAR, NEW_YEAR + DAY, 10) == Tally(0, [], exact=True)
    assert normal_gap([], NEW_YEAR) is None


def test_the_next_of_several_is_the_earliest() -> None:
    assert next_after([NINE, HOURLY], NEW_YEAR) == NEW_YEAR + timedelta(hours=1)


def test_a_span_excludes_its_start_and_includes_its_end() -> None:
    assert occurrences([NINE], NEW_YEAR + timedelta(hours=9), NEW_YEAR + timedelta(hours=33), 10) == [
        NEW_YEAR + timedelta(hours=33)
    ]


def test_two_schedules_due_at_one_instant_are_one_occurrence() -> None:
    assert len(occurrences([HOURLY, NINE], NEW_YEAR, NEW_YEAR + DAY, 100)) == 24


def test_a_limit_keeps_the_earliest() -> None:
    assert occurrences([HOURLY], NEW_YEAR, NEW_YEAR + DAY, 2) == [
        NEW_YEAR + timedelta(hours=1),
        NEW_YEAR + timedelta(hours=2),
    ]
    assert occurrences([HOURLY], NEW_YEAR, NEW_YEAR + DAY, 0) == []


def test_the_latest_is_found_far_from_either_end() -> None:
    assert latest([LEAP], utc("1999-01-01T00:00+00:00"), utc("2027-12-31T00:00+00:00")) == utc(
        "2024-02-29T00:00+00:00"
    )
    assert latest([LEAP], utc("2024-02-29T00:00+00:00"), utc("2027-12-31T00:00+00:00")) is None


def test_counting_stops_at_its_cap_and_the_tail_is_still_the_end() -> None:
    until = NEW_YEAR + timedelta(days=80, seconds=30)

    tally = count_and_tail([MINUTELY], NEW_YEAR, until, 3)

    end = NEW_YEAR + timedelta(days=80)
    minute = timedelta(minutes=1)
    assert tally == Tally(COUNT_CAP, [end - 2 * minute, end - minute, end], exact=False)


def test_exactly_the_cap_is_an_exact_count() -> None:
    assert count_and_tail([HOURLY], NEW_YEAR, NEW_YEAR + DAY, 0, cap=24) == Tally(24, [], exact=True)


def test_a_one_shot_is_due_once_among_others_that_recur() -> None:
    noon = NEW_YEAR + DAY / 2

    assert next_after([ONCE], NEW_YEAR) == noon
    assert next_after([ONCE], noon) is None
    assert next_after([ONCE, NINE], noon) == NEW_YEAR + timedelta(hours=33)
    assert occurrences([ONCE, NINE], NEW_YEAR, NEW_YEAR + DAY, 9) == [NEW_YEAR + timedelta(hours=9), noon]
    assert occurrences([ONCE], NEW_YEAR, noon - timedelta(seconds=1), 9) == []
    assert latest([ONCE], NEW_YEAR, NEW_YEAR + DAY) == noon
    assert count_and_tail([ONCE], NEW_YEAR, NEW_YEAR + DAY, 2) == Tally(1, [noon], exact=True)
    assert count_and_tail([ONCE], noon, NEW_YEAR + DAY, 2) == Tally(0, [], exact=True)


def test_seconds_are_counted_like_minutes() -> None:
    second = timedelta(seconds=1)

    tally = count_and_tail([SECONDLY, NINETY], NEW_YEAR, NEW_YEAR + 400 * DAY, 2)

    end = NEW_YEAR + 400 * DAY
    assert tally == Tally(COUNT_CAP, [end - second, end], exact=False)
    assert count_and_tail([SECONDLY], NEW_YEAR, NEW_YEAR + DAY, 0) == Tally(86_400, [], exact=True)


def test_the_instants_of_two_schedules_are_merged_in_order() -> None:
    ninety = NEW_YEAR + timedelta(seconds=90)

    found = occurrences([parse("* * * * *", "UTC"), NINETY], NEW_YEAR, NEW_YEAR + timedelta(minutes=3), 9)

    minute = timedelta(minutes=1)
    assert found == [NEW_YEAR + minute, ninety, NEW_YEAR + 2 * minute, NEW_YEAR + 3 * minute]


@given(some_schedules, starts, spans, st.integers(0, 5), st.sampled_from([3, 500, COUNT_CAP]))
@settings(max_examples=150, deadline=None)
def test_latest_count_and_tail_agree_with_the_whole_list(
    schedules: list[Schedule], after: datetime, span: timedelta, keep: int, cap: int
) -> None:
    everything = occurrences(schedules, after, after + span, 100_000)

    tally = count_and_tail(schedules, after, after + span, keep, cap)

    assert latest(schedules, after, after + span) == (everything[-1] if everything else None)
    assert tally.tail == everything[max(len(everything) - keep, 0) :]
    assert tally.count == min(len(everything), cap)
    assert tally.exact == (len(everything) <= cap)


@pytest.mark.parametrize(
    ("expressions", "at", "gap"),
    [
        (["*/5 * * * *"], "2026-01-01T09:00+00:00", timedelta(minutes=5)),
        (["0 9 * * *"], "2026-01-01T09:00+00:00", DAY),
        (["0 9 * * *"], "2026-01-01T09:00:01+00:00", DAY),
        (["0 9 * * *", "0 12 * * *"], "2026-01-01T09:00+00:00", timedelta(hours=3)),
        (["0 17 * * 1-5"], "2026-01-02T17:00+00:00", 3 * DAY),
        (["@every 90s"], "2026-01-01T00:00:01+00:00", timedelta(seconds=90)),
        (["@every 1s"], "2026-01-01T00:00:00.5+00:00", timedelta(seconds=1)),
        (["*/10 * * * * *"], "2026-01-01T00:00:10+00:00", timedelta(seconds=10)),
        (["@at 2026-01-01T12:00:00Z"], "2026-01-01T12:00+00:00", None),
        (["@at 2026-01-01T12:00:00Z"], "2026-01-01T13:00+00:00", None),
        (["@at 2026-01-01T12:00:00Z", "0 14 * * *"], "2026-01-01T12:00+00:00", timedelta(hours=2)),
    ],
)
def test_the_normal_gap_is_from_an_occurrence_to_the_next(
    expressions: list[str], at: str, gap: timedelta | None
) -> None:
    schedules = [parse(expression, "UTC", seconds=True) for expression in expressions]

    assert normal_gap(schedules, utc(at)) == gap
