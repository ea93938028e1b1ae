"""What an .ics file becomes, and which files are refused, where and why."""

from datetime import UTC, date, datetime

import pytest

from lamplighter_contracts.calendars import CalendarEntry, DaysEntry, SpanEntry
from lamplighter_gateway.timing.ics import read_ics
from lamplighter_gateway.timing.ics_lines import IcsError

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)

ZONE = """\
BEGIN:VTIMEZONE
TZID:Our Office
BEGIN:STANDARD
DTSTART:16010101T000000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T000000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE""".splitlines()


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def event(*lines: str, uid: str = "one") -> list[str]:
    return ["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"]


def entries(*lines: str) -> list[CalendarEntry]:
    return list(read_ics(calendar(*lines), NOW).entries)


def days(first: str, last: str = "", name: str = "") -> DaysEntry:
    return DaysEntry(first=date.fromisoformat(first), last=date.fromisoformat(last or first), name=name)


def span(starts_at: str, ends_at: str, name: str = "") -> SpanEntry:
    return SpanEntry.model_validate({"starts_at": starts_at, "ends_at": ends_at, "name": name})


SINGLE: list[tuple[str, list[str], CalendarEntry]] = [
    ("one day", ["DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261226"], days("2026-12-25")),
    ("the end is exclusive", ["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227"],
     days("2026-12-24", "2026-12-26")),
    ("a day without an end", ["DTSTART;VALUE=DATE:20261225"], days("2026-12-25")),
    ("an end that is the start", ["DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261225"], days("2026-12-25")),
    ("days and a duration", ["DTSTART;VALUE=DATE:20261225", "DURATION:P3D"], days("2026-12-25", "2026-12-27")),
    ("UTC", ["DTSTART:20261225T090000Z", "DTEND:20261225T100000Z"],
     span("2026-12-25T09:00:00Z", "2026-12-25T10:00:00Z")),
    ("a zone", ["DTSTART;TZID=Europe/Berlin:20260704T090000", "DURATION:PT90M"],
     span("2026-07-04T07:00:00Z", "2026-07-04T08:30:00Z")),
    ("a zone by its Windows name", ["DTSTART;TZID=W. Europe Standard Time:20260704T090000", "DURATION:PT1H"],
     span("2026-07-04T07:00:00Z", "2026-07-04T08:00:00Z")),
    ("transparent", ["DTSTART;VALUE=DATE:20261225", "TRANSP:TRANSPARENT"], days("2026-12-25")),
    ("far ahead", ["DTSTART;VALUE=DATE:20991225"], days("2099-12-25")),
    ("a folded and escaped name", ["DTSTART;VALUE=DATE:20261225", "SUMMARY:Christmas\\, and", "  more"],
     days("2026-12-25", name="Christmas, and more")),
    ("a long name", ["DTSTART;VALUE=DATE:20261225", "SUMMARY:" + "x" * 300], days("2026-12-25", name="x" * 100)),
    ("a long description", ["DTSTART;VALUE=DATE:20261225", "DESCRIPTION:" + "x" * 100_000], days("2026-12-25")),
    ("an alarm in it", ["DTSTART;VALUE=DATE:20261225", "BEGIN:VALARM", "TRIGGER:-PT1H", "END:VALARM"],
     days("2026-12-25")),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "entry"), [case[1:] for case in SINGLE], ids=[case[0] for case in SINGLE])
def test_an_event_is_an_entry(lines: list[str], entry: CalendarEntry) -> None:
    found = read_ics(calendar(*event(*lines)), NOW)
    assert list(found.entries) == [entry]
    assert found.covers_until is None


def test_what_repeats_is_written_out_from_a_year_ago_to_ten_years_ahead() -> None:
    found = read_ics(calendar(*event("DTSTART;VALUE=DATE:20101225", "RRULE:FREQ=YEARLY")), NOW)
    assert list(found.entries) == [days(f"{year}-12-25") for year in range(2025, 2036)]
    assert found.covers_until == date(2036, 3, 2)
    leap = read_ics(
        calendar(*event("DTSTART;VALUE=DATE:20101225", "RRULE:FREQ=YEARLY")),
        datetime(2028, 2, 29, tzinfo=UTC),
    )
    assert leap.covers_until == date(2038, 2, 28)


def test_dates_are_taken_out_and_put_in() -> None:
    repeating = ["DTSTART;VALUE=DATE:20261225", "RRULE:FREQ=YEARLY;COUNT=3"]
    more = ["EXDATE;VALUE=DATE:20271225", "RDATE;VALUE=DATE:20270601,20270602"]
    assert entries(*event(*repeating, *more)) == [
        days(day) for day in ("2026-12-25", "2027-06-01", "2027-06-02", "2028-12-25")
    ]


def test_a_wall_time_keeps_to_the_wall() -> None:
    lines = ["DTSTART;TZID=Europe/Berlin:20260327T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"]
    assert [e.starts_at.hour for e in entries(*event(*lines)) if isinstance(e, SpanEntry)] == [8, 8, 7]


def test_one_of_a_series_is_moved_another_cancelled() -> None:
    found = entries(
        *event("DTSTART:20260401T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3"),
        *event("RECURRENCE-ID:20260402T090000Z", "DTSTART:20260402T120000Z", "DURATION:PT1H"),
        *event("RECURRENCE-ID:20260403T090000Z", "DTSTART:20260403T090000Z", "STATUS:CANCELLED"),
    )
    assert found == [
        span("2026-04-01T09:00:00Z", "2026-04-01T10:00:00Z"),
        span("2026-04-02T12:00:00Z", "2026-04-02T13:00:00Z"),
    ]


def test_events_of_no_effect_are_left_out() -> None:
    kept = event("DTSTART;VALUE=DATE:20261225", uid="kept")
    found = entries(
        *event("DTSTART;VALUE=DATE:20261224", "STATUS:CANCELLED", uid="cancelled"),
        *event("DTSTART;VALUE=DATE:20201224", uid="long ago"),
        *event("DTSTART:20261224T090000Z", uid="no length"),
        *["BEGIN:VTODO", "DTSTART;VALUE=DATE:20261224", "END:VTODO"],
        *kept,
        *event("DTSTART;VALUE=DATE:20261225", uid="the same day again"),
    )
    assert found == [days("2026-12-25")]


def test_events_without_a_uid_are_themselves() -> None:
    bare = [
        line for day in (24, 25) for line in ("BEGIN:VEVENT", f"DTSTART;VALUE=DATE:202612{day}", "END:VEVENT")
    ]
    assert entries(*bare) == [days("2026-12-24"), days("2026-12-25")]


def test_a_floating_time_is_of_the_files_zone() -> None:
    floating = event("DTSTART:20260704T090000", "DTEND:20260704T100000")
    found = entries("X-WR-TIMEZONE:Europe/Berlin", *floating)
    assert found == [span("2026-07-04T07:00:00Z", "2026-07-04T08:00:00Z")]
    repeating = event(
        "DTSTART:20260327T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260328T090000"
    )
    assert [
        e.starts_at.hour
        for e in entries("X-WR-TIMEZONE:Europe/Berlin", *repeating)
        if isinstance(e, SpanEntry)
    ] == [8, 7]


def test_a_zone_that_the_file_defines() -> None:
    own = event("DTSTART;TZID=Our Office:20260704T090000", "DTEND;TZID=Our Office:20260704T100000")
    for lines in ([*ZONE, *own], [*own, *ZONE]):
        assert entries(*lines) == [span("2026-07-04T07:00:00Z", "2026-07-04T08:00:00Z")]


def test_line_ends_and_a_mark_of_unicode_do_not_matter() -> None:
    text = calendar(*event("DTSTART;VALUE=DATE:20261225", "SUMMARY:Fête"))
    for same in (
        text.replace("\r\n", "\n"),
        text.replace("\r\n", "\r"),
        "\ufeff" + text,
        text.replace("\r\n", "\r\n\r\n"),
    ):
        assert read_ics(same, NOW).entries == (days("2026-12-25", name="Fête"),)


DAY = "DTSTART;VALUE=DATE:20261225"

WRONG: list[tuple[str, str, str]] = [
    ("empty", "", "is no iCalendar file"),
    ("another kind of text", "Dear customer,\nhello", "line 1: 'Dear customer,' is no line of an iCalendar file"),
    ("a page", "<!DOCTYPE html>\n<html>", "line 1: '<!DOCTYPE html>' is no line"),
    ("binary", "BEGIN:VCALENDAR\nPK\x03\x04\x00", "line 2: holds a control character"),
    ("no calendar around", "\n".join(event(DAY)), "line 1: BEGIN:VEVENT cannot stand here"),
    ("nothing in it", calendar(), "has no events"),
    ("text outside", f"A:B\n{calendar(*event(DAY))}", "line 1: 'A:B' stands outside"),
    ("cut", "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART:2026", "line 4: the file ends here, but END:VEVENT"),
    ("wrong end", calendar("BEGIN:VEVENT", DAY, "END:VTODO"), "line 5: 'END:VTODO' closes nothing: END:VEVENT is due"),
    ("end of nothing", "END:VCALENDAR", "line 1: 'END:VCALENDAR' closes nothing: nothing has begun"),
    ("no start", calendar(*event("SUMMARY:x")), "line 3: the event has no DTSTART"),
    ("two starts", calendar(*event(DAY, DAY)), "line 6: a second DTSTART in the event of line 3"),
    ("no such day", calendar(*event("DTSTART;VALUE=DATE:20260230")), "line 5: 'DTSTART;VALUE=DATE:20260230' cannot"),
    ("no time", calendar(*event("DTSTART:PT1H")), "line 5: 'DTSTART:PT1H' is neither a day nor a time"),
    ("no such end", calendar(*event(DAY, "SUMMARY:x", "DTEND:tomorrow")), "line 7: 'DTEND:tomorrow' cannot be read"),
    ("the second is wrong", calendar(*event(DAY, "EXDATE:20261225", "EXDATE:never")), "line 7: 'EXDATE:never'"),
    ("wrong after folding", calendar(*event("SUMMARY:a", " b", " c", "DTSTART:x")), "line 8: 'DTSTART:x'"),
    ("wrong rule", calendar(*event(DAY, "RRULE:FREQ=YEARLY;BYDAY=XX")), "line 6: 'RRULE:FREQ=YEARLY;BYDAY=XX'"),
    ("wrong parameter", calendar(*event("DTSTART;:20261225")), "line 5: 'DTSTART;:20261225' is no NAME;"),
    ("no zone", calendar(*event("DTSTART:20261225T090000")), "line 5: 'DTSTART:20261225T090000' has no time zone"),
    ("unknown zone", calendar(*event("DTSTART;TZID=Mars:20261225T090000")), "line 5: the zone of"),
    ("unknown zone of the file", calendar("X-WR-TIMEZONE:Europe/Berln", *event("DTSTART:20261225T090000")),
     "line 3: The timezone 'Europe/Berln' is not an IANA zone name: did you mean 'Europe/Berlin'"),
    ("by the second", calendar(*event(DAY, "RRULE:FREQ=SECONDLY")), "line 6: the event repeats by SECONDLY"),
    ("by the hour", calendar(*event(DAY, "RRULE:freq=hourly")), "line 6: the event repeats by HOURLY"),
    ("by nothing", calendar(*event(DAY, "RRULE:COUNT=3")), "line 6: the event repeats by nothing"),
    ("no step", calendar(*event(DAY, "RRULE:FREQ=DAILY;INTERVAL=0")), "line 6: INTERVAL=0 must be a number"),
    ("too often a day", calendar(*event(DAY, "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5")),
     "line 6: the event repeats 25 times a day"),
    ("by the second in a zone", calendar(*ZONE[:4], "RRULE:FREQ=SECONDLY", *ZONE[5:], *event(DAY)),
     "line 7: the event repeats by SECONDLY"),
    ("old exclusion", calendar(*event(DAY, "EXRULE:FREQ=DAILY")), "line 6: EXRULE is no part of iCalendar any more"),
    ("a long line", calendar(*event(DAY, "SUMMARY:" + "x" * 1_000_000)), "line 6: SUMMARY has 1,000,008 characters"),
    ("deep", "BEGIN:VCALENDAR\n" + "BEGIN:X\n" * 100_000, "line 9: blocks are nested deeper than 8 levels"),
    ("not reckonable", calendar(*event("DTSTART:00010101T000000Z", "DTEND:99991231T235959Z")),
     "line 3: the times of the event '' cannot be reckoned with"),
    ("old", calendar(*event("DTSTART;VALUE=DATE:20201225")), "has no event after 2025-03-02: is it an old file?"),
    ("every day", calendar(*event(DAY, "RRULE:FREQ=DAILY")), "more than 3,000 entries from 2025-03-02 to 2036-03-02"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_file_is_refused_with_the_line(text: str, words: str) -> None:
    with pytest.raises(IcsError) as refused:
        read_ics(text, NOW)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 300
