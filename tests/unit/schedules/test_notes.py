"""What is said of an occurrence on a day when the clocks change, and that nothing is said of any other."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter_schedules import clock_note, parse
from tests.unit.schedules.strategies import small_hours
from tests.unit.schedules.test_agreement import CHANGES, parsed
from tests.unit.schedules.walk import DAY, Model, utc

NEW_YORK, LORD_HOWE, SAO_PAULO = "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"

FORWARD = "clocks go forward at 02:00 on this day: "
NOTES = [
    ("30 2 * * *", NEW_YORK, "2026-03-07T02:30-05:00", ""),
    ("30 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00", f"{FORWARD}02:30 does not exist, so it runs at 03:00"),
    ("30 2 * * *", NEW_YORK, "2026-03-09T02:30-04:00", ""),
    ("0,20 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00",
     f"{FORWARD}02:00 and 02:20 do not exist, so it runs once, at 03:00"),
    ("0,20,40 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00",
     f"{FORWARD}02:00, 02:20 and 02:40 do not exist, so it runs once, at 03:00"),
    ("0-59 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00",
     f"{FORWARD}02:00 to 02:59 do not exist, so it runs once, at 03:00"),
    ("15 30 2 * * *", NEW_YORK, "2026-03-08T03:00-04:00",
     f"{FORWARD}02:30:15 does not exist, so it runs at 03:00"),
    ("0 2,3 * * *", NEW_YORK, "2026-03-08T03:00-04:00", f"{FORWARD}02:00 does not exist, so it runs at 03:00"),
    ("@at 2026-03-08 02:30", NEW_YORK, "2026-03-08T03:00-04:00",
     f"{FORWARD}02:30 does not exist, so it runs at 03:00"),
    ("@at 2026-03-08T07:00:00Z", NEW_YORK, "2026-03-08T03:00-04:00",
     "the first after the clocks went forward at 02:00 to 03:00"),
    ("0 * * * *", NEW_YORK, "2026-03-08T01:00-05:00", ""),
    ("0 * * * *", NEW_YORK, "2026-03-08T03:00-04:00", "the first after the clocks went forward at 02:00 to 03:00"),
    ("0 * * * *", NEW_YORK, "2026-03-08T04:00-04:00", ""),
    ("0 9 * * *", NEW_YORK, "2026-03-08T09:00-04:00", "the first after the clocks went forward at 02:00 to 03:00"),
    ("0 9,10 * * *", NEW_YORK, "2026-03-08T10:00-04:00", ""),
    ("@every 1h", NEW_YORK, "2026-03-08T03:00-04:00", "the first after the clocks went forward at 02:00 to 03:00"),
    ("30 1 * * *", NEW_YORK, "2026-11-01T01:30-04:00",
     "clocks go back at 02:00 on this day: 01:30 comes twice, this is the first"),
    ("*/30 1 * * *", NEW_YORK, "2026-11-01T01:30-05:00",
     "clocks go back at 02:00 on this day: 01:30 comes twice, this is the second"),
    ("*/30 1 * * *", NEW_YORK, "2026-11-01T01:00-05:00",
     "clocks go back at 02:00 on this day: 01:00 comes twice, this is the second"),
    ("@at 2026-11-01T06:30:00Z", NEW_YORK, "2026-11-01T01:30-05:00",
     "clocks go back at 02:00 on this day: 01:30 comes twice, this is the second"),
    ("0 0 * * *", NEW_YORK, "2026-11-01T00:00-04:00", ""),
    ("0 2 * * *", NEW_YORK, "2026-11-01T02:00-05:00", "the first after the clocks went back at 02:00 to 01:00"),
    ("0 9 * * *", NEW_YORK, "2026-11-01T09:00-05:00", "the first after the clocks went back at 02:00 to 01:00"),
    ("0 9 * * *", NEW_YORK, "2026-11-02T09:00-05:00", ""),
    ("15 2 * * *", LORD_HOWE, "2026-10-04T02:30+11:00", f"{FORWARD}02:15 does not exist, so it runs at 02:30"),
    ("45 1 * * *", LORD_HOWE, "2026-04-05T01:45+11:00",
     "clocks go back at 02:00 on this day: 01:45 comes twice, this is the first"),
    ("0 0 * * *", SAO_PAULO, "2018-11-04T01:00-02:00",
     "clocks go forward at 00:00 on this day: 00:00 does not exist, so it runs at 01:00"),
    ("30 23 * * *", SAO_PAULO, "2018-02-17T23:30-02:00",
     "clocks go back at 2018-02-18 00:00: 23:30 comes twice, this is the first"),
    ("0 9 * * *", "Pacific/Apia", "2011-12-31T00:00+14:00",
     "clocks go forward at 2011-12-30 00:00: 2011-12-30 09:00 does not exist, so it runs at 00:00"),
    ("0 9 * * *", "UTC", "2026-03-08T09:00+00:00", ""),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "zone", "instant", "note"), NOTES)
def test_the_note_of_an_occurrence(expression: str, zone: str, instant: str, note: str) -> None:
    schedule = parse(expression, zone, seconds=True)

    assert list(schedule.between(utc(instant) - DAY / 86_400, utc(instant))) == [utc(instant)]
    assert schedule.note(utc(instant)) == note


def test_a_note_without_a_schedule_tells_of_the_clocks_alone() -> None:
    assert clock_note(utc("2026-11-01T01:30-05:00"), NEW_YORK).endswith(
        "01:30 comes twice, this is the second"
    )
    assert clock_note(utc("2026-03-08T03:00-04:00"), NEW_YORK) == ""


@given(small_hours, st.sampled_from(CHANGES))
@settings(max_examples=100, deadline=None)
def test_notes_are_of_the_days_of_a_change_alone(model: Model, change: tuple[str, str]) -> None:
    zone, at = change
    schedule = parsed(model, zone)
    instants = list(schedule.between(utc(at) - 4 * DAY, utc(at) + 4 * DAY))

    noted = [instant for instant in instants if schedule.note(instant)]

    assert all(abs(instant - utc(at)) < 2 * DAY for instant in noted)
    # Whatever is first after the jump and still of its day has something to be said of.
    after = [instant for instant in instants if utc(at) <= instant < utc(at) + DAY / 4]
    assert not after or after[0] in noted
