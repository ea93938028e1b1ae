"""What is refused, and that the sentence says what is wrong and what would be right."""

from copy import copy

import pytest

from lamplighter_schedules import ScheduleError, check_future, parse
from tests.unit.schedules.walk import utc

SCHEDULES = [
    ("", "has 0 fields: write five"),
    ("0 9 * *", "has 4 fields: write five"),
    ("0 0 9 * * *", "has 6 fields: write five"),
    ("0 0 9 * * *", "or set `seconds: true` for a first field that is the second"),
    ("0 0 9 * * * 2026", "has 7 fields"),
    ("60 9 * * *", "The minute '60' is out of range: allowed is 0 to 59"),
    ("0 24 * * *", "The hour '24' is out of range: allowed is 0 to 23"),
    ("0 9 0 * *", "The day of month '0' is out of range: allowed is 1 to 31"),
    ("0 9 32 * *", "The day of month '32' is out of range"),
    ("0 9 * 13 *", "The month '13' is out of range: allowed is 1 to 12 or JAN to DEC"),
    ("0 9 * 0 *", "The month '0' is out of range"),
    ("0 9 * * 8", "The day of week '8' is out of range: allowed is 0 to 7 or SUN to SAT"),
    ("0 9 * * monday", "The day of week 'monday' is not known"),
    ("0 9 * foo *", "The month 'foo' is not known"),
    ("0 mon * * *", "The hour 'mon' is not known"),
    ("99999999999 * * * *", "The minute '99999999999' is out of range"),
    ("-5 * * * *", "The minute '-5' cannot be read"),
    ("1.5 * * * *", "The minute '1.5' cannot be read"),
    ("1,,2 * * * *", "The minute '' cannot be read"),
    ("5-*/2 * * * *", "The minute '5-*/2' cannot be read"),
    ("\u0665 * * * *", "The minute '\u0665' cannot be read"),
    ("*/90 * * * *", "has a step of 90, where a step is 1 to 60"),
    ("*/0 * * * *", "has a step of 0"),
    ("*,5 * * * *", "which already means every one"),
    ("H 9 * * *", "The minute 'h' is not known"),
    ("R * * * *", "The minute 'r' is not known"),
    ("H(0-9) * * * *", "The minute 'h(0-9)' cannot be read"),
    ("? 9 * * *", "The minute '?' cannot be read"),
    ("0 9 31W * *", "The day of month '31W' is not in every month"),
    ("0 9 5W,6 * *", "lists a W, which stands alone"),
    ("0 9 L-3 * *", "The day of month 'l' is not known"),
    ("0 9 * * L", "The day of week 'l' is not known"),
    ("0 9 * * 1#6", "The day of week '1#6' cannot be read"),
    ("0 9 * * 1,2#3", "mixes weekdays of every week with weekdays of a month"),
    ("0 9 30 2 *", "never fires: February has no day 30"),
    ("0 9 30,31 2 *", "never fires: February has no day 30 or 31"),
    ("0 9 31 4,6,9 *", "never fires: April, June and September have no day 31"),
    ("0 9 31 2 */2", "never fires: February has no day 31"),
    ("0 9 */29 2 1#2", "never fires: no date is both day */29 and weekday 1#2"),
    ("0 9 LW * */6", "never fires: no date is both day LW and weekday */6"),
    ("@every", "cannot be read: write a span of whole seconds, minutes, hours or days (s, m, h, d)"),
    ("@every 90", "cannot be read: write a span"),
    ("@every 500ms", "cannot be read: write a span"),
    ("@every 1.5h", "from 1s to 366d, such as '@every 90s'"),
    ("@every -5m", "cannot be read"),
    ("@every 30m1h", "cannot be read"),
    ("@every 1 30s", "cannot be read"),
    ("@every 1h 1h", "cannot be read"),
    ("@every \u0665m", "cannot be read"),
    ("@every 0s", "is under a second: write a span"),
    ("@every 0h0m", "is under a second"),
    ("@every 367d", "is over 366 days: write a span"),
    ("@every 366d1s", "is over 366 days"),
    ("@every 999999999d999999999h", "is over 366 days"),
    ("@every 9999999999s", "cannot be read"),
    ("@every 90s from", "cannot be read"),
    ("@every 90s since 2026-01-01", "cannot be read"),
    ("@every 90s from monday", "'monday' is not a date and a time"),
    ("@every 90s from 2026-01-01", "'2026-01-01' is not a date and a time to the minute or second; write one such as"),
    ("@every 90s from 2026-02-30 00:00", "names a day or a time of day that does not exist"),
    ("@at", "does not say when: write '@at 2026-12-01 09:00' for the local time"),
    ("@at noon", "'noon' is not a date and a time"),
    ("@at 2026-12-01", "'2026-12-01' is not a date and a time to the minute or second"),
    ("@at 2026-12-01 9:00", "is not a date and a time"),
    ("@at 2026-W10-1 09:00", "is not a date and a time"),
    ("@at 2026-12-01T09:00:00.5Z", "is not a date and a time to the minute or second"),
    ("@at 2026-12-01T09:00:00Z again", "is not a date and a time"),
    ("@at 2026-11-31 09:00", "names a day or a time of day that does not exist"),
    ("@at 2026-12-01 24:01", "names a day or a time of day that does not exist"),
    ("@at 2026-12-01T09:00+99:00", "names a day or a time of day that does not exist"),
    ("@at 1969-12-31T23:59:59Z", "is not in the years 1970 to 2999"),
    ("@at 0001-01-01T00:00+14:00", "is not in the years 1970 to 2999"),
    ("@at 9999-12-31T23:59-14:00", "is not in the years 1970 to 2999"),
    ("@reboot", "There is no preset '@reboot'"),
    ("@every5m", "and there are '@every 90s' and '@at 2026-12-01 09:00'"),
    ("@", "There is no preset '@'"),
    ("@hourly 09:00", "write '@hourly' and nothing after it"),
    ("@daily 9am", "write '@daily' or '@daily 09:00'"),
    ("@weekly 08:00", "write '@weekly' or '@weekly mon 08:00'"),
    ("@daily 25:00", "The hour '25' is out of range"),
    ("@weekly foo 08:00", "The day of week 'foo' is not known"),
    ("@monthly 32 00:00", "The day of month '32' is out of range"),
]  # fmt: skip

SIX_FIELDS = [
    ("0 9 * *", "has 4 fields: write six (second, minute, hour, day of month, month, day of week), such as '30 0 9"),
    ("0 0 9 * * * 2026", "has 7 fields: write six"),
    ("60 0 9 * * *", "The second '60' is out of range: allowed is 0 to 59"),
    ("*/61 0 9 * * *", "The second '*/61' has a step of 61"),
    ("0 9 * * * 2026", "The day of week '2026' is out of range"),
    ("0 0 9 30 2 *", "never fires: February has no day 30"),
    ("@daily 25:00", "The hour '25' is out of range"),
]  # fmt: skip

ZONES = [
    ("New York", "did you mean 'America/New_York'?"),
    ("america/new_york", "did you mean 'America/New_York'?"),
    ("Berlin", "did you mean 'Europe/Berlin'?"),
    ("Europe/Londn", "did you mean 'Europe/London'"),
    ("", "give one such as"),
    ("+02:00", "give one such as"),
    ("../etc/passwd", "give one such as"),
    ("localtime", "give one such as"),
    ("Factory", "is not an IANA zone name"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "sentence"), SIX_FIELDS)
def test_six_fields_that_cannot_be_used_are_refused(expression: str, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC", seconds=True)

    assert refused.value.field == "schedule"
    assert sentence in refused.value.problem


@pytest.mark.parametrize(("expression", "sentence"), SCHEDULES)
def test_a_schedule_that_cannot_be_used_is_refused(expression: str, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse(expression, "UTC")

    assert refused.value.field == "schedule"
    assert sentence in refused.value.problem
    assert str(refused.value) == refused.value.problem


@pytest.mark.parametrize(("zone", "sentence"), ZONES)
def test_an_unknown_zone_is_refused_with_the_nearest(zone: str, sentence: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse("@daily", zone)

    assert refused.value.field == "timezone"
    assert sentence in refused.value.problem


@pytest.mark.parametrize("now", ["2026-12-01T14:00+00:00", "2027-03-01T04:59:59+00:00"])
def test_a_one_shot_in_the_past_is_refused_with_the_next_day(now: str) -> None:
    schedule = parse("@at 2026-12-01 09:00", "America/New_York")

    with pytest.raises(ScheduleError) as refused:
        check_future(schedule, utc(now))

    assert refused.value.field == "schedule"
    assert "is past: it was on 1 December 2026 at 09:00, New York time" in refused.value.problem
    advised = refused.value.problem.partition("such as '")[2].removesuffix("'.")
    check_future(parse(advised, "America/New_York"), utc(now))


@pytest.mark.parametrize(
    "expression", ["@at 2026-12-01 09:00", "@every 90s from 1970-01-01T00:00:00Z", "@yearly"]
)
def test_what_is_yet_to_come_is_not_refused(expression: str) -> None:
    check_future(parse(expression, "America/New_York"), utc("2026-12-01T13:59:59+00:00"))


def test_a_refusal_can_be_made_again_from_its_parts() -> None:
    refusal = ScheduleError("timezone", "No such zone.")

    assert vars(copy(refusal)) == vars(refusal)
