"""Runs a program on this machine, without a shell, in a folder, an environment and if possible a sandbox of its own."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from lamplighter_contracts import runners
from lamplighter_dispatcher.outcomes import Ended, NotStarted
from lamplighter_dispatcher.runners import sandbox
from lamplighter_dispatcher.runners.contract import Outfit, Session, Work
from lamplighter_dispatcher.runners.folders import Folder
from lamplighter_dispatcher.runners.hearing import Ear
from lamplighter_dispatcher.runners.launched import Launch, Launched, how_it_ended
from lamplighter_dispatcher.runners.prompting import prompting
from lamplighter_dispatcher.runners.sandbox import Sandbox
from lamplighter_dispatcher.runners.strays import kill_strays
from lamplighter_dispatcher.runners.variables import done_lines, environment, marks, payload_json
from lamplighter_dispatcher.stops import Stop

PATIENCE_SECONDS = 5
"""How much longer than the grace time the launcher may take before it is killed itself."""
DRAIN_SECONDS = 15
"""How long the last output may take into the log when the command is over."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class CommandRunner:
    def __init__(self, outfit: Outfit) -> None:
        self._folders = outfit.folders
        self._grace_seconds = outfit.grace_seconds
        # Here, so that the first command does not wait for the trial.
        self._wrapper = sandbox.program()

    async def run(
        self, specification: runners.CommandRunner, work: Work, session: Session, stop: Stop
    ) -> Ended:
        refusal = unsafe(
            specification.sandbox, internet=work.network.internet, works=self._wrapper is not None
        )
        if refusal:
            return NotStarted(refusal)
        try:
            folder = self._folders.make()
        except OSError as error:
            return NotStarted(f"no folder to work in: {error.strerror}")
        try:
            return await self._run_in(folder, specification, work, session, stop)
        finally:
            await asyncio.to_thread(folder.remove)

    async def _run_in(
        self, folder: Folder, specification: runners.CommandRunner, work: Work, session: Session, stop: Stop
    ) -> Ended:
        try:
            launch = self._launch(folder, specification, work)
            if isinstance(launch, NotStarted):
                return launch
            launched = Launched.start(launch)
        except (OSError, ValueError) as error:
            return NotStarted(getattr(error, "strerror", None) or str(error))
        ear = Ear(session)
        pumps = asyncio.gather(ear.stdout(launched.stdout), ear.stderr(launched.stderr))
        try:
            said = await self._end(launched, stop, ear)
            if not said:
                await asyncio.to_thread(kill_strays, marks(launch.environment))
            await asyncio.wait([pumps], timeout=DRAIN_SECONDS)
        finally:
            launched.forget()
            pumps.cancel()
            await asyncio.wait([pumps])
        with suppress(asyncio.CancelledError):
            pumps.result()
        ended = how_it_ended(said, launch.command[0], session.result, sandboxed=launch.sandbox is not None)
        return await ear.close(ended)

    def _launch(
        self, folder: Folder, specification: runners.CommandRunner, work: Work
    ) -> Launch | NotStarted:
        given = prompting(specification.command, work.prompt, folder.home / "prompt.txt")
        if isinstance(given, NotStarted):
            return given
        path = os.environ.get("PATH", DEFAULT_PATH)
        _file(folder, "prompt.txt", given.file)
        payload = _file(folder, "payload.json", None if work.payload is None else payload_json(work))
        done = _file(folder, "done.jsonl", done_lines(work) or None)
        return Launch(
            given.command,
            specification.limits,
            given.stdin,
            environment(work, path, folder.home, folder.temporary, payload, done),
            folder.home,
            self._grace_seconds,
            None if specification.sandbox == "off" else self._sandbox(folder, work, specification.command),
        )

    def _sandbox(self, folder: Folder, work: Work, named: Sequence[str]) -> Sandbox | None:
        if self._wrapper is None:
            return None
        return Sandbox(self._wrapper, folder, self._folders.root, work.network.internet, named)

    async def _end(self, launched: Launched, stop: Stop, ear: Ear) -> str:
        """What the launcher reports, after it was told of any wish to stop."""
        ended = asyncio.create_task(launched.ended())
        if not await _first(ended, stop.requested(), ear.enough.wait()):
            launched.terminate()
            if not await _first(ended, stop.at_once(), timeout=self._grace_seconds + PATIENCE_SECONDS):
                launched.kill()
                if not await _first(ended, timeout=PATIENCE_SECONDS):
                    launched.kill_launcher()
        return await ended


def unsafe(wish: Literal["auto", "required", "off"], *, internet: bool, works: bool) -> str:
    """Why a command must not run here; empty where it may."""
    if wish == "required" and not works:
        return "it needs a sandbox, and none works on this machine"
    if internet or (works and wish != "off"):
        return ""
    why = "its agent has it off" if wish == "off" else "none works on this machine"
    return f"its environment leaves it no network, which takes a sandbox, and {why}"


async def _first(
    task: asyncio.Task[str], *others: Coroutine[Any, Any, object], timeout: float | None = None
) -> bool:
    """Whether the task ends before any of the others does, and before the timeout."""
    watches = [asyncio.create_task(other) for other in others]
    await asyncio.wait([task, *watches], timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for watch in watches:
        watch.cancel()
    return task.done()


def _file(folder: Folder, name: str, content: str | None) -> Path | None:
    if content is None:
        return None
    path = folder.home / name
    path.write_text(content, encoding="utf-8", errors="replace")
    return path
