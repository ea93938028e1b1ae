"""Commands that keep a job from starting for a while, and that let it start again."""

from typing import Annotated, Any

import typer

from lamplighter_cli.commands.job import timing_views
from lamplighter_cli.commands.job.options import JobId, JobZone, zone_of
from lamplighter_cli.commands.options import instant
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.lookup import on_job
from lamplighter_cli.values import moment

Answer = dict[str, Any]


def pause_job(
    ctx: typer.Context,
    job: JobId,
    until: Annotated[
        Any,
        typer.Option(
            "--until", metavar="TIME", help="Resume by itself then; else somebody has to.", parser=moment
        ),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="Why, for those who ask later.")] = None,
    timezone: JobZone = None,
) -> None:
    """Keep a job from starting by its triggers, for a time or until it is resumed. What runs goes on.

    \b
    Examples:
      lamp job pause daily-report-7f3a
      lamp job pause daily-report-7f3a --until "2026-12-01 09:00" --note "moving the database"
    """
    lamp = of(ctx)
    zone = zone_of(lamp, job, timezone, until)
    body = {"until": instant(lamp, until, "--until", zone), "note": note}
    said = {field: value for field, value in body.items() if value}
    answer = _post(lamp, job, "pause", said or None)
    words = timing_views.pause(answer, lamp.output.clock) or "until it is resumed"
    lamp.output.done(
        answer, f"Paused job {answer.get('id')} {words}. Undo: lamp job resume {answer.get('id')}"
    )


def resume_job(ctx: typer.Context, job: JobId) -> None:
    """Let a paused job start again, from its next time on.

    \b
    Example:
      lamp job resume daily-report-7f3a
    """
    lamp = of(ctx)
    _tell_next(lamp, "Resumed", _post(lamp, job, "resume"))


def enable_job(ctx: typer.Context, job: JobId) -> None:
    """Let a job start again, from its next time on.

    \b
    Example:
      lamp job enable daily-report-7f3a
    """
    lamp = of(ctx)
    _tell_next(lamp, "Enabled", _post(lamp, job, "enable"))


def disable_job(ctx: typer.Context, job: JobId) -> None:
    """Keep a job from starting; its configuration and its history stay.

    \b
    Example:
      lamp job disable daily-report-7f3a
    """
    lamp = of(ctx)
    answer = _post(lamp, job, "disable")
    lamp.output.done(answer, f"Disabled job {answer.get('id')}. Undo: lamp job enable {answer.get('id')}")


def _tell_next(lamp: Lamp, done: str, answer: Answer) -> None:
    next_run = lamp.output.clock.local(answer.get("next_run_at"))
    following = f", next run {next_run}" if next_run else ""
    lamp.output.done(answer, f"{done} job {answer.get('id')}{following}")


def _post(lamp: Lamp, job: str, what: str, body: Answer | None = None) -> Answer:
    answer: Answer = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/{what}", body))
    return answer
