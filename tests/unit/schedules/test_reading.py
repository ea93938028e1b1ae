"""What expressions and presets mean: their canonical fields, their words, their first firings."""

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_schedules import latest, occurrences, parse
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
    ("30 0 9 * * mon", "30 0 9 * * 1"),
    ("*/1 * * * * *", "* * * * * *"),
    ("0 0 9 * * *", "0 9 * * *"),
    ("00  5 9 * * *", "5 9 * * *"),
    ("@every 90s", "@every 90s"),
    ("@EVERY 1h 30m", "@every 90m"),
    ("@every 120m", "@every 2h"),
    ("@every 86400s", "@every 1d"),
    ("@every 36h", "@every 36h"),
    ("@every 1d2h3m4s", "@every 1d2h3m4s"),
    ("@every 366d", "@every 366d"),
    ("@every 5m from 1970-01-01T00:00:00Z", "@every 5m"),
    ("@every 5m from 2026-07-01t09:00:30+02:00", "@every 5m from 2026-07-01T07:00:30Z"),
    ("@every 5m from 2026-07-01 09:00", "@every 5m from 2026-07-01T07:00:00Z"),
    ("@at 2026-12-01T09:00:00Z", "@at 2026-12-01T09:00:00Z"),
    (" @At  2026-12-01T09:00:30-05:00", "@at 2026-12-01T14:00:30Z"),
    ("@at 2026-12-01 09:00", "@at 2026-12-01T08:00:00Z"),
    ("@at 2026-12-01T09:00:07", "@at 2026-12-01T08:00:07Z"),
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
    ("30 0 9 * * 1-5", "America/New_York", "At 09:00:30, Monday to Friday, New York time"),
    ("30 * * * * *", "UTC", "At 30 seconds past the minute, UTC"),
    ("*/10 * * * * *", "UTC", "Every 10 seconds, UTC"),
    ("* * * * * *", "UTC", "Every second, UTC"),
    ("5-10 * 9 * * *", "UTC", "Seconds 5 to 10 past the minute, between 09:00 and 09:59, UTC"),
    ("15 */5 * * * *", "UTC", "At 15 seconds past the minute, every 5 minutes, UTC"),
    ("30 0 9 * * 1#1", "UTC", "At 09:00:30, on the first Monday of the month, UTC"),
    ("@every 90s", "America/New_York", "Every 90 seconds, counted from 1970-01-01 00:00 UTC"),
    ("@every 1s", "UTC", "Every second, counted from 1970-01-01 00:00 UTC"),
    ("@every 1h", "UTC", "Every hour, counted from 1970-01-01 00:00 UTC"),
    ("@every 1h30m", "UTC", "Every 90 minutes, counted from 1970-01-01 00:00 UTC"),
    ("@every 2d1h15m", "UTC", "Every 2 days, 1 hour and 15 minutes, counted from 1970-01-01 00:00 UTC"),
    ("@every 1d from 2026-03-07 09:00", "America/New_York", "Every day, counted from 2026-03-07 14:00 UTC"),
    ("@every 1d from 2026-03-07T09:00:30Z", "UTC", "Every day, counted from 2026-03-07 09:00:30 UTC"),
    ("@at 2026-12-01T14:00:00Z", "America/New_York", "Once, on 1 December 2026 at 09:00, New York time"),
    ("@at 2026-12-01 09:00:30", "UTC", "Once, on 1 December 2026 at 09:00:30, UTC"),
    ("@at 2026-03-08 02:30", "America/New_York", "Once, on 8 March 2026 at 03:00, New York time"),
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
    ("0 9 1W 8 *", ["08-03T09:00"]),
    ("0 9 28W 2 *", ["02-27T09:00"]),
    ("0 9 28W 3 *", ["03-27T09:00"]),
    ("0 9 LW 5 *", ["05-29T09:00"]),
    ("30 0 9 * * *", ["01-01T09:00:30", "01-02T09:00:30"]),
    ("*/20 0,59 9 * * *", ["01-01T09:00:00", "01-01T09:00:20", "01-01T09:00:40", "01-01T09:59:00"]),
    ("0/30 * * * * *", ["01-01T00:00:30", "01-01T00:01:00", "01-01T00:01:30"]),
    ("@every 90s", ["01-01T00:01:30", "01-01T00:03:00", "01-01T00:04:30"]),
    ("@every 7d", ["01-08T00:00", "01-15T00:00"]),
    ("@every 90s from 2026-01-01T00:00:07Z", ["01-01T00:00:07", "01-01T00:01:37"]),
    ("@every 7d from 2026-02-01T00:00:00Z", ["02-01T00:00", "02-08T00:00", "02-15T00:00"]),
    ("@at 2026-02-01T00:00:00Z", ["02-01T00:00"]),
    ("0 9 30,L * *", ["01-30T09:00", "01-31T09:00", "02-28T09:00", "03-30T09:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "cron"), CANONICAL)
def test_the_canonical_five_fields(expression: str, cron: str) -> None:
    schedule = parse(expression, "Europe/Paris", seconds=True)

    assert (schedule.expression, schedule.cron, schedule.timezone) == (expression, cron, "Europe/Paris")


@pytest.mark.parametrize(("expression", "zone", "words"), WORDS)
def test_a_schedule_in_words(expression: str, zone: str, words: str) -> None:
    assert parse(expression, zone, seconds=True).words() == words


@pytest.mark.parametrize(("expression", "expected"), FIRINGS)
def test_the_first_firings_of_2026(expression: str, expected: list[str]) -> None:
    schedule, new_year = parse(expression, "UTC", seconds=True), utc("2026-01-01T00:00+00:00")

    found = occurrences([schedule], new_year, utc("2027-01-01T00:00+00:00"), len(expected))

    assert found == [utc(f"2026-{text}+00:00") for text in expected]


def test_parsing_again_gives_the_same_schedule() -> None:
    assert parse("@daily 09:00", "UTC") is parse("@daily 09:00", "UTC")


def test_a_naive_time_is_a_fault() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse("@daily", "UTC").next_after(utc("2026-01-01T00:00+00:00").replace(tzinfo=None))


def test_only_a_one_shot_has_its_only_instant() -> None:
    assert parse("@at 2026-12-01 09:00", "America/New_York").once == utc("2026-12-01T14:00+00:00")
    assert parse("@every 90s", "UTC").once is None
    assert parse("@daily", "UTC").once is None


@pytest.mark.parametrize(
    "expression", ["@yearly", "@every 366d", "* * * * *", "@at 2999-12-31 23:59", "0 0 29 2 *"]
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_after_the_last_year_of_the_calendar_there_is_nothing(expression: str, zone: str) -> None:
    schedule, first, last = (
        parse(expression, zone),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    )

    assert schedule.next_after(last) is None
    assert schedule.next_after(last - timedelta(days=900)) is None or schedule.once is None
    assert next(schedule.between(first, last), None) == schedule.next_after(first)
    assert latest([schedule], first, last) is not None
