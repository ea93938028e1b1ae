"""`lamp events`: what happens to jobs and executions, as it happens."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from lamplighter_cli.commands.options import OfProject, instant
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.following import LiveEvent, follow_stream
from lamplighter_cli.moments import rfc3339
from lamplighter_cli.paths import EVENTS
from lamplighter_cli.values import moment

BACK = timedelta(hours=1)
"""How far it looks back where neither a beginning nor the future is asked for."""


def show_events(
    ctx: typer.Context,
    live: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens, until you stop it.")
    ] = False,
    since: Annotated[
        Any,
        typer.Option(
            "--from",
            metavar="TIME",
            help="From then on; an hour ago, or with --follow from now on.",
            parser=moment,
        ),
    ] = None,
    job: Annotated[str | None, typer.Option("--job", metavar="ID", help="Only of this job.")] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="Only what this agent does.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only of jobs, executions, deliveries or the catalog.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--type", metavar="NAMES", help="Only these, such as job.due,execution.finished."),
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUSES", help="Only these, such as failed,blocked.")
    ] = None,
    project: OfProject = None,
) -> None:
    """See what happened in the last hour, or what happens from now on.

    \b
    Examples:
      lamp events --status failed,blocked
      lamp events -f --job daily-report-7f3a
      lamp events -f --type execution.finished -o json
    """
    lamp = of(ctx)
    query = {
        "since": instant(lamp, since, "--from", None) or (None if live else _an_hour_ago(lamp)),
        "follow": None if live else "false",
        "job_id": job,
        "agent_id": agent,
        "kind": kind,
        "type": name,
        "status": status,
        "project": lamp.project(project),
    }
    count = 0
    for event in follow_stream(lamp.client, EVENTS, query, "the stream of events", lamp.sleep):
        count += event.name not in ("gap", "end")
        _show(lamp, event)
    if not count and not lamp.output.is_json:
        lamp.output.note("Nothing happened.")


def _an_hour_ago(lamp: Lamp) -> str:
    return rfc3339(lamp.now() - BACK, None)


def _show(lamp: Lamp, event: LiveEvent) -> None:
    if lamp.output.is_json:
        lamp.output.json_line({"event": event.name, "data": event.data})
        return
    match event.name:
        case "gap":
            lamp.output.note(f"Some events are missing: {event.data['reason']}")
        case "end":
            if event.data["reason"] != "present":
                lamp.output.note(event.data["detail"])
        case _:
            lamp.output.log(sentence(event, lamp), error=False)


def sentence(event: LiveEvent, lamp: Lamp) -> str:
    """One line: when, what, of which thing, and what more there is to say."""
    data = event.data
    when = lamp.output.clock.local(data.get("time")) or "-"
    return "  ".join(part for part in (when, f"{event.name:<20}", _subject(data), _more(data)) if part)


def _subject(data: dict[str, Any]) -> str:
    if data.get("type", "").startswith("lamplighter.catalog."):
        return f"{data.get('kind')} {data.get('id')} {data.get('operation')}"
    return " ".join(str(part) for part in (data.get("job_id"), data.get("execution_id")) if part)


def _more(data: dict[str, Any]) -> str:
    """Its status, then the first of what explains it."""
    approvals = [one.get("summary") for one in data.get("approvals") or () if one.get("state") == "pending"]
    name = " ".join(str(part) for part in (data.get("name"), data.get("phase")) if part)
    why = data.get("detail") or data.get("reason") or "; ".join(filter(None, approvals)) or name
    word = data.get("status") or data.get("outcome") or ""
    return f"{word}: {why}" if word and why else word or why
