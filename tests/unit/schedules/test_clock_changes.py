"""Golden firings around changes of the clocks, as local time with its offset. Each row is one rule in one zone."""

from datetime import timedelta

import pytest

from lamplighter_schedules import occurrences, parse
from tests.unit.schedules.walk import utc

NEW_YORK, LONDON, LORD_HOWE = "America/New_York", "Europe/London", "Australia/Lord_Howe"
APIA, CASABLANCA, SAO_PAULO = "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo"
TEHRAN, DUBLIN, TROLL = "Asia/Tehran", "Europe/Dublin", "Antarctica/Troll"

# Spring: New York 2026-03-08 02:00 -> 03:00; autumn: 2026-11-01 02:00 -> 01:00.
SPRING, AUTUMN = "2026-03-07T12:00-05:00", "2026-10-31T12:00-04:00"
GOLDEN = [
    ("the day before, the skipped time once, the day after", NEW_YORK, "30 2 * * *", "2026-03-07T00:00-05:00",
     ["2026-03-07T02:30-05:00", "2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"]),
    ("the edge of the gap is skipped too", NEW_YORK, "0 2 * * *", SPRING,
     ["2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00"]),
    ("the end of the gap is not", NEW_YORK, "0 3 * * *", SPRING,
     ["2026-03-08T03:00-04:00", "2026-03-09T03:00-04:00"]),
    ("three skipped times are one run", NEW_YORK, "0,20,40 2 * * *", SPRING,
     ["2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00", "2026-03-09T02:20-04:00"]),
    ("a skipped time and the next one at the jump are one run", NEW_YORK, "0 2,3 * * *", SPRING,
     ["2026-03-08T03:00-04:00", "2026-03-09T02:00-04:00"]),
    ("asked at the jump itself", NEW_YORK, "30 2 * * *", "2026-03-08T03:00-04:00",
     ["2026-03-09T02:30-04:00"]),
    ("asked a moment before the jump", NEW_YORK, "30 2 * * *", "2026-03-08T01:59:59.999999-05:00",
     ["2026-03-08T03:00-04:00"]),
    ("a yearly job on the day of the gap is not lost", NEW_YORK, "30 2 8 3 *", SPRING,
     ["2026-03-08T03:00-04:00", "2027-03-08T02:30-05:00"]),
    ("a wildcard hour follows elapsed time over the gap", NEW_YORK, "0 * * * *", "2026-03-08T00:30-05:00",
     ["2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00", "2026-03-08T04:00-04:00"]),
    ("a wildcard minute in a skipped hour does not run", NEW_YORK, "*/30 2 * * *", SPRING,
     ["2026-03-09T02:00-04:00", "2026-03-09T02:30-04:00"]),
    ("a repeated time runs in the first pass alone", NEW_YORK, "30 1 * * *", AUTUMN,
     ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
    ("asked in the second pass", NEW_YORK, "30 1 * * *", "2026-11-01T01:10-05:00",
     ["2026-11-02T01:30-05:00"]),
    ("asked in the second pass, about the hour after it", NEW_YORK, "30 1,2 * * *", "2026-11-01T01:10-05:00",
     ["2026-11-01T02:30-05:00", "2026-11-02T01:30-05:00"]),
    ("a wildcard hour runs in both passes", NEW_YORK, "0 * * * *", "2026-11-01T00:30-04:00",
     ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00", "2026-11-01T02:00-05:00"]),
    ("a wildcard minute runs in both passes", NEW_YORK, "*/30 1 * * *", AUTUMN,
     ["2026-11-01T01:00-04:00", "2026-11-01T01:30-04:00", "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00"]),
    ("London, gap 01:00", LONDON, "30 1 * * *", "2026-03-28T12:00+00:00",
     ["2026-03-29T02:00+01:00", "2026-03-30T01:30+01:00"]),
    ("London, gap, that weekday alone", LONDON, "15 1 * * sun", "2026-03-28T12:00+00:00",
     ["2026-03-29T02:00+01:00", "2026-04-05T01:15+01:00"]),
    ("London, repeated hour", LONDON, "30 1 * * *", "2026-10-24T12:00+01:00",
     ["2026-10-25T01:30+01:00", "2026-10-26T01:30+00:00"]),
    ("London, repeated hour, wildcard minute", LONDON, "*/30 1 * * *", "2026-10-25T01:15+01:00",
     ["2026-10-25T01:30+01:00", "2026-10-25T01:00+00:00", "2026-10-25T01:30+00:00", "2026-10-26T01:00+00:00"]),
    ("Lord Howe, half an hour is skipped", LORD_HOWE, "15 2 * * *", "2026-10-03T12:00+10:30",
     ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"]),
    ("Lord Howe, after the half hour", LORD_HOWE, "45 2 * * *", "2026-10-03T12:00+10:30",
     ["2026-10-04T02:45+11:00", "2026-10-05T02:45+11:00"]),
    ("Lord Howe, every hour over the gap", LORD_HOWE, "0 * * * *", "2026-10-04T00:30+10:30",
     ["2026-10-04T01:00+10:30", "2026-10-04T03:00+11:00", "2026-10-04T04:00+11:00"]),
    ("Lord Howe, half an hour is repeated", LORD_HOWE, "45 1 * * *", "2026-04-04T12:00+11:00",
     ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"]),
    ("Lord Howe, every quarter in both passes", LORD_HOWE, "*/15 * * * *", "2026-04-05T01:30+11:00",
     ["2026-04-05T01:45+11:00", "2026-04-05T01:30+10:30", "2026-04-05T01:45+10:30", "2026-04-05T02:00+10:30"]),
    ("Apia has no 30 December 2011: its job runs as the 31st begins", APIA, "0 9 * * *", "2011-12-29T00:00-10:00",
     ["2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"]),
    ("Apia, the weekly job of the skipped Friday", APIA, "0 9 * * fri", "2011-12-24T00:00-10:00",
     ["2011-12-31T00:00+14:00", "2012-01-06T09:00+14:00"]),
    ("Apia, every six hours follows elapsed time", APIA, "0 */6 * * *", "2011-12-29T12:00-10:00",
     ["2011-12-29T18:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T06:00+14:00"]),
    ("Casablanca, back for Ramadan", CASABLANCA, "30 2 * * *", "2026-02-14T12:00+01:00",
     ["2026-02-15T02:30+01:00", "2026-02-16T02:30+00:00"]),
    ("Casablanca, forward after Ramadan", CASABLANCA, "30 2 * * *", "2026-03-21T12:00+00:00",
     ["2026-03-22T03:00+01:00", "2026-03-23T02:30+01:00"]),
    ("Sao Paulo had no midnight in 2018", SAO_PAULO, "0 0 * * *", "2018-11-03T12:00-03:00",
     ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"]),
    ("Sao Paulo had its last hour twice in 2018", SAO_PAULO, "30 23 * * *", "2018-02-17T12:00-02:00",
     ["2018-02-17T23:30-02:00", "2018-02-18T23:30-03:00"]),
    ("Sao Paulo, the midnight after the repeated hour", SAO_PAULO, "0 0 * * *", "2018-02-17T23:10-02:00",
     ["2018-02-18T00:00-03:00", "2018-02-19T00:00-03:00"]),
    ("Monrovia, 44 minutes and 30 seconds behind until 1972", "Africa/Monrovia", "0 9 * * *", "1972-01-06T00:00+00:00",
     ["1972-01-06T09:44:30+00:00", "1972-01-07T09:00+00:00"]),
    # Casablanca: 2026-03-22 02:00 +00 -> 03:00 +01.
    ("Casablanca, every hour over the end of Ramadan", CASABLANCA, "0 * * * *", "2026-03-22T00:30+00:00",
     ["2026-03-22T01:00+00:00", "2026-03-22T03:00+01:00", "2026-03-22T04:00+01:00"]),
    ("Apia, the yearly job of the skipped day", APIA, "0 9 30 12 *", "2011-12-24T00:00-10:00",
     ["2011-12-31T00:00+14:00", "2012-12-30T09:00+14:00"]),
    # Tehran: 2022-03-22 00:00 +03:30 -> 01:00 +04:30; 2022-09-22 00:00 +04:30 -> 2022-09-21 23:00 +03:30.
    ("Tehran had no midnight on the second day of its year", TEHRAN, "0 0 * * *", "2022-03-21T12:00+03:30",
     ["2022-03-22T01:00+04:30", "2022-03-23T00:00+04:30"]),
    ("Tehran, a wildcard minute in the skipped hour", TEHRAN, "*/30 0 * * *", "2022-03-21T12:00+03:30",
     ["2022-03-23T00:00+04:30", "2022-03-23T00:30+04:30"]),
    ("Tehran, the last hour of a day twice", TEHRAN, "30 23 * * *", "2022-09-21T12:00+04:30",
     ["2022-09-21T23:30+04:30", "2022-09-22T23:30+03:30"]),
    ("Tehran, a wildcard minute in both passes", TEHRAN, "*/30 23 * * *", "2022-09-21T22:00+04:30",
     ["2022-09-21T23:00+04:30", "2022-09-21T23:30+04:30", "2022-09-21T23:00+03:30", "2022-09-21T23:30+03:30",
      "2022-09-22T23:00+03:30"]),
    # Dublin's standard time is that of summer; winter is one hour less (negative daylight saving).
    ("Dublin, gap 01:00", DUBLIN, "30 1 * * *", "2026-03-28T12:00+00:00",
     ["2026-03-29T02:00+01:00", "2026-03-30T01:30+01:00"]),
    ("Dublin, repeated hour", DUBLIN, "30 1 * * *", "2026-10-24T12:00+01:00",
     ["2026-10-25T01:30+01:00", "2026-10-26T01:30+00:00"]),
    ("Dublin, every hour in both passes", DUBLIN, "0 * * * *", "2026-10-25T00:30+01:00",
     ["2026-10-25T01:00+01:00", "2026-10-25T01:00+00:00", "2026-10-25T02:00+00:00"]),
    # Troll: 2026-03-29 01:00 +00 -> 03:00 +02; 2026-10-25 03:00 +02 -> 01:00 +00.
    ("Troll skips two hours", TROLL, "30 1 * * *", "2026-03-28T12:00+00:00",
     ["2026-03-29T03:00+02:00", "2026-03-30T01:30+02:00"]),
    ("Troll, both skipped hours and the one at the jump are one run", TROLL, "0 1,2,3 * * *", "2026-03-29T00:30+00:00",
     ["2026-03-29T03:00+02:00", "2026-03-30T01:00+02:00"]),
    ("Troll repeats two hours", TROLL, "30 2 * * *", "2026-10-24T12:00+02:00",
     ["2026-10-25T02:30+02:00", "2026-10-26T02:30+00:00"]),
    ("Troll, every hour in both passes", TROLL, "0 * * * *", "2026-10-25T00:30+02:00",
     ["2026-10-25T01:00+02:00", "2026-10-25T02:00+02:00", "2026-10-25T01:00+00:00", "2026-10-25T02:00+00:00",
      "2026-10-25T03:00+00:00"]),
    # Pyongyang: 2018-05-04 23:30 +08:30 -> 2018-05-05 00:00 +09.
    ("Pyongyang lost the last half hour of a day", "Asia/Pyongyang", "45 23 * * *", "2018-05-04T12:00+08:30",
     ["2018-05-05T00:00+09:00", "2018-05-05T23:45+09:00"]),
    # St. John's: 2006-10-29 00:01 -02:30 -> 2006-10-28 23:01 -03:30.
    ("St. John's shows midnight twice, and runs at the first", "America/St_Johns", "0 0 * * *",
     "2006-10-28T12:00-02:30", ["2006-10-29T00:00-02:30", "2006-10-30T00:00-03:30"]),
    ("seconds: a skipped one runs as the gap ends", NEW_YORK, "30 30 2 * * *", SPRING,
     ["2026-03-08T03:00:00-04:00", "2026-03-09T02:30:30-04:00"]),
    ("seconds: up to the gap", NEW_YORK, "*/20 59 1 * * *", SPRING,
     ["2026-03-08T01:59:00-05:00", "2026-03-08T01:59:20-05:00", "2026-03-08T01:59:40-05:00",
      "2026-03-09T01:59:00-04:00"]),
    ("seconds: a wildcard in a skipped minute does not run", NEW_YORK, "*/30 30 2 * * *", SPRING,
     ["2026-03-09T02:30:00-04:00", "2026-03-09T02:30:30-04:00"]),
    ("seconds: a repeated one runs in the first pass alone", NEW_YORK, "15 30 1 * * *", AUTUMN,
     ["2026-11-01T01:30:15-04:00", "2026-11-02T01:30:15-05:00"]),
    ("seconds: a wildcard runs in both passes", NEW_YORK, "*/30 30 1 * * *", AUTUMN,
     ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:30-04:00", "2026-11-01T01:30:00-05:00",
      "2026-11-01T01:30:30-05:00"]),
    ("seconds: Lord Howe, in the skipped half hour", LORD_HOWE, "10 15 2 * * *", "2026-10-03T12:00+10:30",
     ["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:10+11:00"]),
    ("an interval knows no clocks: forward", NEW_YORK, "@every 1h", "2026-03-08T00:30-05:00",
     ["2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00", "2026-03-08T04:00-04:00"]),
    ("an interval knows no clocks: back", NEW_YORK, "@every 1h", "2026-11-01T00:30-04:00",
     ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00", "2026-11-01T02:00-05:00"]),
    ("an interval of a day is 24 hours", NEW_YORK, "@every 1d from 2026-03-07 09:00", "2026-03-06T00:00-05:00",
     ["2026-03-07T09:00-05:00", "2026-03-08T10:00-04:00", "2026-03-09T10:00-04:00"]),
    ("once, in the gap", NEW_YORK, "@at 2026-03-08 02:30", SPRING, ["2026-03-08T03:00-04:00"]),
    ("once, at a time that comes twice", NEW_YORK, "@at 2026-11-01 01:30", AUTUMN, ["2026-11-01T01:30-04:00"]),
    ("once, at the second of the two", NEW_YORK, "@at 2026-11-01T01:30:00-05:00", AUTUMN,
     ["2026-11-01T01:30-05:00"]),
    ("once, in Lord Howe's skipped half hour", LORD_HOWE, "@at 2026-10-04 02:15", "2026-10-03T12:00+10:30",
     ["2026-10-04T02:30+11:00"]),
    ("once, on Apia's skipped day", APIA, "@at 2011-12-30 09:00", "2011-12-29T00:00-10:00",
     ["2011-12-31T00:00+14:00"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "cron", "after", "expected"), [row[1:] for row in GOLDEN], ids=[r[0] for r in GOLDEN]
)
def test_firings_around_a_change_of_the_clocks(zone: str, cron: str, after: str, expected: list[str]) -> None:
    schedule = parse(cron, zone, seconds=True)

    found = occurrences([schedule], utc(after), utc("2100-01-01T00:00+00:00"), len(expected))

    assert found == [utc(text) for text in expected]
    assert [schedule.next_after(before) for before in [utc(after), *found[:-1]]] == found
    assert list(schedule.between(utc(after), found[-1], newest_first=True)) == found[::-1]


@pytest.mark.parametrize("minutes", range(0, 90, 10))
def test_a_long_span_may_begin_to_be_read_in_a_repeated_hour(minutes: int) -> None:
    # Read from its end, a span is cut a year before it, where no jump cuts it: this was Tehran's last.
    schedule, start = parse("30 23 * * *", TEHRAN), utc("2022-09-20T12:00+04:30")
    until = utc("2022-09-21T23:00+03:30") + timedelta(days=366, minutes=minutes)

    backwards = list(schedule.between(start, until, newest_first=True))

    assert backwards == list(schedule.between(start, until))[::-1]
    assert len(set(backwards)) == len(backwards)
