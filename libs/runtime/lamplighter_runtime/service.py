"""The process around a service: its loops run until SIGTERM, and a loop that breaks ends the process."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import uvicorn
from pydantic import ValidationError

from lamplighter_runtime.heads import BoundedHeads
from lamplighter_runtime.logs import configure, get_logger
from lamplighter_runtime.secrecy import close_to_others
from lamplighter_runtime.settings import ServiceSettings, settings_error
from lamplighter_runtime.tasks import end

log = get_logger()

S = TypeVar("S", bound=ServiceSettings)
Asgi = Callable[..., Awaitable[None]]


class Loops:
    """The endless tasks of a service. One that ends by itself takes the process down: half a service is worse
    than none, and whoever started the process starts it again."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._told: set[asyncio.Task[Any]] = set()
        self.broken: str | None = None
        """The loop that ended by itself."""
        self.leaving = asyncio.Event()
        """Set when the process was told to stop: whoever holds a connection open lets it go."""

    def start(self, name: str, loop: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._on_end)
        self._tasks.add(task)

    async def stop(self) -> None:
        """Cancel all and wait."""
        await self.stop_some([task.get_name() for task in self._tasks])

    async def stop_some(self, names: Collection[str]) -> None:
        """As `stop`, for the loops of these names: what they feed comes to its end before the rest does."""
        told = {task for task in self._tasks if task.get_name() in names}
        self._told |= told
        await end(told)

    def problem(self) -> str | None:
        """For readiness."""
        return f"{self.broken} stopped" if self.broken else None

    def _on_end(self, task: asyncio.Task[Any]) -> None:
        if task in self._told:
            return
        self.broken = task.get_name()
        log.critical("loop.broken", loop=self.broken, exc_info=None if task.cancelled() else task.exception())
        os.kill(os.getpid(), signal.SIGTERM)


class Server(uvicorn.Server):
    """uvicorn, which tells the loops that it is leaving before it waits for its connections."""

    def __init__(self, config: uvicorn.Config, loops: Loops) -> None:
        super().__init__(config)
        self._loops = loops

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._loops.leaving.set()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal that was obeyed is done with: raised again, as uvicorn does, it would hide the exit code."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def run(name: str, settings_type: type[S], build: Callable[[S], Asgi], loops: Loops) -> int:
    """Run a service until it is told to stop. Returns the process's exit code: 0, or 1 when something broke.

    Wrong settings end it at once with one line each.
    """
    close_to_others()
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
        # On httptools: uvicorn's own parser takes twice the time for a request.
        http=BoundedHeads,
        lifespan="on",
        log_config=None,
        access_log=False,
        # uvicorn would trust X-Forwarded-For from loopback.
        proxy_headers=False,
        server_header=False,
        # An open live stream would otherwise hold the shutdown for ever.
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    # Batches are thousands of objects at a time and hold no cycles: looking for some takes an eighth of the work.
    gc.set_threshold(50_000, 20, 50)
    server = Server(config, loops)
    with suppress(SystemExit):  # uvicorn's own way out, where the start failed
        server.run()
    return 0 if server.started and loops.broken is None else 1
