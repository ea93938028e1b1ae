"""An .ics file as the entries of a calendar: what repeats is written out, from a year ago to ten years ahead. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import recurring_ical_events
from icalendar import Calendar as IcsCalendar
from icalendar import Event

from lamplighter_contracts.calendars import MOST_ENTRIES, CalendarEntry, DaysEntry, SpanEntry
from lamplighter_gateway.timing.ics_lines import Block, IcsError, Line, read_blocks
from lamplighter_gateway.timing.ics_rules import event_lines, is_floating, placed, zone_lines
from lamplighter_schedules import ScheduleError
from lamplighter_schedules.zones import read_zone

YEARS_BACK = 1
YEARS_AHEAD = 10
LONGEST_NAME = 100

_DAY = timedelta(days=1)
_EVER = date(9000, 1, 1)
"""After the last instant that can be reckoned with in any zone."""
_UNRECKONABLE = (
    ValueError,
    OverflowError,
    ArithmeticError,
    TypeError,
    KeyError,
    AttributeError,
    RecursionError,
)
"""What the libraries raise for values that are well formed and mean nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """The entries of a file. `covers_until`: the last day up to which what repeats was written out."""

    entries: tuple[CalendarEntry, ...]
    covers_until: date | None


@dataclass(frozen=True, slots=True)
class _Event:
    """One VEVENT: as the library read it, and the lines it was read from."""

    begin: Line
    lines: Sequence[Line]
    event: Event

    def line_of(self, name: str) -> Line:
        return next((line for line in self.lines if line.name == name), self.begin)

    @property
    def repeats(self) -> bool:
        return "RRULE" in self.event


def read_ics(text: str, now: datetime) -> Found:
    """Raises `IcsError`, with the line where there is one.

    All-day events become days, timed ones spans. A time without a zone is read in the file's X-WR-TIMEZONE, and
    refused without one. Events that are cancelled, over for more than a year, or of no length are left out; those
    that are TRANSPARENT are not, since feeds of holidays are.
    """
    events = [event for calendar in read_blocks(text) for event in _events(calendar)]
    if not events:
        raise IcsError("has no events: a calendar is made of its BEGIN:VEVENT blocks")
    begins, ends = _years(now.date(), -YEARS_BACK), _years(now.date(), YEARS_AHEAD)
    entries = dict[CalendarEntry, None]()
    for series in _series(events):
        entries.update(dict.fromkeys(_written_out(series, begins, ends + _DAY)))
        if len(entries) > MOST_ENTRIES:
            raise IcsError(
                f"has more than {MOST_ENTRIES:,} entries from {begins} to {ends}:"
                " keep only the events that jobs are to leave out, or make several calendars of it"
            )
    if not entries:
        raise IcsError(f"has no event after {begins}: is it an old file?")
    return Found(tuple(sorted(entries, key=_order)), ends if any(event.repeats for event in events) else None)


def _events(calendar: Block) -> list[_Event]:
    """The events of one VCALENDAR, each checked to the last value that matters."""
    blocks = calendar.named("VEVENT")
    lines = [_placed(event_lines(block), calendar) for block in blocks]
    text = ["BEGIN:VCALENDAR"]
    for zone in calendar.named("VTIMEZONE"):
        text += zone_lines(zone)
    for own in lines:
        text += ["BEGIN:VEVENT", *(line.text for line in own), "END:VEVENT"]
    try:
        read = IcsCalendar.from_ical("\r\n".join([*text, "END:VCALENDAR", ""]))
    except _UNRECKONABLE as broken:
        raise calendar.begin.wrong(f"the calendar cannot be read: {broken}") from broken
    found = [component for component in read.subcomponents if isinstance(component, Event)]
    events = [_Event(b.begin, own, event) for b, own, event in zip(blocks, lines, found, strict=True)]
    for event in events:
        _check(event)
    return events


def _placed(lines: Iterable[Line], calendar: Block) -> list[Line]:
    return [placed(line, _timezone(line, calendar)) if is_floating(line) else line for line in lines]


def _timezone(line: Line, calendar: Block) -> str:
    name = calendar.value("X-WR-TIMEZONE")
    if not name:
        advice = "end the time with Z, or give it a TZID"
        raise line.wrong(f"{line.shown} has no time zone, and the file no X-WR-TIMEZONE: {advice}")
    try:
        read_zone(name)
    except ScheduleError as unknown:
        raise calendar.all("X-WR-TIMEZONE")[0].wrong(unknown.problem) from unknown
    return name


def _check(event: _Event) -> None:
    for name, _ in event.event.errors:
        line = _unreadable(event, name or "")
        raise line.wrong(f"{line.shown} cannot be read: is there a wrong date, time or rule in it?")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name not in event.event:
            continue
        line, when = event.line_of(name), _when(event.event, name)
        if not isinstance(when, date):
            raise line.wrong(f"{line.shown} is neither a day nor a time of one")
        if isinstance(when, datetime) and when.tzinfo is None:
            raise line.wrong(f"the zone of {line.shown} is not known: use an IANA name such as Europe/Paris")


def _when(event: Event, name: str) -> Any:
    """What the library's types do not tell: of these names it is a date or a time as a rule."""
    return getattr(event[name], "dt", None)


def _unreadable(event: _Event, name: str) -> Line:
    """Of several lines of that name, the one that is wrong by itself."""
    for line in event.lines:
        if line.name == name and Event.from_ical(f"BEGIN:VEVENT\r\n{line.text}\r\nEND:VEVENT\r\n").errors:
            return line
    return event.line_of(name)


def _series(events: Iterable[_Event]) -> list[list[_Event]]:
    """An event and its exceptions have one UID. One without any stands for itself."""
    found = dict[object, list[_Event]]()
    for event in events:
        found.setdefault(str(event.event.get("UID") or "") or event.begin.number, []).append(event)
    return list(found.values())


def _written_out(series: list[_Event], begins: date, ends: date) -> Iterator[CalendarEntry]:
    calendar = IcsCalendar()
    for event in series:
        calendar.add_component(event.event)
    # What does not repeat is kept however far ahead it is.
    until = ends if any(event.repeats for event in series) else _EVER
    try:
        for occurrence in recurring_ical_events.of(calendar).between(begins, until):
            if str(occurrence.get("STATUS", "")).upper() != "CANCELLED":
                yield from _entry(occurrence)
    except _UNRECKONABLE as broken:
        name = str(series[0].event.get("SUMMARY", ""))[:LONGEST_NAME]
        raise series[0].begin.wrong(
            f"the times of the event {name!r} cannot be reckoned with: {broken}"
        ) from broken


def _entry(occurrence: Event) -> Iterator[CalendarEntry]:
    start, end = _when(occurrence, "DTSTART"), _when(occurrence, "DTEND")
    name = " ".join(str(occurrence.get("SUMMARY", "")).split())[:LONGEST_NAME]
    if not isinstance(start, datetime):
        # DTEND is the day after the last one (RFC 5545, 3.6.1); some write the same day for both.
        yield DaysEntry(first=start, last=max(start, end - _DAY), name=name)
    elif start < end:
        yield SpanEntry(starts_at=start.astimezone(UTC), ends_at=end.astimezone(UTC), name=name)


def _order(entry: CalendarEntry) -> tuple[str, str, str]:
    if isinstance(entry, DaysEntry):
        return entry.first.isoformat(), entry.last.isoformat(), entry.name
    return entry.starts_at.isoformat(), entry.ends_at.isoformat(), entry.name


def _years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
