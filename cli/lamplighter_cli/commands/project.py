"""`lamp project`: what belongs together, and is seen by those who reach it."""

import typer

from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column
from lamplighter_cli.paths import PROJECTS

COLUMNS = (
    Column("PROJECT", lambda project, _: project.get("id")),
    Column("JOBS", lambda project, _: project.get("jobs")),
    Column("AGENTS", lambda project, _: project.get("agents")),
    Column("TEAMS", lambda project, _: project.get("teams")),
    Column("ENVIRONMENTS", lambda project, _: project.get("environments")),
    Column("POLICIES", lambda project, _: project.get("policies")),
    Column("CALENDARS", lambda project, _: project.get("calendars")),
)


def list_projects(ctx: typer.Context) -> None:
    """List the projects that you reach, and how much is in each.

    A project begins with the first thing that is made in it, or with a token that names it.

    \b
    Example:
      lamp project list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(PROJECTS), COLUMNS, "No projects.")


app = group("What belongs together.", {"list|ls|l": list_projects})
