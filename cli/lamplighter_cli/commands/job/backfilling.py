"""`lamp job backfill`: all that a job's schedule has in a past range, run now."""

from typing import Annotated

import typer

from lamplighter_cli.commands import firings
from lamplighter_cli.commands.job.options import JobId, JobZone, zone_of
from lamplighter_cli.commands.options import From, Parallel, To, instant
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.lookup import on_job
from lamplighter_cli.output import Record

SHOWN = 10
"""Firings that a person is shown; a program gets all that the gateway tells."""


def backfill(
    ctx: typer.Context,
    job: JobId,
    start: From = None,
    end: To = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would run.")] = False,
    max_parallel: Parallel = None,
    timezone: JobZone = None,
) -> None:
    """Run all that a job's schedule has between two times, both included, as if it were due now.

    A TIME is 2026-12-01 09:00, in the zone of the job's schedule, or has an offset, as in 2026-12-01T09:00:00+01:00.

    \b
    Examples:
      lamp job backfill daily-report-7f3a --from 2026-11-01 --to 2026-11-08 --dry-run
      lamp job backfill daily-report-7f3a --from 2026-11-01 --to 2026-11-08 --max-parallel 3
    """
    lamp = of(ctx)
    if missing := [option for option, given in (("--from", start), ("--to", end)) if not given]:
        raise WrongUse(f"a backfill needs {' and '.join(missing)} (see `lamp job backfill --help`)")
    zone = zone_of(lamp, job, timezone, start, end)
    body = {
        "from": instant(lamp, start, "--from", zone),
        "to": instant(lamp, end, "--to", zone),
        "max_parallel": max_parallel,
    }
    body |= {"dry_run": True} if dry_run else {}
    said = {field: value for field, value in body.items() if value is not None}
    answer = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/backfill", said))
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        _show(lamp, answer)


def hints(lamp: Lamp, answer: Record) -> None:
    """How to watch a backfill, and how to end it."""
    if backfill_id := (None if lamp.output.is_json else answer.get("backfill_id")):
        lamp.output.line()
        lamp.output.line(f"Watch it    lamp backfill get {backfill_id}")
        lamp.output.line(f"Its runs    lamp execution list --backfill {backfill_id}")
        lamp.output.line(f"Cancel it   lamp backfill cancel {backfill_id}")


def _show(lamp: Lamp, answer: Record) -> None:
    job_id, total, found = answer.get("job_id"), int(answer.get("total") or 0), answer.get("firings") or []
    backfill_id = answer.get("backfill_id")
    who = f"Backfill {backfill_id} runs" if backfill_id else "A backfill would run"
    at_a_time = f", {answer.get('max_parallel')} at a time" if total > 1 else ""
    lamp.output.paragraph(f"{who} {total} {'firing' if total == 1 else 'firings'} of {job_id}{at_a_time}.")
    if found:
        lamp.output.line()
        lamp.output.first(found, firings.columns(found), SHOWN, max(total, len(found)))
    hints(lamp, answer)
