"""`lamp delivery`: what came to webhooks, what became of it, and once more."""

import json
from typing import Annotated, Any

import typer

from lamplighter_cli import paging
from lamplighter_cli.commands.options import OfProject
from lamplighter_cli.commands.views import with_project
from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.lookup import job_id
from lamplighter_cli.output import Column, Record, Sheet
from lamplighter_cli.paging import Limit
from lamplighter_cli.paths import DELIVERIES, item
from lamplighter_cli.times import Clock

DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.", show_default=False)]

COLUMNS = (
    Column("DELIVERY ID", lambda one, _: one.get("id")),
    Column("JOB", lambda one, _: one.get("job_id"), flexible=True),
    Column("FROM", lambda one, _: one.get("producer")),
    Column("EVENT", lambda one, _: one.get("event"), flexible=True),
    Column("OUTCOME", lambda one, _: outcome(one), status=True),
    Column("RECEIVED", lambda one, clock: clock.local(one.get("received_at"))),
)


def list_deliveries(
    ctx: typer.Context,
    job: Annotated[
        str | None, typer.Option("--job", metavar="JOB", help="Only of this job: its id, or its name.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="Only these: accepted, filtered or ping, with commas.")
    ] = None,
    producer: Annotated[
        str | None, typer.Option("--producer", metavar="NAME", help="Only from such, as github or stripe.")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", metavar="NAME", help="Only this event.")] = None,
    execution: Annotated[
        str | None, typer.Option("--execution", metavar="ID", help="Only those that led to this execution.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Received then or later, RFC 3339.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Received before then, RFC 3339.")
    ] = None,
    project: OfProject = None,
    limit: Limit = paging.DEFAULT_LIMIT,
) -> None:
    """List what came to webhooks, newest first, and what became of it.

    \b
    Examples:
      lamp delivery list --job deploy-7f3a --outcome filtered
      lamp delivery list --execution 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    query = {
        "job_id": job_id(lamp.client, job) if job else None,
        "outcome": outcome,
        "producer": producer,
        "event": event,
        "execution_id": execution,
        "from": since,
        "until": until,
        "project": lamp.project(project),
    }
    rows = paging.collect(lamp.client, DELIVERIES, query, limit)
    lamp.output.records(rows, with_project(COLUMNS, rows), "No deliveries.")


def get_delivery(ctx: typer.Context, delivery: DeliveryId) -> None:
    """Show one delivery: where it came from, what became of it, its headers and its payload.

    \b
    Example:
      lamp delivery show 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    lamp.output.record(lamp.client.get(item(DELIVERIES, delivery)), sheet)


def get_body(ctx: typer.Context, delivery: DeliveryId) -> None:
    """Write the body of a delivery to standard output, byte for byte as it came.

    \b
    Example:
      lamp delivery body 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e > delivery.json
    """
    lamp = of(ctx)
    lamp.output.raw(lamp.client.download(f"{item(DELIVERIES, delivery)}/body"))


def replay(
    ctx: typer.Context,
    delivery: DeliveryId,
    key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="KEY", help="The same key again is the same replay."),
    ] = None,
) -> None:
    """Deliver it once more: to the job as it is now, through its filters as they are now.

    \b
    Example:
      lamp delivery replay 01936b2c-6f00-7c1d-9e55-0a5c3f1d2b4e
    """
    lamp = of(ctx)
    headers = {"Idempotency-Key": key} if key else None
    answer = lamp.client.post(f"{item(DELIVERIES, delivery)}/replay", headers=headers)
    lamp.output.done(answer, _replayed(answer))


def _replayed(answer: Record) -> str:
    made = f"Delivered once more, as {answer.get('delivery_id')}"
    if answer.get("status") == "queued":
        return f"{made}: it leads to the execution {answer.get('execution_id')}"
    return f"{made}: {answer.get('status')}. {answer.get('detail') or ''}".rstrip()


def outcome(one: Record) -> str:
    """What the scheduler made of an accepted one, where that is known; else what the gateway made of it."""
    return str(one.get("became") or one.get("outcome"))


def sheet(one: Record, clock: Clock) -> Sheet:
    yield "Delivery", one.get("id")
    yield "Job", one.get("job_id")
    yield "Project", one.get("project")
    yield "From", _origin(one)
    yield "Event", one.get("event")
    yield "Producer's id", one.get("producer_delivery_id")
    yield "Received", clock.local(one.get("received_at"))
    yield "Outcome", outcome(one)
    yield "Why", one.get("became_detail") or one.get("detail")
    yield "Execution", one.get("into") or one.get("execution_id")
    yield "Gathered by", one.get("group")
    yield "Replay of", _replay_of(one)
    yield "Replays", one.get("replays") or None
    yield "Size", _size(one)
    yield "Body until", clock.local(one.get("body_expires_at")) if one.get("body_url") else None
    yield "Headers", [f"{name}: {value}" for name, value in (one.get("headers") or {}).items()] or None
    yield "Payload", _payload(one.get("payload"))


def _origin(one: Record) -> str:
    address = one.get("address")
    return f"{one.get('producer')} at {address}" if address else str(one.get("producer"))


def _replay_of(one: Record) -> str | None:
    first, author = one.get("replay_of"), one.get("replayed_by")
    return f"{first} by {author}" if first and author else first or None


def _size(one: Record) -> str:
    kept = "" if one.get("body_url") else ", no longer kept"
    return f"{one.get('size')} bytes of {one.get('content_type') or 'no type'}{kept}"


def _payload(payload: Any) -> list[str] | None:
    if payload is None:
        return None
    return json.dumps(payload, indent=2, ensure_ascii=False).splitlines()


app = group(
    "See what came to webhooks, what became of it, and deliver it once more.",
    {
        "list|ls|l": list_deliveries,
        "get|show|describe": get_delivery,
        "body|raw": get_body,
        "replay|redeliver": replay,
    },
)
