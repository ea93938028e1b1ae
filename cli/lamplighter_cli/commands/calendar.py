"""`lamp calendar`: days and hours that jobs leave out."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from lamplighter_cli import inputs
from lamplighter_cli.commands.nouns import Noun, reading
from lamplighter_cli.commands.options import ChosenId, Project
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import CALENDARS, item
from lamplighter_cli.times import Clock

CalendarId = Annotated[str, typer.Argument(metavar="CALENDAR", help="The calendar's id.", show_default=False)]
Text = str | None
Description = Annotated[Text, typer.Option("--description", help="What it is for.")]
Dates = Annotated[
    list[str] | None,
    typer.Option(
        "--date",
        metavar="DATE",
        help="'2026-12-25 Christmas', or 2026-12-24..2027-01-01. May be given several times.",
    ),
]
Ics = Annotated[
    Text,
    typer.Option("--ics", metavar="FILE", help="An .ics file, such as a feed of holidays; - reads a pipe."),
]

SHOWN = 50
"""Entries in a sheet: the next ones."""

COLUMNS = (
    Column("ID", lambda calendar, _: calendar.get("id")),
    Column("NAME", lambda calendar, _: calendar.get("name"), flexible=True),
    Column("ENTRIES", lambda calendar, _: calendar.get("entry_count")),
    Column("FROM", lambda calendar, _: calendar.get("source")),
    Column("COVERS UNTIL", lambda calendar, _: calendar.get("covers_until")),
)


def create_calendar(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    date: Dates = None,
    ics: Ics = None,
    chosen_id: ChosenId = None,
    description: Description = None,
    project: Project = None,
) -> None:
    """Create a calendar of days, or of an .ics file. What repeats in a file is written out for ten years.

    \b
    Examples:
      lamp calendar create Holidays --date "2026-12-25 Christmas" --date "2026-12-26..2027-01-01 Shutdown"
      lamp calendar create "German holidays" --id holidays-de --ics holidays.ics
    """
    lamp = of(ctx)
    about = {"id": chosen_id, "name": name, "project": lamp.project(project), "description": description}
    body = {**about, **_contents(lamp, date, ics)}
    if date is None and ics is None:
        raise WrongUse("say what is in the calendar: --date '2026-12-25 Christmas', or --ics FILE")
    calendar = lamp.client.post(CALENDARS, {k: v for k, v in body.items() if v is not None})
    lamp.output.record(calendar, _sheet, f"Created calendar {calendar.get('id')}")


def update_calendar(
    ctx: typer.Context,
    calendar: CalendarId,
    name: Annotated[Text, typer.Option("--name", help="A new name; the id stays.")] = None,
    date: Dates = None,
    ics: Ics = None,
    description: Description = None,
) -> None:
    """Change a calendar; what is not named stays. Days or a file replace all that is in it; --date "" empties it.

    \b
    Examples:
      lamp calendar update holidays-de --ics holidays-2028.ics
      lamp calendar update freeze --date "2026-11-27 Black Friday" --description "No changes to the shop"
    """
    lamp = of(ctx)
    body = {"name": name, "description": description, **_contents(lamp, date, ics)}
    body = {field: value for field, value in body.items() if value is not None}
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp calendar update --help`)")
    changed = lamp.client.patch(item(CALENDARS, calendar), body)
    lamp.output.record(changed, _sheet, f"Updated calendar {changed.get('id')}")


def _contents(lamp: Lamp, dates: list[str] | None, ics: str | None) -> dict[str, Any]:
    if dates is not None and ics is not None:
        raise WrongUse("--date and --ics exclude each other: choose one")
    if ics is not None:
        return {"ics": inputs.contents(ics, "--ics", lamp.stdin)}
    return {} if dates is None else {"dates": [date for date in dates if date.strip()]}


def _sheet(calendar: Record, clock: Clock) -> Sheet:
    yield "ID", calendar.get("id")
    yield "Name", calendar.get("name")
    yield "Project", calendar.get("project")
    yield "Description", calendar.get("description")
    yield "From", "an .ics file" if calendar.get("source") == "ics" else "a list"
    yield "Covers until", calendar.get("covers_until")
    yield "Entries", calendar.get("entry_count")
    yield "Next", list(_next(calendar, clock))
    yield "Created", clock.local(calendar.get("created_at"))
    yield "Updated", clock.local(calendar.get("updated_at"))
    yield "Revision", calendar.get("revision")


def _next(calendar: Record, clock: Clock) -> Iterator[str]:
    """The entries that are not over, a line each."""
    today = f"{clock.now.astimezone(clock.zone):%Y-%m-%d}"
    coming = [e for e in calendar.get("entries") or () if str(e.get("last") or e.get("ends_at")) >= today]
    for entry in coming[:SHOWN]:
        yield _line(entry, clock)
    if len(coming) > SHOWN:
        yield f"and {len(coming) - SHOWN} more (-o json shows all)"


def _line(entry: Record, clock: Clock) -> str:
    if entry.get("kind") == "span":
        when = f"{clock.local(entry.get('starts_at'))} - {clock.local(entry.get('ends_at'))}"
    else:
        first, last = entry.get("first"), entry.get("last")
        when = f"{first}" if first == last else f"{first}..{last}"
    return f"{when}  {entry.get('name') or ''}".rstrip()


NOUN = Noun(
    "calendar",
    CALENDARS,
    COLUMNS,
    _sheet,
    "holidays-de",
    shows=" and its next entries; -o json shows all of them",
    unused=" that no job and no environment uses",
)

app = group(
    "Days and hours that jobs leave out.",
    {"create": create_calendar, **reading(NOUN), "update": update_calendar},
)
