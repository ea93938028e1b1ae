"""`lamp up`: the whole of Lamplighter on this machine, until it is told to stop."""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lamplighter_cli.connection import Connection, data_dir, save, saved
from lamplighter_cli.embedded.binaries import ProgramMissing
from lamplighter_cli.embedded.children import ChildFailed
from lamplighter_cli.embedded.stack import Plan, Port, PortTaken, Stack

GATEWAY_PORT, NATS_PORT, MONGODB_PORT = 8460, 8461, 8462


def up(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Where everything is kept; survives restarts. Default: LAMP_DATA or the user's data folder."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(envvar="LAMP_PORT", help="The gateway's port; 0 takes any free one.")
    ] = GATEWAY_PORT,
    nats_port: Annotated[int, typer.Option(envvar="LAMP_NATS_PORT", help="nats-server's port.")] = NATS_PORT,
    mongodb_port: Annotated[
        int, typer.Option(envvar="LAMP_MONGODB_PORT", help="mongod's port.")
    ] = MONGODB_PORT,
    slots: Annotated[
        int, typer.Option(min=1, max=1_000, help="Executions that may run at the same time.")
    ] = 16,
) -> None:
    """Start NATS, MongoDB and the four services here, and keep them running until Ctrl-C.

    NATS_URL and MONGODB_URL name servers elsewhere; then none is started here.

    Example: lamp up --data ./lamplighter --port 8460
    """
    plan = Plan(
        data=(data or data_dir()).expanduser().resolve(),
        gateway=Port(port, "--port", "LAMP_PORT"),
        nats=Port(nats_port, "--nats-port", "LAMP_NATS_PORT"),
        mongodb=Port(mongodb_port, "--mongodb-port", "LAMP_MONGODB_PORT"),
        nats_url=os.environ.get("NATS_URL"),
        mongodb_url=os.environ.get("MONGODB_URL"),
        slots=slots,
    )
    try:
        plan.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(plan.data):
            asyncio.run(_run(plan))
    except (PortTaken, ChildFailed, ProgramMissing, AlreadyRunning, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


class AlreadyRunning(RuntimeError):
    """Another `lamp up` keeps its data in the same folder."""


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(
                f"Lamplighter already runs with its data in {data}: stop it, or choose --data"
            ) from error
        yield


async def _run(plan: Plan) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    stack = Stack(plan, _say)
    starting = asyncio.create_task(_start(stack, plan))
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            await starting
        await waiting
    finally:
        starting.cancel()
        await asyncio.wait({starting})
        _say("stopping")
        await stack.stop()
        _say("stopped")


async def _start(stack: Stack, plan: Plan) -> None:
    _say(f"starting, with data in {plan.data}")
    await stack.start()
    await _connect(stack, plan.data)
    _say(f"ready at {stack.url}")
    _say("try: lamp agent create hello -- echo 'Hello from Lamplighter'")


async def _connect(stack: Stack, data: Path) -> None:
    """Let `lamp` on this machine find and enter this stack. The token of an earlier start is kept."""
    known = saved(data)
    token = known.token if known else None
    if token is None or not await stack.accepts(token):
        token = await stack.make_token()
    save(Connection(url=stack.url, token=token), data)


def _say(text: str) -> None:
    print(f"lamplighter: {text}", flush=True)
