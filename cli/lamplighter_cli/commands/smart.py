"""`lamp smart`: whom a smart job is given to, and why."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from lamplighter_cli import inputs, moments, spans
from lamplighter_cli.commands.options import OfProject
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.grammar import group
from lamplighter_cli.lookup import job_id
from lamplighter_cli.output import Column, Record
from lamplighter_cli.paths import EXPLAIN_CHOICE, REPLAY_CHOICES
from lamplighter_cli.values import reading

LATELY = timedelta(days=7)

_REMOVED = {
    "inactive": "not active",
    "capability": "capability",
    "environment": "environment",
    "queue": "no worker for its queue",
    "runner": "no worker with its runner",
    "policy": "policy",
    "trust": "policy on what comes from outside",
}

CANDIDATES = (
    Column("AGENT", lambda one, _: one.get("agent_id")),
    Column("SCORE", lambda one, _: _figure(one, "score")),
    Column("TEXT", lambda one, _: one.get("text")),
    Column("LOAD", lambda one, _: _figure(one, "load")),
    Column("MATCHES", lambda one, _: ", ".join(one.get("matched") or ()), flexible=True),
    Column("REMOVED BY", lambda one, _: _removed(one)),
    Column("WHY", lambda one, _: one.get("detail"), flexible=True),
)
DECISIONS = (
    Column("AT", lambda one, clock: clock.local(one.get("at"))),
    Column("JOB", lambda one, _: one.get("job_id"), flexible=True),
    Column("EXECUTION", lambda one, _: one.get("execution_id")),
    Column("WAS", lambda one, _: one.get("was") or "nobody"),
    Column("WOULD BE", lambda one, _: one.get("would_be") or "nobody"),
    Column("SAME", lambda one, _: one.get("same")),
    Column("OUTCOME", lambda one, _: one.get("outcome"), status=True),
)


def _since(text: str) -> int | datetime:
    """A span before now, or a moment."""
    try:
        return spans.seconds(text)
    except ValueError:
        pass
    try:
        return moments.read(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a span such as 7d nor a time such as {moments.FORMS}"
        ) from None


def explain_choice(
    ctx: typer.Context,
    prompt: Annotated[
        str, typer.Argument(metavar="PROMPT", help="What is asked; - and @FILE read it.", show_default=False)
    ],
    capability: Annotated[
        list[str] | None,
        typer.Option("--capability", metavar="TAG", help="That the agent must have. May be repeated."),
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", metavar="ENVIRONMENT", help="Only agents of this one.")
    ] = None,
    fallback: Annotated[
        str | None, typer.Option("--fallback", metavar="AGENT", help="Who takes it where nobody is clear.")
    ] = None,
    webhook: Annotated[
        bool, typer.Option("--webhook", help="As if it came from outside; else as if started by hand.")
    ] = False,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="PROJECT", help="Whose agents; by default LAMP_PROJECT's."),
    ] = None,
) -> None:
    """Show whom a smart job with this prompt would be given to now, and what speaks for and against each agent.

    \b
    Examples:
      lamp smart explain "Run the daily backups of PostgreSQL"
      lamp smart explain @prompt.txt --capability kubectl --environment production --webhook
    """
    lamp = of(ctx)
    body = {
        "prompt": inputs.text(prompt, "PROMPT", lamp.stdin),
        "capabilities": capability or None,
        "environment": environment,
        "fallback_agent_id": fallback,
        "trigger": "webhook" if webhook else "manual",
        "project": lamp.project(project),
    }
    choice = lamp.client.post(
        EXPLAIN_CHOICE, {name: value for name, value in body.items() if value is not None}
    )
    if lamp.output.is_json:
        lamp.output.json(choice)
    else:
        _show(lamp, choice)


def replay_choices(
    ctx: typer.Context,
    since: Annotated[
        Any,
        typer.Option(
            "--since", metavar="SPAN|TIME", help="From then on; by default 7d.", parser=reading(_since)
        ),
    ] = None,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB", help="Only of this job: its id, or its name.")
    ] = None,
    project: OfProject = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, max=1_000, metavar="N", help="The newest N; 200.")
    ] = None,
) -> None:
    """Show whom past executions of smart jobs were given to, and whom they would be given to today.

    \b
    Examples:
      lamp smart replay --since 7d
      lamp smart replay --since 2026-12-01 --job triage-7f3a -o json
    """
    lamp = of(ctx)
    query = {
        "since": _instant(lamp, since),
        "job_id": job_id(lamp.client, job) if job else None,
        "project": lamp.project(project),
        "limit": limit,
    }
    told = lamp.client.get(
        REPLAY_CHOICES, {name: value for name, value in query.items() if value is not None}
    )
    if lamp.output.is_json:
        lamp.output.json(told)
        return
    lamp.output.records(told.get("decisions") or [], DECISIONS, "No smart job ran since then.")
    if told.get("total"):
        lamp.output.line()
        lamp.output.line(f"{told.get('changed')} of {told.get('total')} would go to another today.")


def _show(lamp: Lamp, choice: Record) -> None:
    candidates = choice.get("candidates") or []
    lamp.output.records(candidates, CANDIDATES, "No agents. Create one: lamp agent create --help")
    if candidates:
        lamp.output.line()
    lamp.output.paragraph(str(choice.get("reason")))


def _figure(one: Record, name: str) -> object:
    """Who is removed has no score and no load."""
    return None if one.get("removed_by") else one.get(name)


def _removed(one: Record) -> str | None:
    by = one.get("removed_by")
    return _REMOVED.get(str(by), str(by)) if by else None


def _instant(lamp: Lamp, since: int | datetime | None) -> str:
    if isinstance(since, datetime):
        return moments.rfc3339(since, lamp.zone)
    back = LATELY if since is None else timedelta(seconds=since)
    return moments.rfc3339(lamp.now() - back, None)


app = group("Whom smart jobs are given to, and why.", {"explain": explain_choice, "replay": replay_choices})
