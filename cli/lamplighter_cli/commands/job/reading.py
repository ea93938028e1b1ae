"""Commands that look: the list of jobs, one job, and what became of its occurrences."""

from typing import Annotated, Any

import typer

from lamplighter_cli import paging
from lamplighter_cli.commands.execution.views import OF_A_JOB
from lamplighter_cli.commands.job import views
from lamplighter_cli.commands.job.options import JobId, JobZone, zone_of
from lamplighter_cli.commands.options import From, OfProject, To, instant
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.grammar import boolean
from lamplighter_cli.lookup import on_job
from lamplighter_cli.paging import Limit
from lamplighter_cli.paths import JOBS

NO_HISTORY = "the history service does not answer: last runs are not shown"


def list_jobs(
    ctx: typer.Context,
    enabled: Annotated[
        str | None, typer.Option("--enabled", metavar="BOOL", help="Only enabled jobs, or only disabled.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Only jobs of this agent.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="ID", help="Only jobs of this team.")] = None,
    project: OfProject = None,
) -> None:
    """List jobs: who does them, when they start, when they ran.

    \b
    Examples:
      lamp job list
      lamp job list --enabled=false -o json
    """
    lamp = of(ctx)
    only = None if enabled is None else str(boolean(enabled)).lower()
    query = {"enabled": only, "agent_id": agent, "team_id": team, "project": lamp.project(project)}
    answers = list(paging.pages(lamp.client, JOBS, query))
    jobs = [job for answer in answers for job in answer.document]
    missing = [answer.headers.get("Lamplighter-History") for answer in answers]
    _note_missing_history(lamp, "unavailable" if "unavailable" in missing else None)
    columns = with_project(views.columns(jobs, lamp.output.clock), jobs)
    lamp.output.records(jobs, columns, "No jobs. Create one: lamp job create --help")


def get_job(ctx: typer.Context, job: JobId) -> None:
    """Show one job: schedule in words, next runs, executor, webhook, last run.

    \b
    Example:
      lamp job get daily-report-7f3a
    """
    lamp = of(ctx)
    answer = on_job(lamp.client, job, lambda path: lamp.client.request("GET", path))
    _note_missing_history(lamp, answer.headers.get("Lamplighter-History"))
    lamp.output.record(answer.document, views.sheet)


def list_executions(
    ctx: typer.Context,
    job: JobId,
    limit: Limit = paging.DEFAULT_LIMIT,
    status: Annotated[str | None, typer.Option("--status", help="Only executions in this status.")] = None,
) -> None:
    """List a job's executions, newest first.

    \b
    Examples:
      lamp job executions daily-report-7f3a
      lamp job executions daily-report-7f3a --status failed -o json
    """
    lamp = of(ctx)
    rows = _of_job(lamp, job, "executions", limit, {"status": status})
    lamp.output.records(rows, OF_A_JOB, "No executions. Start one: lamp job trigger JOB")


def list_occurrences(
    ctx: typer.Context,
    job: JobId,
    start: From = None,
    end: To = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome", metavar="WORD", help="Only these, such as missed,skipped. May be repeated."
        ),
    ] = None,
    timezone: JobZone = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> None:
    """List what became of each due time, delivery and manual start: fired, or skipped and why. Newest first.

    Outcomes are fired, queued, coalesced, skipped, missed and blocked.

    \b
    Examples:
      lamp job occurrences daily-report-7f3a
      lamp job occurrences daily-report-7f3a --outcome missed,skipped --from 2026-11-01
    """
    lamp = of(ctx)
    zone = zone_of(lamp, job, timezone, start, end)
    query = {
        "from": instant(lamp, start, "--from", zone),
        "until": instant(lamp, end, "--to", zone),
        "outcome": ",".join(outcome) if outcome else None,
    }
    rows = _of_job(lamp, job, "occurrences", limit, query)
    empty = "Nothing of the kind was due." if any(query.values()) else "Nothing has been due yet."
    lamp.output.records(rows, views.OCCURRENCES, empty)


def _of_job(
    lamp: Lamp, job: str, what: str, limit: int, query: dict[str, str | None]
) -> list[dict[str, Any]]:
    return on_job(
        lamp.client, job, lambda path: paging.collect(lamp.client, f"{path}/{what}", dict(query), limit)
    )


def _note_missing_history(lamp: Lamp, header: str | None) -> None:
    if header == "unavailable":
        lamp.output.note(NO_HISTORY)
