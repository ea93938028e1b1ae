"""A command under its launcher, seen from the dispatcher: started, told to stop, and what it reports in the end."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lamplighter_contracts.runners import CommandLimits
from lamplighter_dispatcher.outcomes import Broken, Exited, Killed, NotStarted
from lamplighter_dispatcher.runners import launcher
from lamplighter_dispatcher.runners.sandbox import Sandbox

_MIB = 1 << 20
_REPORT_LIMIT = 1_024
_BEGUN = '"exit-code"'
"""What a sandbox reports of a command that it did start."""
FORGET_SECONDS = 1
_SIGNALLED = 128
"""Added by a sandbox to the number of the signal that ended its command, as a shell does."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be started, and how."""

    command: Sequence[str]
    limits: CommandLimits
    stdin: str
    environment: Mapping[str, str]
    home: Path
    grace_seconds: float
    sandbox: Sandbox | None = None

    def arguments(self, report: int, options: int) -> list[str]:
        command, kind = self.command, launcher.BARE
        if self.sandbox is not None:
            command, kind = self.sandbox.command(options, report, command), launcher.WRAPPED
        about = (str(os.getpid()), str(report), str(self.grace_seconds), kind)
        return [*launcher.ALONE, *about, *_limits(self.limits), *command]


class Launched:
    """One run of a command. `start`, then `ended`; `forget` in any case."""

    def __init__(self, process: subprocess.Popen[bytes], report: IO[bytes]) -> None:
        self._process = process
        self._report = report

    @classmethod
    def start(cls, launch: Launch, stdin: int | None = None) -> "Launched":
        """`stdin` is a descriptor to read from in the place of what the launch has. Raises `OSError` or `ValueError`
        where the system takes no such command or environment.

        Popen, and not asyncio's: without a preexec function it uses vfork, which takes 0.2 ms where uvloop's fork
        takes 2. It has to happen in the main thread: the kernel counts the death of the thread that started a
        process as the death of its parent.
        """
        environment, options = launch.environment, b""
        if launch.sandbox is not None:
            launch.sandbox.check(launch.command[0], environment)
            environment, options = launch.sandbox.outside(environment), launch.sandbox.options(environment)
        reader, writer = os.pipe()
        report = os.fdopen(reader, "rb", buffering=0)
        try:
            with (
                _file("stdin", launch.stdin.encode(errors="replace")) as text,
                _file("options", options) as given,
            ):
                process = subprocess.Popen(  # noqa: S603 - a list of arguments, never a shell
                    launch.arguments(writer, given),
                    env=environment,
                    cwd=launch.home,
                    stdin=text if stdin is None else stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    pass_fds=(writer, given) if launch.sandbox else (writer,),
                    start_new_session=True,
                )
        except (OSError, ValueError):
            report.close()
            raise
        finally:
            os.close(writer)
        return cls(process, report)

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def stderr(self) -> IO[bytes]:
        assert self._process.stderr is not None
        return self._process.stderr

    def terminate(self) -> None:
        """End the command and all its descendants, with the grace time."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End them at once."""
        self._process.send_signal(launcher.KILL)

    def kill_launcher(self) -> None:
        """The last resort: its command dies with it, other descendants are left."""
        self._process.kill()

    async def ended(self) -> str:
        """What the launcher says when it is done; empty where it was killed. It holds the pipe until it exits."""
        said = b""
        with reading(self._report) as report:
            while line := await report.read(_REPORT_LIMIT):
                said += line
        self._process.wait()
        return said.decode()

    def forget(self) -> None:
        """Where it has not ended, end it at once. Blocks for a moment, so that nothing of it is left after it."""
        if self._process.poll() is not None:
            return
        self.kill()
        try:
            self._process.wait(FORGET_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Pipe:
    """A pipe read without blocking.

    Not through the loop's pipe transports: uvloop's closes the descriptor twice, and the second time it may be
    another command's.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        os.set_blocking(pipe.fileno(), False)

    async def read(self, most: int) -> bytes:
        """Something, once there is; nothing at the end."""
        while True:
            try:
                return os.read(self._pipe.fileno(), most)
            except BlockingIOError:
                await self._readable()

    async def _readable(self) -> None:
        loop, descriptor = asyncio.get_running_loop(), self._pipe.fileno()
        readable = asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(descriptor)


@contextmanager
def reading(pipe: IO[bytes]) -> Iterator[Pipe]:
    """Closed afterwards, also while somebody still holds its other end."""
    try:
        yield Pipe(pipe)
    finally:
        pipe.close()


@contextmanager
def _file(name: str, content: bytes) -> Iterator[int]:
    """In memory, and never on a disk."""
    descriptor = os.memfd_create(name)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def how_it_ended(
    said: str, command: str, result: str, *, sandboxed: bool
) -> Exited | Killed | NotStarted | Broken:
    """From what `ended` gave."""
    lines = said.splitlines()
    for line in lines:
        match line.split(" "):
            case ["cannot", number]:
                return NotStarted(f"{command!r}: {os.strerror(int(number))}")
            case ["exited", "1"] if sandboxed and _BEGUN not in said:
                return NotStarted(f"{command!r} does not start in its sandbox; the log says why")
            case ["exited", code] if sandboxed and int(code) - _SIGNALLED in signal.valid_signals():
                return Killed(int(code) - _SIGNALLED, result)
            case ["exited", code]:
                return Exited(int(code), result)
            case ["killed", number]:
                return Killed(int(number), result)
    return Broken("the process that watches over the command was killed")


def _limits(limits: CommandLimits) -> list[str]:
    """In the launcher's order."""
    values = (
        limits.cpu_seconds,
        limits.file_size_mb and limits.file_size_mb * _MIB,
        limits.open_files,
        limits.memory_mb and limits.memory_mb * _MIB,
    )
    return ["-" if value is None else str(value) for value in values]
