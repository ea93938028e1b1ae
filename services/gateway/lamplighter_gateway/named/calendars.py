"""Calendars: what sets them apart from other things that people name, and how what is in them is given."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Literal

from pydantic import BaseModel, Field

from lamplighter_contracts.calendars import (
    CALENDAR_LIMIT,
    MOST_ENTRIES,
    Calendar,
    CalendarEntry,
    DaysEntry,
    SpanEntry,
)
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import Description, Model, Name, Slug
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.projects import DEFAULT_PROJECT
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.named.things import Fields, Sort, Thing, jobs_that_live, strangers, validated
from lamplighter_gateway.timing.ics_reader import Reading
from lamplighter_schedules import parse_dates

WAYS = ("dates", "entries", "ics")
"""The fields that say what is in a calendar. A body has one of them."""
LONGEST_NAME = 100

_ANSWERED = frozenset(
    {"calendar_id", "revision", "created_at", "updated_at", "source", "covers_until", "entry_count"}
)
_DAYS_AND_NAME = re.compile(r"\s*(\S*(?:\s*\.\.\s*\S+)?)(.*)", re.DOTALL)
_EXAMPLE = "'2026-12-25 Christmas Day' or '2026-12-24..2027-01-01 Shutdown'"


class CalendarBody(BaseModel):
    """What a request may say of a calendar."""

    name: Name
    project: Slug = DEFAULT_PROJECT
    description: Description = ""
    dates: list[str] | None = Field(default=None, examples=[["2026-12-25 Christmas Day"]])
    entries: list[CalendarEntry] | None = None
    ics: str | None = Field(default=None, description="the text of an .ics file")


class _Contents(Model):
    entries: tuple[CalendarEntry, ...] = Field(default=(), max_length=MOST_ENTRIES)
    source: Literal["list", "ics"] = "list"
    covers_until: date | None = None


class _About(Model):
    name: Name
    description: Description = ""


def given_ways(body: Mapping[str, Any]) -> list[str]:
    return [way for way in WAYS if body.get(way) is not None]


def with_file(reading: Reading | None) -> Sort:
    """Calendars, where the `ics` of a body has been read."""
    return replace(CALENDARS, read=partial(_read, reading)) if reading else CALENDARS


def _read(file: Reading | None, body: Mapping[str, Any], before: Thing | None, catalog: Catalog) -> Fields:
    assert before is None or isinstance(before, Calendar)
    errors = strangers(body, set(CalendarBody.model_fields), _ANSWERED)
    kept = before.model_dump(include={"name", "description"}) if before else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None}
    about = validated(_About, given, errors)
    contents = _contents(file, body, before, errors)
    if errors or about is None or contents is None:
        raise InvalidInput(errors)
    found = {**dict(about), **dict(contents)}
    _bound(found, given_ways(body))
    return found


def _contents(
    file: Reading | None, body: Mapping[str, Any], before: Calendar | None, errors: list[FieldError]
) -> _Contents | None:
    match given_ways(body):
        case [] if before is not None and not body.keys() >= set(WAYS):
            return _Contents.model_validate(before.model_dump())
        case []:
            problem = f"is missing: give days as {_EXAMPLE}, or 'entries', or the text of a file as 'ics'"
            errors.append(FieldError(field="dates", problem=problem))
            return None
        case ["dates"]:
            return _from_dates(body["dates"], errors)
        case ["entries"]:
            return _from_entries(body["entries"], before, errors)
        case ["ics"]:
            return _from_file(file, errors)
        case [first, *others]:
            errors += [
                FieldError(field=way, problem=f"cannot stand beside {first!r}: choose one") for way in others
            ]
    return None


def _from_dates(given: Any, errors: list[FieldError]) -> _Contents | None:
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        errors.append(FieldError(field="dates", problem=f"must be a list of days, each such as {_EXAMPLE}"))
        return None
    if _too_many("dates", given, errors):
        return None
    entries = []
    for place, text in enumerate(given, 1):
        try:
            entries.append(_days(text))
        except ValueError as wrong:
            problem = f"the {_ordinal(place)}, {text[:LONGEST_NAME]!r}: {wrong}"
            errors.append(FieldError(field="dates", problem=problem))
    return _Contents(entries=tuple(sorted(entries, key=lambda entry: (entry.first, entry.last))))


def _days(text: str) -> DaysEntry:
    """Raises `ValueError` with what is wrong."""
    found = _DAYS_AND_NAME.fullmatch(text)
    assert found is not None
    name = " ".join(found[2].split())
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name of an entry may have {LONGEST_NAME} characters")
    days = parse_dates(found[1])
    return DaysEntry(first=days.first, last=days.last, name=name)


def _from_entries(given: Any, before: Calendar | None, errors: list[FieldError]) -> _Contents | None:
    if _too_many("entries", given, errors):
        return None
    contents = validated(_Contents, {"entries": given}, errors)
    if contents is None:
        return None
    if before is not None and contents.entries == before.entries:
        # A whole answer sent back: it is still of the file that it was.
        return _Contents.model_validate(before.model_dump())
    errors += _backwards(contents.entries)
    return contents


def _backwards(entries: tuple[CalendarEntry, ...]) -> Iterator[FieldError]:
    for place, entry in enumerate(entries):
        match entry:
            case DaysEntry(first=first, last=last) if last < first:
                yield FieldError(
                    field=f"entries.{place}.last", problem=f"must not be before 'first', {first}"
                )
            case SpanEntry(starts_at=starts_at, ends_at=ends_at) if ends_at <= starts_at:
                yield FieldError(field=f"entries.{place}.ends_at", problem="must be after 'starts_at'")


def _from_file(file: Reading | None, errors: list[FieldError]) -> _Contents | None:
    if file is None or file.problem:
        problem = file.problem if file else "must be the text of an .ics file"
        errors.append(FieldError(field="ics", problem=problem))
        return None
    return _Contents(entries=file.entries, source="ics", covers_until=file.covers_until)


def _too_many(way: str, given: Any, errors: list[FieldError]) -> bool:
    if not isinstance(given, list) or len(given) <= MOST_ENTRIES:
        return False
    problem = f"has {len(given):,} entries; a calendar may have {MOST_ENTRIES:,}: make several of it"
    errors.append(FieldError(field=way, problem=problem))
    return True


def _bound(fields: Fields, ways: list[str]) -> None:
    """A calendar is one message of the bus. Raises `InvalidInput`."""
    size = len(_Contents.model_validate(fields).model_dump_json().encode())
    if size > CALENDAR_LIMIT:
        problem = (
            f"makes the calendar {size:,} bytes as JSON; one may have {CALENDAR_LIMIT:,}: make several of it"
        )
        raise InvalidInput([FieldError(field=way, problem=problem) for way in ways])


def _ordinal(number: int) -> str:
    last = number % 10 if number % 100 not in (11, 12, 13) else 0
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def _users(catalog: Catalog, name: str) -> list[str]:
    jobs = [f"job {j.job_id!r}" for j in jobs_that_live(catalog) if name in j.exclusions.calendars]
    environments = catalog.all(Environment)
    return jobs + [
        f"environment {e.environment_id!r}" for e in environments if name in e.exclusions.calendars
    ]


CALENDARS = Sort(
    "calendar", Calendar, partial(_read, None), _users, fields=frozenset(CalendarBody.model_fields)
)
