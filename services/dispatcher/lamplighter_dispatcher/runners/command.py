"""Runs a program on this machine, without a shell, in a folder and an environment of its own."""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import IO, Any

from lamplighter_contracts import agents
from lamplighter_contracts.events import LogStream
from lamplighter_dispatcher.outcomes import Broken, Ended, Exited, Killed, NotStarted
from lamplighter_dispatcher.runners.contract import Output, Work
from lamplighter_dispatcher.runners.folders import Folder, Folders
from lamplighter_dispatcher.runners.launched import Launch, Launched, reading
from lamplighter_dispatcher.runners.strays import kill_strays
from lamplighter_dispatcher.runners.variables import environment, marks, payload_json
from lamplighter_dispatcher.stops import Stop

CHUNK = 32 * 1024
PATIENCE_SECONDS = 5
"""How much longer than the grace time the launcher may take before it is killed itself."""
DRAIN_SECONDS = 15
"""How long the last output may take into the log when the command is over."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class CommandRunner:
    def __init__(self, folders: Folders, grace_seconds: float) -> None:
        self._folders = folders
        self._grace_seconds = grace_seconds

    async def run(self, specification: agents.CommandRunner, work: Work, output: Output, stop: Stop) -> Ended:
        try:
            folder = self._folders.make()
        except OSError as error:
            return NotStarted(f"no folder to work in: {error.strerror}")
        try:
            return await self._run_in(folder, specification, work, output, stop)
        finally:
            await asyncio.to_thread(folder.remove)

    async def _run_in(
        self, folder: Folder, specification: agents.CommandRunner, work: Work, output: Output, stop: Stop
    ) -> Ended:
        path = os.environ.get("PATH", DEFAULT_PATH)
        try:
            given = environment(work, path, folder.home, folder.temporary, _payload(folder, work))
            launched = Launched.start(
                Launch(
                    specification.command,
                    specification.limits,
                    work.prompt,
                    given,
                    folder.home,
                    self._grace_seconds,
                )
            )
        except (OSError, ValueError) as error:
            return NotStarted(getattr(error, "strerror", None) or str(error))
        pumps = asyncio.gather(
            _pump(launched.stdout, LogStream.STDOUT, output), _pump(launched.stderr, LogStream.STDERR, output)
        )
        try:
            said = await self._end(launched, stop)
            if not said:
                await asyncio.to_thread(kill_strays, marks(given))
            await asyncio.wait([pumps], timeout=DRAIN_SECONDS)
        finally:
            launched.forget()
            pumps.cancel()
            await asyncio.wait([pumps])
        return _ended(said, specification.command[0], output.result)

    async def _end(self, launched: Launched, stop: Stop) -> str:
        """What the launcher reports, after it was told of any wish to stop."""
        ended = asyncio.create_task(launched.ended())
        if not await _first(ended, stop.requested()):
            launched.terminate()
            if not await _first(ended, stop.at_once(), self._grace_seconds + PATIENCE_SECONDS):
                launched.kill()
                if not await _first(ended, asyncio.Event().wait(), PATIENCE_SECONDS):
                    launched.kill_launcher()
        return await ended


async def _first(
    task: asyncio.Task[str], other: Coroutine[Any, Any, object], timeout: float | None = None
) -> bool:
    """Whether the task ends before `other` does, and before the timeout."""
    watch = asyncio.create_task(other)
    await asyncio.wait([task, watch], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    watch.cancel()
    return task.done()


async def _pump(pipe: IO[bytes], stream: LogStream, output: Output) -> None:
    with reading(pipe) as reader:
        while chunk := await reader.read(CHUNK):
            await output.write(stream, chunk)


def _payload(folder: Folder, work: Work) -> Path | None:
    if work.payload is None:
        return None
    path = folder.home / "payload.json"
    path.write_text(payload_json(work), encoding="utf-8", errors="replace")
    return path


def _ended(said: str, command: str, result: str) -> Ended:
    match said.split("\n")[0].split(" "):
        case ["exited", code]:
            return Exited(int(code), result)
        case ["killed", number]:
            return Killed(int(number), result)
        case ["cannot", number]:
            return NotStarted(f"{command!r}: {os.strerror(int(number))}")
        case _:
            return Broken("the process that watches over the command was killed")
