"""`lamp job catchup`: what a job missed, and running it."""

from typing import Annotated, Any

import typer

from lamplighter_cli.commands.job.backfilling import hints
from lamplighter_cli.commands.job.options import JobId
from lamplighter_cli.commands.options import Parallel, Yes
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.lookup import on_job
from lamplighter_cli.output import Column, Record
from lamplighter_cli.paths import JOBS, item
from lamplighter_cli.values import span

SHOWN = 20
"""Rows of a plan that a person is shown."""

OVERDUE = (
    Column("DUE", lambda one, clock: clock.local(one.get("at"))),
    Column("STARTS", lambda one, clock: clock.local(one.get("starts_at"))),
)
RECORDED = OVERDUE[:1]


def catch_up(
    ctx: typer.Context,
    job: JobId,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would run.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="The latest so many.")
    ] = None,
    within: Annotated[
        Any,
        typer.Option("--within", metavar="SPAN", help="Due no longer ago, such as 2d or 12h.", parser=span),
    ] = None,
    max_parallel: Parallel = None,
    yes: Yes = False,
) -> None:
    """Run what a job missed. The plan is shown before; without a terminal to ask at, --yes is needed.

    What is due and not decided yet, the scheduler catches up with by itself, as the job says.

    \b
    Examples:
      lamp job catchup daily-report-7f3a --plan --within 2d
      lamp job catchup daily-report-7f3a --limit 5 --yes
    """
    lamp = of(ctx)
    if not (plan or yes or lamp.attended):
        raise WrongUse(
            "catchup runs what was missed: give --yes, as there is no terminal to ask at, or --plan"
        )
    asked = {"limit": limit, "within_seconds": within}
    found = on_job(lamp.client, job, lambda path: lamp.client.get(f"{path}/catchup", asked))
    if plan and lamp.output.is_json:
        lamp.output.json(found)
        return
    if not lamp.output.is_json:
        _show(lamp, found)
    if not plan:
        _run_missed(lamp, found, {**asked, "max_parallel": max_parallel}, yes)


def _run_missed(lamp: Lamp, plan: Record, asked: dict[str, int | None], yes: bool) -> None:
    job_id, count = str(plan.get("job_id")), len(_part(plan, "recorded").get("fire") or ())
    if not count:
        nothing = {"job_id": job_id, "backfill_id": None, "total": 0}
        lamp.output.done(nothing, "Nothing is recorded as missed: nothing to run.")
        return
    lamp.confirm(f"Run {count} missed of {job_id}?", yes, "nothing was started")
    body = {field: value for field, value in asked.items() if value is not None}
    answer = lamp.client.post(f"{item(JOBS, job_id)}/catchup", body)
    lamp.output.done(answer, f"Backfill {answer.get('backfill_id')} runs {answer.get('total')} of {job_id}")
    hints(lamp, answer)


def _show(lamp: Lamp, plan: Record) -> None:
    overdue, recorded = _part(plan, "overdue"), _part(plan, "recorded")
    _show_part(lamp, "Due and not decided yet: the scheduler does this by itself", overdue, OVERDUE)
    lamp.output.line()
    _show_part(lamp, "Recorded as missed: catchup runs this", recorded, RECORDED)
    lamp.output.line()


def _show_part(lamp: Lamp, title: str, part: Record, columns: tuple[Column, ...]) -> None:
    lamp.output.title(title)
    lamp.output.paragraph(str(part.get("sentence") or ""))
    lamp.output.first(part.get("fire") or (), columns, SHOWN)


def _part(plan: Record, name: str) -> Record:
    part = plan.get(name)
    return part if isinstance(part, dict) else {}
