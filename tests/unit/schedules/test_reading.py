"""What expressions and presets mean: their canonical fields, their words, their first firings."""

import pytest

from lamplighter_schedules import occurrences, parse
from tests.unit.schedules.walk import utc

CANONICAL = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@weekdays", "0 0 * * 1-5"),
    ("@weekends", "0 0 * * 0,6"),
    ("@daily 09:00", "0 9 * * *"),
    ("@Weekdays  17:05", "5 17 * * 1-5"),
    ("@weekends 9:30", "30 9 * * 0,6"),
    ("@weekly mon 08:00", "0 8 * * 1"),
    ("@weekly 7 08:00", "0 8 * * 0"),
    ("@monthly 1 00:00", "0 0 1 * *"),
    ("@monthly L 23:59", "59 23 L * *"),
    (" 0   09 * JAN-mar MON ", "0 9 * 1-3 1"),
    ("0 8-8 * * *", "0 8 * * *"),
    ("*/1 9 ? * 7", "* 9 * * 0"),
    ("0 9 * * fri#2,1#1", "0 9 * * 5#2,1#1"),
    ("0 9 * * 5l", "0 9 * * L5"),
    ("0 9 lw * *", "0 9 LW * *"),
    ("0 9 * * 7-2", "0 9 * * 0-2"),
    ("59/15 6/6 * * *", "59 6/6 * * *"),
]  # fmt: skip

WORDS = [
    ("0 9 * * 1-5", "America/New_York", "At 09:00, Monday to Friday, New York time"),
    ("@weekdays 17:00", "UTC", "At 17:00, Monday to Friday, UTC"),
    ("*/5 * * * *", "Etc/UTC", "Every 5 minutes, UTC"),
    ("@daily", "Etc/GMT+5", "At 00:00, UTC-5"),
    ("@daily", "GMT", "At 00:00, GMT"),
    ("@daily", "America/Argentina/Buenos_Aires", "At 00:00, Buenos Aires time"),
    ("0 9 LW * *", "UTC", "At 09:00, on the last weekday of the month, UTC"),
    ("0 9 1,L * *", "UTC", "At 09:00, on day 1 and the last of the month, UTC"),
    ("0 9 13 * 5", "UTC", "At 09:00, on day 13 of the month, or on Friday, UTC"),
    ("0 9 */2 * 1", "UTC", "At 09:00, every 2 days, but only on Monday, UTC"),
    ("0 9 * * 1#1,5L", "UTC", "At 09:00, on the first Monday and last Friday of the month, UTC"),
    ("0 9 1 * 1#1", "UTC", "At 09:00, on day 1 of the month, or on the first Monday of the month, UTC"),
]  # fmt: skip

FIRINGS = [
    ("0 8-8 * * *", ["01-01T08:00", "01-02T08:00"]),
    ("0 22-2/2 * * *", ["01-01T02:00", "01-01T22:00", "01-02T00:00"]),
    ("50-10/10 9 * * *", ["01-01T09:00", "01-01T09:10", "01-01T09:50", "01-02T09:00"]),
    ("0 9 * * sat-mon", ["01-03T09:00", "01-04T09:00", "01-05T09:00", "01-10T09:00"]),
    ("0 9 28-2 * *", ["01-01T09:00", "01-02T09:00", "01-28T09:00"]),
    ("0 9 1 * 1#1", ["01-01T09:00", "01-05T09:00", "02-01T09:00", "02-02T09:00"]),
    ("0 9 13 * 5", ["01-02T09:00", "01-09T09:00", "01-13T09:00", "01-16T09:00"]),
    ("0 9 */15 * 5", ["01-16T09:00", "05-01T09:00"]),
    ("0 9 31 2 1", ["02-02T09:00", "02-09T09:00"]),
    ("0 9 15W * *", ["01-15T09:00", "02-16T09:00", "03-16T09:00"]),
    ("0 9 1W * *", ["01-01T09:00", "02-02T09:00", "03-02T09:00"]),
    ("0 9 30,L * *", ["01-30T09:00", "01-31T09:00", "02-28T09:00", "03-30T09:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "cron"), CANONICAL)
def test_the_canonical_five_fields(expression: str, cron: str) -> None:
    schedule = parse(expression, "Europe/Paris")

    assert (schedule.expression, schedule.cron, schedule.timezone) == (expression, cron, "Europe/Paris")


@pytest.mark.parametrize(("expression", "zone", "words"), WORDS)
def test_a_schedule_in_words(expression: str, zone: str, words: str) -> None:
    assert parse(expression, zone).words() == words


@pytest.mark.parametrize(("expression", "expected"), FIRINGS)
def test_the_first_firings_of_2026(expression: str, expected: list[str]) -> None:
    new_year = utc("2026-01-01T00:00+00:00")

    found = occurrences([parse(expression, "UTC")], new_year, utc("2027-01-01T00:00+00:00"), len(expected))

    assert found == [utc(f"2026-{text}+00:00") for text in expected]


def test_parsing_again_gives_the_same_schedule() -> None:
    assert parse("@daily 09:00", "UTC") is parse("@daily 09:00", "UTC")


def test_a_naive_time_is_a_fault() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse("@daily", "UTC").next_after(utc("2026-01-01T00:00+00:00").replace(tzinfo=None))
