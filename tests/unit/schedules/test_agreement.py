"""What holds for every schedule, and agreement with two independent readings of it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamplighter_schedules import Schedule, ScheduleError, latest, occurrences, parse
from tests.unit.schedules.strategies import models, plain_models, six_fields, small_hours, small_seconds
from tests.unit.schedules.walk import DAY, MINUTE, SECOND, Model, firings, utc

CHANGES = [
    ("America/New_York", "2026-03-08T07:00+00:00"),
    ("America/New_York", "2026-11-01T06:00+00:00"),
    ("Europe/London", "2026-03-29T01:00+00:00"),
    ("Europe/London", "2026-10-25T01:00+00:00"),
    ("Europe/Dublin", "2026-03-29T01:00+00:00"),
    ("Europe/Dublin", "2026-10-25T01:00+00:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30+00:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00+00:00"),
    ("Pacific/Apia", "2011-12-30T10:00+00:00"),
    ("Africa/Casablanca", "2026-02-15T02:00+00:00"),
    ("Africa/Casablanca", "2026-03-22T02:00+00:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00+00:00"),
    ("America/Sao_Paulo", "2018-02-18T02:00+00:00"),
    ("Antarctica/Troll", "2026-03-29T01:00+00:00"),
    ("Antarctica/Troll", "2026-10-25T01:00+00:00"),
    ("Antarctica/Casey", "2010-03-04T15:00+00:00"),
    ("Asia/Pyongyang", "2018-05-04T15:00+00:00"),
    ("Asia/Tehran", "2022-03-21T20:30+00:00"),
    ("Asia/Tehran", "2022-09-21T19:30+00:00"),
    ("America/St_Johns", "2006-10-29T02:31:00+00:00"),
]
SHORT_CHANGES = [(zone, at) for zone, at in CHANGES if zone != "Pacific/Apia"]
ZONES = sorted({zone for zone, _ in CHANGES})
BEFORE, DAYS = timedelta(days=2), 4
AT, END = BEFORE // MINUTE, DAYS * 24 * 60 - 1

instants = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
expensive = settings(max_examples=300, deadline=None)


def parsed(model: Model, zone: str) -> Schedule:
    """Random days may never come: then there is nothing to compare."""
    with suppress(ScheduleError):
        return parse(model.text, zone, seconds=True)
    assume(False)
    raise AssertionError


def after(schedule: Schedule, instant: datetime) -> datetime:
    following = schedule.next_after(instant)
    assert following is not None
    return following


def walked(schedule: Schedule, start: datetime, until: datetime) -> list[datetime]:
    """One search for each."""
    found = []
    following = schedule.next_after(start)
    while following is not None and following <= until:
        found.append(following)
        following = schedule.next_after(following)
    return found


@given(models, st.sampled_from(ZONES), instants)
@expensive
def test_the_next_is_later_and_on_the_minute(model: Model, zone: str, instant: datetime) -> None:
    following = after(parsed(model, zone), instant)

    assert following > instant
    assert following.tzinfo is UTC
    assert (following.second, following.microsecond) == (0, 0)


@given(six_fields, st.sampled_from(ZONES), instants)
@expensive
def test_the_next_of_six_fields_is_later_and_on_the_second(
    model: Model, zone: str, instant: datetime
) -> None:
    following = after(parsed(model, zone), instant)

    assert following > instant
    assert following.microsecond == 0


@given(st.one_of(models, six_fields), st.sampled_from(ZONES), instants, st.floats(0, 1))
@expensive
def test_nothing_is_between_an_instant_and_the_next(
    model: Model, zone: str, instant: datetime, share: float
) -> None:
    schedule = parsed(model, zone)
    following = after(schedule, instant)
    between = instant + (following - instant) * share

    if between < following:
        assert schedule.next_after(between) == following


@given(small_hours, st.sampled_from(CHANGES), st.one_of(st.integers(AT - 90, AT + 240), st.integers(0, END)))
@expensive
def test_it_agrees_with_a_walk_over_every_minute(model: Model, change: tuple[str, str], minutes: int) -> None:
    schedule = parsed(model, change[0])
    start = utc(change[1]) - BEFORE
    begin, end = start + MINUTE * minutes, start + MINUTE * END

    expected = list(islice((t for t in firings(model, change[0], start, DAYS * DAY) if t > begin), 80))

    assert occurrences([schedule], begin, end, 80) == expected
    assert walked(schedule, begin, expected[-1] if expected else end) == expected


@given(small_seconds, st.sampled_from(SHORT_CHANGES), st.integers(-3_600, 3_600))
@settings(max_examples=60, deadline=None)
def test_six_fields_agree_with_a_walk_over_every_second(
    model: Model, change: tuple[str, str], seconds: int
) -> None:
    schedule = parsed(model, change[0])
    start = utc(change[1]) - timedelta(hours=2)
    begin, end = utc(change[1]) + seconds * SECOND, start + timedelta(hours=5) - SECOND

    every = firings(model, change[0], start, timedelta(hours=5), SECOND)
    expected = [t for t in every if t > begin]

    assert occurrences([schedule], begin, end, 100_000) == expected
    assert walked(schedule, begin, end) == expected


@given(st.one_of(plain_models, six_fields), st.sampled_from(["UTC", "Asia/Kolkata"]), instants)
@expensive
def test_it_agrees_with_cronsim_where_clocks_stand_still(model: Model, zone: str, instant: datetime) -> None:
    schedule = parsed(model, zone)
    far = instant + timedelta(days=40 * 366)

    found = occurrences([schedule], instant, far, 5)

    simulated = CronSim(model.text, instant.astimezone(ZoneInfo(zone)))
    assert found == [t.astimezone(UTC) for t in islice(simulated, len(found))]


@given(
    st.one_of(small_hours, models, six_fields),
    st.sampled_from(CHANGES),
    st.timedeltas(-2 * DAY, 2 * DAY),
    st.one_of(st.timedeltas(0 * DAY, 3 * DAY), st.timedeltas(0 * DAY, 400 * DAY)),
)
@expensive
def test_a_span_is_what_repeated_searches_find(
    model: Model, change: tuple[str, str], begin: timedelta, length: timedelta
) -> None:
    schedule = parsed(model, change[0])
    start = utc(change[1]) + begin
    found = occurrences([schedule], start, start + length, 400)
    until = start + length if len(found) < 400 else found[-1]

    assert walked(schedule, start, until) == found
    assert all(earlier < later for earlier, later in pairwise(found))
    assert list(schedule.between(start, until, newest_first=True)) == found[::-1]
    assert latest([schedule], start, until) == (found[-1] if found else None)


@given(st.one_of(models, six_fields))
@expensive
def test_the_canonical_form_is_a_fixed_point(model: Model) -> None:
    schedule = parsed(model, "UTC")

    assert parse(schedule.cron, "UTC", seconds=True).cron == schedule.cron
    assert schedule.words().endswith(", UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_schedules_of_one_expression_are_equal(zone: str) -> None:
    assert parse("0 9 * * *", zone) == parse("0 9 * * *", zone, seconds=True)
    assert hash(parse("0 9 * * *", zone)) == hash(parse("0 9 * * *", zone, seconds=True))
    assert parse("0 9 * * *", zone) != parse("0 9 * * *", "UTC")
