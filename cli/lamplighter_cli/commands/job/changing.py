"""Commands that write a job: create, update, delete, restore, a new webhook secret."""

from typing import Annotated, Any

import typer

from lamplighter_cli.commands.job import options, views
from lamplighter_cli.commands.options import Yes
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.exits import WrongUse
from lamplighter_cli.lookup import on_job
from lamplighter_cli.paths import JOBS


def create_job(
    ctx: typer.Context,
    name: options.Name = None,
    prompt: options.Prompt = None,
    description: options.Description = None,
    enabled: options.Enabled = None,
    agent: options.Agent = None,
    team: options.Team = None,
    schedule: options.Schedule = None,
    timezone: options.Timezone = None,
    webhook: options.Webhook = None,
    overlap: options.Overlap = None,
    timeout: options.Timeout = None,
    variable: options.Variable = None,
    file: options.File = None,
) -> None:
    """Create a job: on a schedule, on a webhook, or started by hand.

    \b
    Examples:
      lamp job create --name daily-report --agent reporter \\
        --schedule "0 9 * * *" --timezone Europe/Berlin --prompt "Generate daily report"
      lamp job create --name on-demand --team ops --webhook /deploy-trigger --prompt @prompt.txt
      lamp job create --file job.json --enabled=false
    """
    lamp = of(ctx)
    body = options.request_body(lamp, ctx.params)
    if file is None:
        missing = [f"--{field}" for field in ("name", "prompt") if not body.get(field)]
        missing += [] if agent or team else ["--agent or --team"]
        if missing:
            raise WrongUse(f"a job needs {', '.join(missing)} (see `lamp job create --help`)")
    job = lamp.client.post(JOBS, body)
    lamp.output.record(job, views.sheet, f"Created job {job.get('id')}")
    _show_secret(lamp, job)


def update_job(
    ctx: typer.Context,
    job: options.JobId,
    name: options.Name = None,
    prompt: options.Prompt = None,
    description: options.Description = None,
    enabled: options.Enabled = None,
    agent: options.Agent = None,
    team: options.Team = None,
    schedule: options.Schedule = None,
    timezone: options.Timezone = None,
    webhook: options.Webhook = None,
    overlap: options.Overlap = None,
    timeout: options.Timeout = None,
    variable: options.Variable = None,
    file: options.File = None,
) -> None:
    """Change a job; what is not named stays. An empty --schedule or --webhook takes it away.

    All schedules or variables are replaced by those given.

    \b
    Examples:
      lamp job update daily-report-7f3a --schedule "0 12 * * *"
      lamp job update daily-report-7f3a --webhook ""
    """
    lamp = of(ctx)
    body = options.request_body(
        lamp, {option: value for option, value in ctx.params.items() if option != "job"}
    )
    if not body:
        raise WrongUse("nothing to change: name at least one option (see `lamp job update --help`)")
    changed = on_job(lamp.client, job, lambda path: lamp.client.patch(path, body))
    lamp.output.record(changed, views.sheet, f"Updated job {changed.get('id')}")
    _show_secret(lamp, changed)


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


def rotate_secret(ctx: typer.Context, job: options.JobId) -> None:
    """Make a new secret for a job's webhook. The one before stops working.

    \b
    Example:
      lamp job rotate-secret on-demand-19ab
    """
    lamp = of(ctx)
    answer = on_job(lamp.client, job, lambda path: lamp.client.post(f"{path}/webhook/rotate"))
    if lamp.output.is_json:
        lamp.output.json(answer)
    else:
        _show_secret(lamp, answer)


def _show_secret(lamp: Lamp, answer: dict[str, Any]) -> None:
    """The one time that the gateway tells it."""
    if answer.get("webhook_secret") and not lamp.output.is_json:
        for line in views.webhook(answer):
            lamp.output.line(line)
