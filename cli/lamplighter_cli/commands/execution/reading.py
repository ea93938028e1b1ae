"""Commands that look at executions, and the one that stops them."""

from typing import Annotated

import typer

from lamplighter_cli import paging
from lamplighter_cli.commands.execution import views
from lamplighter_cli.commands.options import OfProject
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import of
from lamplighter_cli.paging import Limit
from lamplighter_cli.paths import EXECUTIONS, item

ExecutionId = Annotated[
    str, typer.Argument(metavar="EXECUTION", help="The execution's id.", show_default=False)
]


def list_executions(
    ctx: typer.Context,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", help="Only in this status, such as failed, blocked, retrying or waiting_for_input."
        ),
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Only those that this agent did.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="ID", help="Only of this team.")] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="ID", help="Only of this job.")] = None,
    backfill: Annotated[
        str | None, typer.Option("--backfill", metavar="ID", help="Only of this backfill.")
    ] = None,
    project: OfProject = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> None:
    """List executions of all jobs, newest first.

    \b
    Examples:
      lamp execution list --status failed
      lamp execution list --job daily-report-7f3a --limit 5 -o json
    """
    lamp = of(ctx)
    query = {
        "status": status,
        "agent_id": agent,
        "team_id": team,
        "job_id": job,
        "backfill_id": backfill,
        "project": lamp.project(project),
    }
    rows = paging.collect(lamp.client, EXECUTIONS, query, limit)
    lamp.output.records(rows, with_project(views.OF_ALL_JOBS, rows), "No executions.")


def get_execution(ctx: typer.Context, execution: ExecutionId) -> None:
    """Show one execution: what started it, who did it and why, what was decided and done, its result.

    \b
    Example:
      lamp execution get 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(EXECUTIONS, execution)), views.sheet)


def cancel_execution(ctx: typer.Context, execution: ExecutionId) -> None:
    """Stop an execution that waits, runs, is parked or is tried again.

    \b
    Example:
      lamp execution cancel 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    answer = lamp.client.post(f"{item(EXECUTIONS, execution)}/cancel")
    lamp.output.done(answer, f"Execution {execution} is {answer.get('status', 'cancelling')}")
