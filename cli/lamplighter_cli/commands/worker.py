"""`lamp worker`: the dispatchers that do the work."""

from typing import Annotated

import typer

from lamplighter_cli.context import of
from lamplighter_cli.grammar import group
from lamplighter_cli.output import Column, Record
from lamplighter_cli.paths import WORKERS, item

WorkerName = Annotated[str, typer.Argument(metavar="WORKER", help="The worker's name.", show_default=False)]

COLUMNS = (
    Column("WORKER", lambda worker, _: worker.get("worker")),
    Column("STATE", lambda worker, _: "draining" if worker.get("draining") else "working"),
    Column("QUEUES", lambda worker, _: ", ".join(worker.get("queues") or ()), flexible=True),
    Column("RUNNING", lambda worker, _: f"{worker.get('running', 0)} of {worker.get('slots', 0)}"),
    Column("WAITING", lambda worker, _: worker.get("waiting")),
    Column("RUNNERS", lambda worker, _: ", ".join(worker.get("runners") or ()), flexible=True),
    Column("SANDBOX", lambda worker, _: worker.get("sandbox")),
    Column("VERSION", lambda worker, _: worker.get("version")),
    Column("SINCE", lambda worker, clock: clock.local(worker.get("started_at"))),
)


def list_workers(ctx: typer.Context) -> None:
    """List the workers that were heard of in the last seconds.

    \b
    Example:
      lamp worker list
    """
    lamp = of(ctx)
    lamp.output.records(
        lamp.client.get(WORKERS), COLUMNS, "No worker is running: nothing that is due begins."
    )


def drain_worker(ctx: typer.Context, worker: WorkerName) -> None:
    """Have a worker take nothing more; what it has goes on to its end.

    \b
    Example:
      lamp worker drain lab-4711-3fa2b1
    """
    lamp = of(ctx)
    answer = lamp.client.post(f"{item(WORKERS, worker)}/drain")
    lamp.output.done(answer, f"Worker {worker} takes nothing more, and {_what(answer)}")


def undrain_worker(ctx: typer.Context, worker: WorkerName) -> None:
    """Have a worker take work again.

    \b
    Example:
      lamp worker undrain lab-4711-3fa2b1
    """
    lamp = of(ctx)
    answer = lamp.client.post(f"{item(WORKERS, worker)}/undrain")
    lamp.output.done(answer, f"Worker {worker} takes work again")


def _what(answer: Record) -> str:
    running = answer.get("running") or 0
    return f"ends the {running} that it has" if running else "has nothing"


app = group(
    "The dispatchers that do the work.",
    {"list|ls|l": list_workers, "drain": drain_worker, "undrain": undrain_worker},
)
