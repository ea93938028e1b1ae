"""Calendars: named days and spans of time that jobs and environments leave out."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lamplighter_contracts.fields import Description, Instant, Model, Name, Slug
from lamplighter_contracts.projects import DEFAULT_PROJECT

MOST_ENTRIES = 3_000
CALENDAR_LIMIT = 400 * 1024
"""The most bytes that a calendar may have as JSON."""
EntryName = Annotated[str, StringConstraints(max_length=100)]


class DaysEntry(Model):
    """Whole local days, both inclusive, in the time zone of whoever uses the calendar."""

    kind: Literal["days"] = "days"
    first: date
    last: date
    name: EntryName = ""


class SpanEntry(Model):
    """From one instant up to another."""

    kind: Literal["span"] = "span"
    starts_at: Instant
    ends_at: Instant
    name: EntryName = ""


CalendarEntry = Annotated[DaysEntry | SpanEntry, Field(discriminator="kind")]


class Calendar(Model):
    calendar_id: Slug
    name: Name
    project: Slug = DEFAULT_PROJECT
    description: Description = ""
    entries: tuple[CalendarEntry, ...] = Field(default=(), max_length=MOST_ENTRIES)
    source: Literal["list", "ics"] = "list"
    covers_until: date | None = None
    """Up to when the repeating entries of an `.ics` file were written out. None where nothing repeats."""
    created_at: Instant
    updated_at: Instant
    revision: int = 0
