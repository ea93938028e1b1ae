"""Which lines of an event are read, and which of them are refused before anything is reckoned with them. Pure."""

import re
from collections.abc import Iterator

from icalendar.parser import Contentline, Parameters

from lamplighter_gateway.timing.ics_lines import Block, IcsError, Line

READABLE_CHARACTERS = 16_000
"""The longest line of those that are read. A description may be longer: it is passed over."""
MOST_A_DAY = 24
"""How often a rule may repeat within a day."""

ONCE = frozenset({"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "SUMMARY", "STATUS", "SEQUENCE"})
READ = ONCE | {"RRULE", "RDATE", "EXDATE"}
TIMES = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_FLOATING = re.compile(r"\d{8}T\d{6}(?!Z)\b")


def event_lines(event: Block) -> list[Line]:
    """The lines of an event that say when it is. Raises `IcsError` for one that cannot be read."""
    if old := event.all("EXRULE"):
        raise old[0].wrong(
            "EXRULE is no part of iCalendar any more; write the days that are left out as EXDATE"
        )
    lines = event.all(*READ)
    seen = set[str]()
    for line in lines:
        if line.name in seen & ONCE:
            raise line.wrong(f"a second {line.name} in the event of line {event.begin.number}")
        seen.add(line.name)
        _check(line)
    if "DTSTART" not in seen:
        raise event.begin.wrong("the event has no DTSTART: it must say when it begins")
    return lines


def zone_lines(zone: Block) -> Iterator[str]:
    """A VTIMEZONE as it stands, of which only what its rules are is looked at. Raises `IcsError`."""
    yield f"BEGIN:{zone.name}"
    for line in zone.lines:
        _check(line)
        yield line.text
    for part in zone.blocks:
        yield from zone_lines(part)
    yield f"END:{zone.name}"


def is_floating(line: Line) -> bool:
    """Whether it has a time of day, and nothing that says where on earth."""
    if line.name not in TIMES:
        return False
    parameters, value = _parts(line)
    return "TZID" not in parameters and _FLOATING.search(value) is not None


def placed(line: Line, timezone: str) -> Line:
    """A floating line, in that time zone."""
    head, _, value = line.text.partition(":")
    return Line(line.number, f"{head};TZID={timezone}:{value}", line.name)


def _check(line: Line) -> None:
    if len(line.text) > READABLE_CHARACTERS:
        long = f"{line.name} has {len(line.text):,} characters; at most {READABLE_CHARACTERS:,} are read"
        raise line.wrong(long)
    try:
        _, value = _parts(line)
    except ValueError as broken:
        raise line.wrong(f"{line.shown} is no NAME;PARAMETER=VALUE:VALUE") from broken
    if line.name == "RRULE":
        _check_rule(line, value)


def _parts(line: Line) -> tuple[Parameters, str]:
    """Raises `ValueError`."""
    _, parameters, value = Contentline(line.text).raw_parts()  # type: ignore[no-untyped-call]
    return parameters, value


def _check_rule(line: Line, value: str) -> None:
    """Only what takes a bounded number of steps is reckoned with: nothing by the hour, minute or second."""
    rule = {
        name.strip(): given for name, _, given in (part.partition("=") for part in value.upper().split(";"))
    }
    if rule.get("FREQ") not in _FREQUENCIES:
        raise line.wrong(
            f"the event repeats by {rule.get('FREQ') or 'nothing'}; FREQ must be one of {_listed()}"
        )
    if not re.fullmatch(r"0*[1-9]\d{0,3}", rule.get("INTERVAL", "1"), re.ASCII):
        raise line.wrong(f"INTERVAL={rule['INTERVAL'][:20]} must be a number from 1 to 9999")
    times = 1
    for name in _WITHIN_A_DAY:
        times *= rule.get(name, "").count(",") + 1
    if times > MOST_A_DAY:
        raise line.wrong(f"the event repeats {times:,} times a day; a rule may do so {MOST_A_DAY} times")


def _listed() -> str:
    return f"{', '.join(_FREQUENCIES[:-1])} and {_FREQUENCIES[-1]}"


__all__ = ["IcsError", "event_lines", "is_floating", "placed", "zone_lines"]
