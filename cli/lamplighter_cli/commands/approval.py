"""`lamp approval`: what waits for a person's word, and the word."""

from typing import Annotated

import typer

from lamplighter_cli.commands.options import OfProject
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import Lamp, of
from lamplighter_cli.grammar import group
from lamplighter_cli.lookup import job_id
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import DEFAULT_LIMIT, Limit
from lamplighter_cli.paths import APPROVALS, item
from lamplighter_cli.times import Clock

MOST = 500

ApprovalId = Annotated[str, typer.Argument(metavar="APPROVAL", help="The approval's id.", show_default=False)]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="Why: the agent is told, too.")]

COLUMNS = (
    Column("ID", lambda one, _: one.get("id")),
    Column("JOB", lambda one, _: one.get("job_name") or one.get("job_id"), flexible=True),
    Column("STATE", lambda one, _: one.get("state"), status=True),
    Column("WHAT", lambda one, _: one.get("summary"), flexible=True),
    Column("ASKED", lambda one, clock: clock.local(one.get("requested_at"))),
    Column("UNTIL", lambda one, clock: clock.local(one.get("deadline_at"))),
)


def list_approvals(
    ctx: typer.Context,
    state: Annotated[
        str | None,
        typer.Option("--state", help="Only in this state, such as pending, denied or expired."),
    ] = None,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB", help="Only of this job: its id, or its name.")
    ] = None,
    execution: Annotated[
        str | None, typer.Option("--execution", metavar="ID", help="Only of this execution.")
    ] = None,
    project: OfProject = None,
    limit: Limit = DEFAULT_LIMIT,
) -> None:
    """List what waits, or waited, for a person's word, newest first.

    \b
    Example:
      lamp approval list --state pending
    """
    lamp = of(ctx)
    query = {
        "state": state,
        "job_id": job_id(lamp.client, job) if job else None,
        "execution_id": execution,
        "project": lamp.project(project),
        "limit": min(limit, MOST),
    }
    rows = lamp.client.request("GET", APPROVALS, query=query).document
    lamp.output.records(rows, with_project(COLUMNS, rows), "Nothing waits for a word.")


def get_approval(ctx: typer.Context, approval: ApprovalId) -> None:
    """Show one approval: what is to be done, by whom, until when it waits, and what the word was.

    \b
    Example:
      lamp approval get 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e-1
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(APPROVALS, approval)), sheet)


def approve(ctx: typer.Context, approval: ApprovalId, note: Note = None) -> None:
    """Let this one action happen.

    \b
    Example:
      lamp approval approve 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e-1
    """
    _say(of(ctx), approval, "approve", note)


def deny(ctx: typer.Context, approval: ApprovalId, note: Note = None) -> None:
    """Do not let it happen.

    \b
    Example:
      lamp approval deny 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e-1 --note "not on a Friday"
    """
    _say(of(ctx), approval, "deny", note)


def _say(lamp: Lamp, approval: str, verb: str, note: str | None) -> None:
    body = {"note": note} if note else {}
    answer = lamp.client.post(f"{item(APPROVALS, approval)}/{verb}", body)
    summary = answer.get("summary")
    lamp.output.done(answer, f"{str(answer.get('state', verb)).capitalize()}: {summary or approval}")


def sheet(one: Record, clock: Clock) -> Sheet:
    yield "Approval", one.get("id")
    yield "State", one.get("state")
    yield "What", one.get("summary")
    yield "Why", one.get("reason")
    yield "Tool", one.get("tool")
    yield "Arguments", one.get("arguments")
    yield "Agent", one.get("agent_id")
    yield "Job", one.get("job_name") or one.get("job_id")
    yield "Execution", one.get("execution_id")
    yield "Asked", clock.local(one.get("requested_at"))
    yield "Until", clock.local(one.get("deadline_at"))
    yield "Answered", _answered(one, clock)
    yield "Note", one.get("note")
    yield "Answer", commands(one)


def commands(one: Record) -> str | None:
    """How to answer one that waits."""
    if one.get("state") != "pending":
        return None
    return f"lamp approval approve {one.get('id')}   (or deny)"


def _answered(one: Record, clock: Clock) -> str | None:
    at, author = clock.local(one.get("answered_at")), one.get("answered_by")
    return f"{at} by {author}" if at and author else at


app = group(
    "Say yes or no to what waits for a person's word.",
    {
        "list|ls|l": list_approvals,
        "get|show|describe": get_approval,
        "approve|yes|allow": approve,
        "deny|no|reject": deny,
    },
)
