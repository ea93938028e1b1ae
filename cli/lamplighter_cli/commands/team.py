"""`lamp team`: several agents for one job."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli.commands import limits
from lamplighter_cli.commands.nouns import Noun, reading, resting
from lamplighter_cli.commands.options import ChosenId, Project
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.grammar import boolean, group
from lamplighter_cli.nested import body_of, given_of, touches_parts
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paths import TEAMS, item
from lamplighter_cli.settings import Setting, options, taking
from lamplighter_cli.times import Clock
from lamplighter_cli.values import number, word
from lamplighter_cli.values import reading as as_reading

TeamId = Annotated[str, typer.Argument(metavar="TEAM", help="The team's id.", show_default=False)]

SETTINGS = (
    Setting(
        "--member",
        "members",
        "AGENT",
        "An agent's id, in the order of work. May be given several times.",
        several=True,
    ),
    Setting(
        "--mode",
        "mode",
        "WORD",
        "sequence (the default): each gets what came before; parallel; or lead.",
        word,
    ),
    Setting("--leader", "leader", "AGENT", "Of lead: an agent on a language model, who asks the members."),
    Setting("--merger", "merger", "AGENT", "Of parallel: who makes one result of theirs."),
    Setting("--needed", "needed", "N", "Of parallel: so many have to complete; all, by default.", number),
    Setting("--description", "description", "TEXT", "What the team is for."),
    Setting(
        "--environment",
        "environment",
        "ID",
        "Where it works; by default where its leader or first member does.",
    ),
    Setting("--active", "active", "BOOL", "Whether it is given work.", as_reading(boolean)),
)

COLUMNS = (
    Column("ID", lambda team, _: team.get("id")),
    Column("NAME", lambda team, _: team.get("name"), flexible=True),
    Column("MODE", lambda team, _: team.get("mode")),
    Column("MEMBERS", lambda team, _: ", ".join(team.get("members") or ()), flexible=True),
    Column("ACTIVE", lambda team, _: team.get("active")),
)


@taking(options(SETTINGS), options(limits.LIMITS, "What all its members may use together"))
def create_team(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    chosen_id: ChosenId = None,
    project: Project = None,
) -> None:
    """Create a team: agents one after the other, all at once, or led by one of them.

    \b
    Examples:
      lamp team create scan-and-tell --member scanner --member notifier
      lamp team create second-opinion --mode parallel --member one --member two --needed 1 --merger editor
      lamp team create desk --mode lead --leader chief --member researcher --member writer --max-cost 2
    """
    lamp = of(ctx)
    body = {"id": chosen_id, "name": name, "project": lamp.project(project), **_body(ctx.params)}
    if not body.get("members"):
        raise WrongUse("a team needs at least one --member AGENT (`lamp agent list` shows all)")
    team = lamp.client.post(TEAMS, {field: value for field, value in body.items() if value is not None})
    lamp.output.record(team, _sheet, f"Created team {team.get('id')}")


@taking(
    options((Setting("--name", "name", "TEXT", "A new name; the id stays.", keeps_empty=True), *SETTINGS)),
    options(limits.LIMITS, "What all its members may use together"),
)
def update_team(ctx: typer.Context, team: TeamId) -> None:
    """Change a team; what is not named stays. An empty value takes a setting away: --merger "". Members are replaced.

    \b
    Examples:
      lamp team update scan-and-tell --member scanner --member notifier --member archivist
      lamp team update second-opinion --needed "" --max-cost 1
    """
    lamp = of(ctx)
    path, headers, before = item(TEAMS, team), {}, {}
    if touches_parts(given_of(limits.LIMITS, ctx.params)):
        read = lamp.client.request("GET", path)
        before, headers = read.document, {"If-Match": tag} if (tag := read.headers.get("ETag")) else {}
    body = _body(ctx.params, before)
    if ctx.params["name"] is not None:
        body["name"] = ctx.params["name"]
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp team update --help`)")
    changed = lamp.client.patch(path, body, headers)
    lamp.output.record(changed, _sheet, f"Updated team {changed.get('id')}")


def _body(params: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return body_of(given_of((*SETTINGS, *limits.LIMITS), params), before)


def _sheet(team: Record, clock: Clock) -> Sheet:
    yield "ID", team.get("id")
    yield "Name", team.get("name")
    yield "Project", team.get("project")
    yield "Description", team.get("description")
    yield "Active", team.get("active")
    yield "Mode", team.get("mode")
    yield "Leader", team.get("leader")
    yield "Members", ", ".join(team.get("members") or ())
    yield "Merger", team.get("merger")
    yield "Needed", team.get("needed")
    yield "Limits", limits.words(team.get("limits"))
    yield "Environment", team.get("environment")
    yield "Created", clock.local(team.get("created_at"))
    yield "Updated", clock.local(team.get("updated_at"))
    yield "Revision", team.get("revision")
    yield "Warnings", list(team.get("warnings") or ())


NOUN = Noun(
    "team", TEAMS, COLUMNS, _sheet, "scan-and-tell", shows=" and its members", unused=" that no job uses"
)

app = group(
    "Several agents for one job.",
    {"create": create_team, **reading(NOUN), "update": update_team, **resting(NOUN)},
)
