"""What the scheduler counts on: schedules are small, and no search or text goes on for ever."""

import tracemalloc
from collections.abc import Callable

import pytest

from lamplighter_schedules import (
    ScheduleError,
    count_and_tail,
    latest,
    occurrences,
    parse,
    parse_blackout,
    parse_dates,
)
from lamplighter_schedules.every import read_every
from lamplighter_schedules.zones import read_zone
from tests.unit.schedules.walk import MINUTE, SECOND, utc

NEW_YEAR = utc("2026-01-01T00:00+00:00")
NEW_YORK = "America/New_York"


def test_ten_thousand_schedules_take_less_than_ten_megabytes() -> None:
    written = [f"{minute} {hour} * * {day}" for minute in range(60) for hour in range(24) for day in range(7)]
    parse("0 0 * * *", "Asia/Tokyo").next_after(NEW_YEAR)

    tracemalloc.start()
    try:
        schedules = [parse(expression, "Asia/Tokyo") for expression in written]
        for schedule in schedules:
            schedule.next_after(NEW_YEAR)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # Measured: under 500 bytes, without the text that was written.
    assert taken / len(schedules) < 1_000


def test_a_far_end_is_not_walked_to() -> None:
    """Searching all seconds up to then would take hours."""
    secondly = [parse("* * * * * *", NEW_YORK, seconds=True)]
    far = utc("9999-01-01T00:00+00:00")

    assert occurrences(secondly, NEW_YEAR, far, 5)[-1] == NEW_YEAR + 5 * SECOND
    last = latest(secondly, NEW_YEAR, far)
    assert last is not None
    assert count_and_tail(secondly, NEW_YEAR, NEW_YEAR + MINUTE, 3).count == 60
    assert not count_and_tail(secondly, NEW_YEAR, far, 3).exact


BLANKS = " " * 1_000


@pytest.mark.parametrize(
    "read",
    [
        lambda: parse(f"@every 1d{BLANKS}x", "UTC"),
        lambda: read_every(f"@every 1d{BLANKS}x", read_zone("UTC")),
        lambda: read_every(f"@every 1d 1{BLANKS}x", read_zone("UTC")),
        lambda: read_every(f"@every 1d{BLANKS}fro", read_zone("UTC")),
        lambda: read_every(f"@every{' from' * 1_000}", read_zone("UTC")),
        lambda: parse_dates(f"2026-01-01{BLANKS}x"),
        lambda: parse_blackout(f"mon{'-mon' * 1_000} x"),
        lambda: parse_blackout(f"mon{BLANKS}9:00"),
    ],
)
def test_no_text_is_read_for_ever(read: Callable[[], object]) -> None:
    """A pattern that tries every split of the blanks would not end."""
    with pytest.raises(ScheduleError):
        read()


def test_what_is_kept_is_short() -> None:
    assert parse(f"0 9 * *{' ' * 192}*", "UTC").cron == "0 9 * * *"
    with pytest.raises(ScheduleError, match="has 201 characters, where 200 is the most"):
        parse(f"0 9 * *{' ' * 193}*", "UTC")
