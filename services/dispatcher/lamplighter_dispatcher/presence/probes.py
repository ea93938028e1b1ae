"""One look at an environment: a command that ends well, or an address that answers with a 2xx."""

import asyncio
import os
from collections.abc import Mapping
from typing import IO

import httpx2

from lamplighter_contracts.environments import CommandCheck, Environment, UrlCheck
from lamplighter_contracts.runners import CommandLimits
from lamplighter_dispatcher.outcomes import Broken, Exited, Killed, NotStarted
from lamplighter_dispatcher.runners import sandbox
from lamplighter_dispatcher.runners.folders import Folder, Folders
from lamplighter_dispatcher.runners.launched import Launch, Launched, how_it_ended, reading
from lamplighter_dispatcher.runners.sandbox import Sandbox
from lamplighter_dispatcher.runners.strays import kill_strays
from lamplighter_dispatcher.runners.variables import marks
from lamplighter_outbound import Guard, NotAllowed, guarded_client

OUTPUT_KEPT = 8 * 1024
"""Bytes of what a command says, the last ones: its reason is the last line."""
GRACE_SECONDS = 1.0
DRAIN_SECONDS = 2.0
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class CommandProbe:
    """Runs as the commands of agents do: in a folder of its own, in a sandbox where one works. It is given the
    environment's variables, and no secret."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._wrapper = sandbox.program()

    async def why_not(self, check: CommandCheck, environment: Environment) -> str:
        """A sentence; empty where it is ready."""
        if self._wrapper is None and not environment.network.internet:
            return "Its check may have no network, which takes a sandbox, and none works on this machine."
        try:
            folder = self._folders.make()
        except OSError as error:
            return f"There is no folder for its check to run in: {error.strerror}."
        try:
            return await self._run(folder, check, environment)
        finally:
            await asyncio.to_thread(folder.remove)

    async def _run(self, folder: Folder, check: CommandCheck, environment: Environment) -> str:
        wrapped = self._wrapper and Sandbox(
            self._wrapper, folder, self._folders.root, environment.network.internet, check.command
        )
        launch = Launch(
            check.command,
            CommandLimits(),
            "",
            _variables(folder, environment),
            folder.home,
            GRACE_SECONDS,
            wrapped or None,
        )
        try:
            launched = Launched.start(launch)
        except (OSError, ValueError) as error:
            detail = getattr(error, "strerror", None) or str(error)
            return f"Its check {check.command[0]!r} could not be started: {detail}."
        said = _Tail()
        pumps = asyncio.gather(said.read(launched.stdout), said.read(launched.stderr))
        try:
            told = await asyncio.wait_for(launched.ended(), check.timeout_seconds)
            await asyncio.wait([pumps], timeout=DRAIN_SECONDS)
        except TimeoutError:
            return f"Its check {check.command[0]!r} took longer than {check.timeout_seconds} seconds."
        finally:
            launched.forget()
            pumps.cancel()
            await asyncio.gather(pumps, return_exceptions=True)
        if not told:
            await asyncio.to_thread(kill_strays, marks(launch.environment))
        return _verdict(told, check.command[0], said.last_line, sandboxed=launch.sandbox is not None)


class UrlProbe:
    async def why_not(self, check: UrlCheck, environment: Environment) -> str:
        """A sentence; empty where it is ready. Nothing of the answer is read but its status."""
        try:
            async with (
                asyncio.timeout(check.timeout_seconds),
                guarded_client(Guard(environment.network), timeout=check.timeout_seconds) as client,
                client.stream("GET", check.url) as response,
            ):
                status = response.status_code
        except NotAllowed as refused:
            return str(refused)
        except (TimeoutError, httpx2.TimeoutException):
            return f"{check.url} gave no answer within {check.timeout_seconds} seconds."
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return f"{check.url} could not be reached: {error or repr(error)}."
        return "" if 200 <= status < 300 else f"{check.url} answered with the status {status}."


class _Tail:
    """The end of what a command says, on both pipes as it comes."""

    def __init__(self) -> None:
        self._kept = b""

    async def read(self, pipe: IO[bytes]) -> None:
        with reading(pipe) as reader:
            while chunk := await reader.read(OUTPUT_KEPT):
                self._kept = (self._kept + chunk)[-OUTPUT_KEPT:]

    @property
    def last_line(self) -> str:
        lines = self._kept.decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""


def _variables(folder: Folder, environment: Environment) -> Mapping[str, str]:
    """The last ones say whose processes these are, should any be left over."""
    return {
        "PATH": os.environ.get("PATH", DEFAULT_PATH),
        "HOME": str(folder.home),
        "PWD": str(folder.home),
        "TMPDIR": str(folder.temporary),
        "LANG": "C.UTF-8",
        **environment.variables,
        "LAMP_EXECUTION_ID": f"check-{folder.path.parent.name}-{folder.path.name}",
        "LAMP_ATTEMPT": "0",
    }


def _verdict(told: str, command: str, last_line: str, *, sandboxed: bool) -> str:
    match how_it_ended(told, command, "", sandboxed=sandboxed):
        case Exited(0):
            return ""
        case Exited(code):
            return last_line or f"Its check {command!r} ended with exit code {code}."
        case Killed(number):
            return f"Its check {command!r} was ended by signal {number}."
        case NotStarted(detail):
            return f"Its check could not be started: {detail}."
        case Broken(detail):
            return f"Its check could not be made: {detail}."
