"""`lamp environment`: where work happens, with what it is given, and when it does not."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli import inputs
from lamplighter_cli.commands.options import ChosenId, Yes
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import ENVIRONMENTS, item
from lamplighter_cli.settings import Setting, options, taking
from lamplighter_cli.times import Clock

EnvironmentId = Annotated[
    str, typer.Argument(metavar="ENVIRONMENT", help="The environment's id.", show_default=False)
]

SETTINGS = (
    Setting("--description", "description", "TEXT", "What it is for."),
    Setting("--queue", "queue", "SLUG", "Only dispatchers that serve this queue do its work."),
    Setting(
        "--variable",
        "variables",
        "NAME=VALUE",
        "A variable of every run in it. May be given several times.",
        several=True,
    ),
    Setting("--timezone", "timezone", "ZONE", "In which its dates and hours are, such as Europe/Berlin."),
    Setting(
        "--exclude-date",
        "exclude_dates",
        "DATE",
        "No schedule fires on 2026-12-25, or 2026-12-24..2027-01-01. May be given several times.",
        several=True,
    ),
    Setting(
        "--blackout",
        "blackouts",
        "HOURS",
        "Nor in these hours of a week, such as 'fri 18:00 - mon 06:00'. May be given several times.",
        several=True,
    ),
    Setting(
        "--calendar",
        "calendars",
        "ID",
        "Nor on the days of this calendar. May be given several times.",
        several=True,
    ),
)

COLUMNS = (
    Column("ID", lambda environment, _: environment.get("id")),
    Column("NAME", lambda environment, _: environment.get("name"), flexible=True),
    Column("QUEUE", lambda environment, _: environment.get("queue")),
    Column("VARIABLES", lambda environment, _: ", ".join(environment.get("variables") or ()), flexible=True),
    Column("LEAVES OUT", lambda environment, _: ", ".join(_left_out(environment)), flexible=True),
)


@taking(options(SETTINGS))
def create_environment(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    chosen_id: ChosenId = None,
) -> None:
    """Create an environment: a worker queue, variables, and when no schedule fires in it.

    \b
    Example:
      lamp environment create Production --queue inside --variable REGION=eu \\
        --timezone Europe/Berlin --blackout "fri 18:00 - mon 06:00" --calendar holidays-de
    """
    lamp = of(ctx)
    body = {"id": chosen_id, "name": name, **_body(ctx.params)}
    made = lamp.client.post(
        ENVIRONMENTS, {field: value for field, value in body.items() if value is not None}
    )
    lamp.output.record(made, _sheet, f"Created environment {made.get('id')}")


@taking(
    options((Setting("--name", "name", "TEXT", "A new name; the id stays.", keeps_empty=True), *SETTINGS))
)
def update_environment(ctx: typer.Context, environment: EnvironmentId) -> None:
    """Change an environment; what is not named stays. An empty value takes a setting away: --blackout "".

    What may be given several times is replaced by what is given. Its jobs follow to another queue at once.

    \b
    Examples:
      lamp environment update default --blackout "sat,sun 00:00-24:00" --timezone America/New_York
      lamp environment update production --queue inside-2 --calendar ""
    """
    lamp = of(ctx)
    body = _body(ctx.params)
    if ctx.params["name"] is not None:
        body["name"] = ctx.params["name"]
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp environment update --help`)")
    changed = lamp.client.patch(item(ENVIRONMENTS, environment), body)
    lamp.output.record(changed, _sheet, f"Updated environment {changed.get('id')}")


def list_environments(ctx: typer.Context) -> None:
    """List environments. There is always one called default.

    \b
    Example:
      lamp environment list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(ENVIRONMENTS), COLUMNS, "No environments.")


def get_environment(ctx: typer.Context, environment: EnvironmentId) -> None:
    """Show one environment.

    \b
    Example:
      lamp environment get default
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(ENVIRONMENTS, environment)), _sheet)


def delete_environment(ctx: typer.Context, environment: EnvironmentId, yes: Yes = False) -> None:
    """Delete an environment that no job and no agent uses.

    \b
    Example:
      lamp environment delete production
    """
    lamp = of(ctx)
    lamp.confirm(f"Delete environment {environment}?", yes)
    lamp.client.delete(item(ENVIRONMENTS, environment))
    lamp.output.done({"id": environment, "deleted": True}, f"Deleted environment {environment}")


def _body(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the options name. An empty value is null: it takes the field away."""
    body = {
        one.field: one.value(given[one.name]) for one in SETTINGS if given.get(one.name) not in (None, ())
    }
    if body.get("variables"):
        body["variables"] = inputs.pairs(body["variables"], "--variable")
    return body


def _left_out(environment: Record) -> list[str]:
    fields = ("exclude_dates", "blackouts", "calendars")
    return [str(text) for field in fields for text in environment.get(field) or ()]


def _sheet(environment: Record, clock: Clock) -> Sheet:
    yield "ID", environment.get("id")
    yield "Name", environment.get("name")
    yield "Description", environment.get("description")
    yield "Queue", environment.get("queue")
    yield "Variables", [f"{name}={value}" for name, value in (environment.get("variables") or {}).items()]
    yield "Time zone", environment.get("timezone")
    yield "Leaves out", _left_out(environment)
    yield "Created", clock.local(environment.get("created_at"))
    yield "Updated", clock.local(environment.get("updated_at"))
    yield "Revision", environment.get("revision")


app = group(
    "Where work happens, with what, and when not.",
    {
        "create": create_environment,
        "list|ls|l": list_environments,
        "get|show|describe": get_environment,
        "update": update_environment,
        "delete|del|rm": delete_environment,
    },
)
