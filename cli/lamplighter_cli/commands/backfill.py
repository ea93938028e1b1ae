"""`lamp backfill`: past ranges of schedules that run now."""

from typing import Annotated

import typer

from lamplighter_cli import paging
from lamplighter_cli.commands.options import OfProject
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.lookup import job_id
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import Limit
from lamplighter_cli.paths import BACKFILLS, item
from lamplighter_cli.times import Clock

BackfillId = Annotated[str, typer.Argument(metavar="BACKFILL", help="The backfill's id.", show_default=False)]

COLUMNS = (
    Column("ID", lambda one, _: one.get("id")),
    Column("JOB", lambda one, _: one.get("job_id"), flexible=True),
    Column("PHASE", lambda one, _: one.get("phase"), status=True),
    Column("FROM", lambda one, clock: clock.local(one.get("from"))),
    Column("TO", lambda one, clock: clock.local(one.get("to"))),
    Column("FIRED", lambda one, _: one.get("fired")),
    Column("EXECUTIONS", lambda one, _: _executions(one), flexible=True),
)


def list_backfills(
    ctx: typer.Context,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB", help="Only of this job: its id, or its name.")
    ] = None,
    project: OfProject = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> None:
    """List backfills, newest first.

    \b
    Example:
      lamp backfill list --job daily-report-7f3a
    """
    lamp = of(ctx)
    query = {"job_id": job_id(lamp.client, job) if job else None, "project": lamp.project(project)}
    rows = paging.collect(lamp.client, BACKFILLS, query, limit)
    lamp.output.records(
        rows, with_project(COLUMNS, rows), "No backfills. Start one: lamp job backfill --help"
    )


def get_backfill(ctx: typer.Context, backfill: BackfillId) -> None:
    """Show one backfill: its range, and how far it is.

    \b
    Example:
      lamp backfill get daily-report-7f3a-0b5e
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(BACKFILLS, backfill)), _sheet)


def cancel_backfill(ctx: typer.Context, backfill: BackfillId) -> None:
    """End a backfill: what has not started does not, what runs is cancelled.

    \b
    Example:
      lamp backfill cancel daily-report-7f3a-0b5e
    """
    lamp = of(ctx)
    answer = lamp.client.post(f"{item(BACKFILLS, backfill)}/cancel")
    lamp.output.done(answer or {"backfill_id": backfill}, f"Backfill {backfill} is being cancelled")


def _sheet(one: Record, clock: Clock) -> Sheet:
    yield "ID", one.get("id")
    yield "Job", one.get("job_id")
    yield "Phase", one.get("phase")
    yield "From", clock.local(one.get("from"))
    yield "To", clock.local(one.get("to"))
    yield "Fired", one.get("fired")
    yield "Executions", _executions(one)
    yield "At a time", one.get("max_parallel")
    yield "Requested", _requested(one, clock)
    yield "Ended", clock.local(one.get("ended_at"))


def _executions(one: Record) -> str | None:
    counts = one.get("executions")
    if not isinstance(counts, dict):
        return None
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or None


def _requested(one: Record, clock: Clock) -> str | None:
    at, author = clock.local(one.get("requested_at")), one.get("requested_by")
    return f"{at} by {author}" if at and author else at


app = group(
    "See and stop what runs again, or late.",
    {
        "list|ls|l": list_backfills,
        "get|show|describe": get_backfill,
        "cancel|stop|abort|kill": cancel_backfill,
    },
)
