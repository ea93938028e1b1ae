"""The command that starts a job."""

from typing import Annotated

import typer

from lamplighter_cli import inputs
from lamplighter_cli.commands.execution.logs import follow_log
from lamplighter_cli.commands.job.options import JobId
from lamplighter_cli.context import of
from lamplighter_cli.lookup import on_job


def trigger_job(
    ctx: typer.Context,
    job: JobId,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="What the run gets to know. May be repeated."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="KEY", help="The same key again starts nothing twice."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Show its log as it comes; exit code 0 when it completes.")
    ] = False,
) -> None:
    """Start a job now, whatever its schedule, also while it is disabled.

    \b
    Examples:
      lamp job trigger daily-report-7f3a
      lamp job trigger daily-report-7f3a --parameter day=monday --follow
    """
    lamp = of(ctx)
    body = {"parameters": inputs.pairs(parameter, "--parameter")} if parameter else None
    headers = {"Idempotency-Key": key} if key else {}
    answer = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/trigger", body, headers))
    started = str(answer.get("execution_id"))
    if not follow:
        lamp.output.done(answer, f"Started execution {started}. Watch it: lamp execution logs -f {started}")
        return
    lamp.output.note(f"Execution {started}")
    raise typer.Exit(follow_log(lamp, started))
