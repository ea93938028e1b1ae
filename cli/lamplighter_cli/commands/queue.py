"""`lamp queue`: where what is due waits for a worker."""

import typer

from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column
from lamplighter_cli.paths import QUEUES

COLUMNS = (
    Column("QUEUE", lambda queue, _: queue.get("queue")),
    Column("DUE", lambda queue, _: queue.get("due")),
    Column("RUNNING", lambda queue, _: queue.get("running")),
    Column("SLOTS", lambda queue, _: queue.get("slots")),
    Column("WORKERS", lambda queue, _: ", ".join(queue.get("workers") or ()), flexible=True),
)


def list_queues(ctx: typer.Context) -> None:
    """List the queues that workers serve or environments name, and how much waits on each.

    \b
    Example:
      lamp queue list
    """
    lamp = of(ctx)
    lamp.output.records(lamp.client.get(QUEUES), COLUMNS, "No queues.")


app = group("Where what is due waits for a worker.", {"list|ls|l": list_queues})
