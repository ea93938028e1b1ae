"""The process around a service: its loops run until SIGTERM, and a loop that breaks ends the process."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import uvicorn
from pydantic import ValidationError

from lamplighter_runtime.logs import configure, get_logger
from lamplighter_runtime.settings import ServiceSettings, settings_error

log = get_logger()

S = TypeVar("S", bound=ServiceSettings)
Asgi = Callable[..., Awaitable[None]]


class Loops:
    """The endless tasks of a service. One that ends by itself takes the process down: half a service is worse
    than none, and whoever started the process starts it again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self.broken: str | None = None
        """The loop that ended by itself."""

    def start(self, name: str, loop: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._on_end)
        self._tasks.add(task)

    async def stop(self) -> None:
        """Cancel all and wait. Cancelled again until it takes: nats-py swallows a cancellation while it flushes."""
        self._stopping = True
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=1)

    def problem(self) -> str | None:
        """For readiness."""
        return f"{self.broken} stopped" if self.broken else None

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        if self._stopping:
            return
        self.broken = task.get_name()
        log.critical("loop.broken", loop=self.broken, exc_info=None if task.cancelled() else task.exception())
        os.kill(os.getpid(), signal.SIGTERM)


def run(name: str, settings_type: type[S], build: Callable[[S], Asgi], loops: Loops) -> int:
    """Run a service until it is told to stop. Returns the process's exit code: 0, or 1 when something broke.

    Wrong settings end it at once with one line each.
    """
    try:
        settings = settings_type()
    except ValidationError as invalid:
        print(f"{name}: wrong settings\n{settings_error(invalid)}", file=sys.stderr)  # noqa: T201 - before logging
        return 1
    configure(name, settings.log_level, settings.log_format)
    config = uvicorn.Config(
        build(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        # uvicorn would trust X-Forwarded-For from loopback.
        proxy_headers=False,
        server_header=False,
        # An open live stream would otherwise hold the shutdown for ever.
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started and loops.broken is None else 1
