"""Commands that look ahead and back: when a job is due next, and why it ran or did not."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from lamplighter_cli.commands import firings
from lamplighter_cli.commands.job import timing
from lamplighter_cli.commands.job.options import ENVIRONMENT, JobId, JobZone, zone_of
from lamplighter_cli.commands.job.requests import job_body
from lamplighter_cli.commands.options import instant
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.lookup import on_job
from lamplighter_cli.output import Record
from lamplighter_cli.paths import PREVIEW
from lamplighter_cli.settings import options as as_options
from lamplighter_cli.settings import taking
from lamplighter_cli.values import moment


@taking(as_options(ENVIRONMENT, "A schedule to try"), as_options(timing.SCHEDULE, "A schedule to try"))
def next_firings(
    ctx: typer.Context,
    job: Annotated[
        str | None, typer.Argument(metavar="JOB", help="The job's id, or its name.", show_default=False)
    ] = None,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=100, metavar="N", help="How many firings.")
    ] = 10,
) -> None:
    """Show when a job is due next, or when a schedule would be that is not saved yet.

    Times are those of the schedule's zone, and of UTC. A TIME is 2026-12-01 09:00, read in --timezone or else in
    this machine's zone, or has an offset as in 2026-12-01T09:00:00+01:00. A SPAN is 90s, 15m, 2h, 3d or 1h30m.

    \b
    Examples:
      lamp job next daily-report-7f3a -n 20
      lamp job next --schedule "0 9 * * *" --timezone Europe/Paris --blackout "sat 00:00 - mon 00:00"
    """
    lamp = of(ctx)
    shape = job_body(lamp, ctx.params)
    _check(job, shape)
    answer = _of_job(lamp, job, number) if job else lamp.client.post(PREVIEW, {**shape, "n": number})
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        _show(lamp, answer)


def explain(
    ctx: typer.Context,
    job: JobId,
    at: Annotated[
        Any, typer.Option("--at", metavar="TIME", help="What was due then; else the last.", parser=moment)
    ] = None,
    timezone: JobZone = None,
) -> None:
    """Say why a job ran or did not: the last time, or at a given one.

    A TIME is 2026-12-01 09:00, in the zone of the job's schedule, or has an offset, as in 2026-12-01T09:00:00+01:00.

    \b
    Examples:
      lamp job why daily-report-7f3a
      lamp job why daily-report-7f3a --at "2026-11-23 09:00"
    """
    lamp = of(ctx)
    query = {"at": instant(lamp, at, "--at", zone_of(lamp, job, timezone, at))}
    answer = on_job(lamp.client, job, lambda path: lamp.client.get(f"{path}/why", query))
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        lamp.output.paragraph(str(answer.get("sentence")))


def _check(job: str | None, shape: Mapping[str, Any]) -> None:
    if job and shape:
        raise WrongUse("a JOB has its own schedule: leave out the job, or the options of a schedule to try")
    if not (job or shape.get("schedule") or shape.get("schedules")):
        raise WrongUse("name a JOB, or a schedule to try with --schedule, --every or --at")


def _of_job(lamp: Lamp, job: str, number: int) -> Record:
    answer: Record = on_job(lamp.client, job, lambda path: lamp.client.get(f"{path}/next", {"n": number}))
    return answer


def _show(lamp: Lamp, answer: Record) -> None:
    for sentence in (answer.get("schedule_words"), answer.get("paused")):
        if sentence:
            lamp.output.paragraph(str(sentence))
    found = answer.get("firings") or []
    if found:
        lamp.output.line()
    lamp.output.records(found, firings.columns(found), "It is not due any more.")
