"""Commands that write a job: create, update, delete, restore."""

from typing import Annotated

import typer

from lamplighter_cli.commands.job import doing, options, timing, views, webhooks
from lamplighter_cli.commands.job.requests import job_body, times
from lamplighter_cli.commands.options import Project, Yes
from lamplighter_cli.context import of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.lookup import on_job
from lamplighter_cli.paths import JOBS
from lamplighter_cli.settings import options as as_options
from lamplighter_cli.settings import taking

DESCRIPTION = (
    as_options(options.WHAT),
    as_options(doing.WHO, "Who does it"),
    as_options(doing.BOUNDS, "What its runs get, and what they may use"),
    as_options(doing.RETRY, "When an attempt fails"),
    as_options(webhooks.WEBHOOK, "What comes to its webhook"),
    as_options(timing.SCHEDULE, "When it is due"),
    as_options(timing.OVERLAP, "When it is due while it runs"),
    as_options(timing.MISSED, "When it could not start in time"),
)
"""All that may be said of a job."""


@taking(*DESCRIPTION)
def create_job(ctx: typer.Context, project: Project = None) -> None:
    """Create a job: on a schedule, on a webhook, or started by hand.

    A TIME is 2026-12-01 09:00, read in --timezone or else in this machine's zone, or has an offset as in
    2026-12-01T09:00:00+01:00. A SPAN is 90s, 15m, 2h, 3d or 1h30m.

    \b
    Examples:
      lamp job create --name daily-report --agent reporter \\
        --schedule "0 9 * * *" --timezone Europe/Berlin --prompt "Generate daily report"
      lamp job create --name poll --agent reporter --every 15m --overlap queue-one \\
        --blackout "fri 18:00 - mon 06:00" --prompt "Look for new mail"
      lamp job create --name on-demand --team ops --webhook /deploy-trigger --prompt @prompt.txt
      lamp job create --name triage --smart --capability mail --fallback clerk --retry-on exit-code \\
        --secret MAIL_TOKEN --max-cost 0.50 --webhook /mail --prompt "Answer: {{ payload.text }}"
      lamp job create --name review --agent reviewer --webhook generate --producer github \\
        --event "pull_request.*" --filter "!payload.pull_request.draft" \\
        --prompt "Review {{ payload.pull_request.html_url }}"
      lamp job create --file job.json --enabled=false
    """
    lamp = of(ctx)
    body = job_body(lamp, ctx.params)
    if home := lamp.project(project, body.get("project")):
        body["project"] = home
    if not ctx.params["file"]:
        if "schedule" in body and body["schedule"] is None:
            # A variable of a shell script that holds nothing would make a job that never runs.
            raise WrongUse("--schedule is empty: write one such as '0 9 * * *', or leave it out")
        missing = [f"--{field}" for field in ("name", "prompt") if not body.get(field)]
        named = any(body.get(field) for field in ("agent_id", "team_id", "smart"))
        missing += [] if named else ["--agent, --team or --smart"]
        if missing:
            raise WrongUse(f"a job needs {', '.join(missing)} (see `lamp job create --help`)")
    job = lamp.client.post(JOBS, body)
    lamp.output.record(job, views.sheet, f"Created job {job.get('id')}")
    webhooks.show_secret(lamp, job)


@taking(*DESCRIPTION)
def update_job(ctx: typer.Context, job: options.JobId) -> None:
    """Change a job; what is not named stays. An empty value takes a setting away: --webhook "", --ends-at "".

    What may be given several times is replaced by what is given: all schedules, variables, dates.
    A TIME is 2026-12-01 09:00, read in --timezone or else in the zone of the job's schedule, or has an offset as in
    2026-12-01T09:00:00+01:00. A SPAN is 90s, 15m, 2h, 3d or 1h30m.

    \b
    Examples:
      lamp job update daily-report-7f3a --schedule "0 12 * * *"
      lamp job update daily-report-7f3a --missed all --missed-window 1d --spread 10m
      lamp job update daily-report-7f3a --webhook "" --spread ""
    """
    lamp = of(ctx)
    zone = options.zone_of(lamp, job, ctx.params["timezone"], *times(ctx.params))
    body = job_body(lamp, ctx.params, zone)
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp job update --help`)")
    changed = on_job(lamp.client, job, lambda path: lamp.client.patch(path, body))
    lamp.output.record(changed, views.sheet, f"Updated job {changed.get('id')}")
    webhooks.show_secret(lamp, changed)


def delete_job(
    ctx: typer.Context,
    job: options.JobId,
    yes: Yes = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove its configuration for good; it cannot be restored.")
    ] = False,
) -> None:
    """Delete a job. Its executions stay, and `lamp job restore` brings it back, unless it is purged.

    \b
    Examples:
      lamp job delete daily-report-7f3a
      lamp job delete daily-report-7f3a --purge --yes
    """
    lamp = of(ctx)
    lamp.confirm(f"{'Purge' if purge else 'Delete'} job {job}?", yes)
    query = {"purge": "true"} if purge else {}

    def delete(path: str) -> str:
        lamp.client.delete(path, query)
        return path.rpartition("/")[2]

    job_id = on_job(lamp.client, job, delete)
    sentence = f"Purged job {job_id}" if purge else f"Deleted job {job_id}. Undo: lamp job restore {job_id}"
    lamp.output.done({"id": job_id, "deleted": True, "purged": purge}, sentence)


def restore_job(ctx: typer.Context, job: options.JobId) -> None:
    """Bring a deleted job back, as it was.

    \b
    Example:
      lamp job restore daily-report-7f3a
    """
    lamp = of(ctx)
    restored = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/restore"))
    lamp.output.record(restored, views.sheet, f"Restored job {restored.get('id')}")
