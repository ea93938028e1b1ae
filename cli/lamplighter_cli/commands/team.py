"""`lamp team`: several agents for one job."""

from typing import Annotated

import typer

from lamplighter_cli.commands.options import ChosenId, Yes
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import TEAMS, item
from lamplighter_cli.times import Clock

TeamId = Annotated[str, typer.Argument(metavar="TEAM", help="The team's id.", show_default=False)]

COLUMNS = (
    Column("ID", lambda team, _: team.get("id")),
    Column("NAME", lambda team, _: team.get("name"), flexible=True),
    Column("MODE", lambda team, _: team.get("mode")),
    Column("MEMBERS", lambda team, _: ", ".join(team.get("members") or ()), flexible=True),
    Column("ACTIVE", lambda team, _: team.get("active")),
)


def create_team(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    member: Annotated[
        list[str] | None,
        typer.Option(
            "--member", metavar="AGENT", help="An agent's id, in the order of work. May be repeated."
        ),
    ] = None,
    chosen_id: ChosenId = None,
    description: Annotated[str | None, typer.Option("--description", help="What the team is for.")] = None,
) -> None:
    """Create a team: each member gets the prompt and the result of the one before.

    \b
    Example:
      lamp team create scan-and-tell --member scanner --member notifier
    """
    lamp = of(ctx)
    if not member:
        raise WrongUse("a team needs at least one --member AGENT (`lamp agent list` shows all)")
    body = {"id": chosen_id, "name": name, "description": description, "members": member}
    team = lamp.client.post(TEAMS, {field: value for field, value in body.items() if value is not None})
    lamp.output.record(team, _sheet, f"Created team {team.get('id')}")


def list_teams(ctx: typer.Context) -> None:
    """List teams.

    \b
    Example:
      lamp team list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(TEAMS), COLUMNS, "No teams. Create one: lamp team create --help")


def get_team(ctx: typer.Context, team: TeamId) -> None:
    """Show one team and its members.

    \b
    Example:
      lamp team get scan-and-tell
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(TEAMS, team)), _sheet)


def delete_team(ctx: typer.Context, team: TeamId, yes: Yes = False) -> None:
    """Delete a team that no job uses.

    \b
    Example:
      lamp team delete scan-and-tell
    """
    lamp = of(ctx)
    lamp.confirm(f"Delete team {team}?", yes)
    lamp.client.delete(item(TEAMS, team))
    lamp.output.done({"id": team, "deleted": True}, f"Deleted team {team}")


def _sheet(team: Record, clock: Clock) -> Sheet:
    yield "ID", team.get("id")
    yield "Name", team.get("name")
    yield "Description", team.get("description")
    yield "Active", team.get("active")
    yield "Mode", team.get("mode")
    yield "Members", ", ".join(team.get("members") or ())
    yield "Created", clock.local(team.get("created_at"))
    yield "Updated", clock.local(team.get("updated_at"))
    yield "Revision", team.get("revision")


app = group(
    "Several agents for one job.",
    {
        "create": create_team,
        "list|ls|l": list_teams,
        "get|show|describe": get_team,
        "delete|del|rm": delete_team,
    },
)
