"""Child processes that are kept running: restarted with back-off when they crash, stopped all together."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Say = Callable[[str], None]

BACKOFF_SECONDS = (0.5, 1, 2, 5, 10, 30)
STEADY_SECONDS = 60
"""A child that ran for so long starts again with the shortest delay."""

STOP_SECONDS = 20
LOG_LIMIT = 10 << 20
PR_SET_PDEATHSIG = 1


class ChildFailed(RuntimeError):
    """A child could not do what the start depends on. The message has the end of its output."""


@dataclass(frozen=True)
class Launch:
    """A child process to be: its name in messages, its arguments, what it adds to the environment."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


class Children:
    """One tier of processes. All are stopped before the tier beneath them is."""

    def __init__(self, logs: Path, say: Say) -> None:
        self._logs = logs
        self._say = say
        self._keepers: list[asyncio.Task[None]] = []
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    async def start(self, launch: Launch) -> None:
        """Start it and keep it running. Raises `ChildFailed` when its program cannot be started at all."""
        process = await self._spawn(launch)
        self._keepers.append(asyncio.create_task(self._keep(launch, process), name=launch.name))

    async def run_once(self, launch: Launch) -> str:
        """Run it to its end and return its standard output. Raises `ChildFailed` unless it exits with 0."""
        process = await asyncio.create_subprocess_exec(
            *launch.arguments,
            env=_environment(launch),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise ChildFailed(f"{launch.name} failed: {_last_line(errors)}")
        return output.decode()

    async def stop(self) -> None:
        self._stopping.set()
        for process in self._running.values():
            _send(process, signal.SIGTERM)
        _, late = await asyncio.wait(self._keepers, timeout=STOP_SECONDS) if self._keepers else (set(), set())
        if late:
            for name, process in self._running.items():
                self._say(f"{name} does not stop: killed")
                _send(process, signal.SIGKILL)
            await asyncio.wait(late)

    async def _keep(self, launch: Launch, process: asyncio.subprocess.Process) -> None:
        failures, clock = 0, asyncio.get_running_loop().time
        while True:
            started = clock()
            code = await process.wait()
            self._running.pop(launch.name, None)
            failures = 1 if clock() - started > STEADY_SECONDS else failures + 1
            delay = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1]
            if not self._stopping.is_set():
                self._say(
                    f"{launch.name} ended ({_ending(code)}): starting again in {delay:g} s; log: {self._log(launch)}"
                )
            if await self._stopped_within(delay):
                return
            process = await self._spawn(launch)

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _spawn(self, launch: Launch) -> asyncio.subprocess.Process:
        path = self._log(launch)
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    *launch.arguments,
                    env=_environment(launch),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C on the terminal reaches this process alone, which then stops its children in order.
                    start_new_session=True,
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,
                )
            except OSError as error:
                raise ChildFailed(f"{launch.name} cannot be started: {error}") from error
        self._running[launch.name] = process
        return process

    def _log(self, launch: Launch) -> Path:
        return self._logs / f"{launch.name}.log"

    def tail(self, name: str) -> str:
        """The last line of a child's log."""
        path = self._logs / f"{name}.log"
        return _last_line(path.read_bytes()[-4_096:]) if path.exists() else ""


def _environment(launch: Launch) -> dict[str, str]:
    """This process's, without the token that only `lamp` itself needs: a command of an agent could read it there."""
    return {name: value for name, value in os.environ.items() if name != "LAMP_TOKEN"} | {
        **launch.environment
    }


_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent() -> None:
    """Should this process be killed, its children end too: nothing of them is left to hold a port."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
