"""What holds for every schedule, and agreement with two independent readings of it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lamplighter_schedules import Schedule, ScheduleError, occurrences, parse
from tests.unit.schedules.strategies import models, small_hours
from tests.unit.schedules.walk import MINUTE, Model, firings, utc

CHANGES = [
    ("America/New_York", "2026-03-08T07:00+00:00"),
    ("America/New_York", "2026-11-01T06:00+00:00"),
    ("Europe/London", "2026-03-29T01:00+00:00"),
    ("Europe/London", "2026-10-25T01:00+00:00"),
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
    ("America/St_Johns", "2006-10-29T02:31:00+00:00"),
]
ZONES = sorted({zone for zone, _ in CHANGES})
BEFORE, DAYS = timedelta(days=2), 4
AT, END = BEFORE // MINUTE, DAYS * 24 * 60 - 1

instants = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
expensive = settings(max_examples=300, deadline=None)


def parsed(model: Model, zone: str) -> Schedule:
    """Random days may never come: then there is nothing to compare."""
    with suppress(ScheduleError):
        return parse(model.text, zone)
    assume(False)
    raise AssertionError


@given(models, st.sampled_from(ZONES), instants)
@expensive
def test_the_next_is_later_and_on_the_minute(model: Model, zone: str, instant: datetime) -> None:
    schedule = parsed(model, zone)

    following = schedule.next_after(instant)

    assert following > instant
    assert following.tzinfo is UTC
    assert (following.second, following.microsecond) == (0, 0)


@given(models, st.sampled_from(ZONES), instants, st.floats(0, 1))
@expensive
def test_nothing_is_between_an_instant_and_the_next(
    model: Model, zone: str, instant: datetime, share: float
) -> None:
    schedule = parsed(model, zone)
    following = schedule.next_after(instant)
    between = instant + (following - instant) * share

    if between < following:
        assert schedule.next_after(between) == following


@given(small_hours, st.sampled_from(CHANGES), st.one_of(st.integers(AT - 90, AT + 240), st.integers(0, END)))
@expensive
def test_it_agrees_with_a_walk_over_every_minute(model: Model, change: tuple[str, str], minutes: int) -> None:
    schedule = parsed(model, change[0])
    start = utc(change[1]) - BEFORE
    after, end = start + MINUTE * minutes, start + MINUTE * END

    expected = islice((t for t in firings(model, change[0], start, DAYS) if t > after), 80)

    assert occurrences([schedule], after, end, 80) == list(expected)


@given(models, st.sampled_from(["UTC", "Asia/Kolkata"]), instants)
@expensive
def test_it_agrees_with_cronsim_where_clocks_stand_still(model: Model, zone: str, instant: datetime) -> None:
    schedule = parsed(model, zone)
    far = instant + timedelta(days=40 * 366)

    found = occurrences([schedule], instant, far, 5)

    simulated = CronSim(model.text, instant.astimezone(schedule._zone))
    assert found == [t.astimezone(UTC) for t in islice(simulated, len(found))]


@given(models)
@expensive
def test_the_canonical_form_is_a_fixed_point(model: Model) -> None:
    schedule = parsed(model, "UTC")

    assert parse(schedule.cron, "UTC").cron == schedule.cron
    assert schedule.words().endswith(", UTC")


@pytest.mark.parametrize("zone", ZONES)
def test_equal_schedules_are_equal_whatever_they_were_asked(zone: str) -> None:
    asked, unasked = parse("0 9 * * *", zone), Schedule("0 9 * * *", "0 9 * * *", zone)
    asked.next_after(datetime(2026, 1, 1, tzinfo=UTC))

    assert asked == unasked
    assert hash(asked) == hash(unasked)
