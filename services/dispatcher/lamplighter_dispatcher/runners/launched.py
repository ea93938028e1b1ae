"""A command under its launcher, seen from the dispatcher: started, told to stop, and what it reports in the end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lamplighter_contracts.agents import CommandLimits
from lamplighter_dispatcher.runners import launcher

_LAUNCHER = (sys.executable, "-I", "-S", str(Path(launcher.__file__)))
_MIB = 1 << 20
_REPORT_LIMIT = 1_024


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be started, and how."""

    command: Sequence[str]
    limits: CommandLimits
    prompt: str
    environment: Mapping[str, str]
    home: Path
    grace_seconds: float

    def arguments(self, report: int) -> list[str]:
        return [
            *_LAUNCHER,
            str(os.getpid()),
            str(report),
            str(self.grace_seconds),
            *_limits(self.limits),
            *self.command,
        ]


class Launched:
    """One run of a command. `start`, then `ended`; `forget` in any case."""

    def __init__(self, process: subprocess.Popen[bytes], report: IO[bytes]) -> None:
        self._process = process
        self._report = report

    @classmethod
    def start(cls, launch: Launch) -> "Launched":
        """Raises `OSError` or `ValueError` where the system takes no such command or environment.

        Popen, and not asyncio's: without a preexec function it uses vfork, which takes 0.2 ms where uvloop's fork
        takes 2. It has to happen in the main thread: the kernel counts the death of the thread that started a
        process as the death of its parent.
        """
        reader, writer = os.pipe()
        report = os.fdopen(reader, "rb", buffering=0)
        stdin = os.memfd_create("prompt")
        try:
            os.write(stdin, launch.prompt.encode(errors="replace"))
            os.lseek(stdin, 0, os.SEEK_SET)
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, never a shell
                launch.arguments(writer),
                env=launch.environment,
                cwd=launch.home,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(writer,),
                start_new_session=True,
            )
        except (OSError, ValueError):
            report.close()
            raise
        finally:
            os.close(writer)
            os.close(stdin)
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
        if self._process.poll() is None:
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


def _limits(limits: CommandLimits) -> list[str]:
    """In the launcher's order."""
    values = (
        limits.cpu_seconds,
        limits.file_size_mb and limits.file_size_mb * _MIB,
        limits.open_files,
        limits.memory_mb and limits.memory_mb * _MIB,
    )
    return ["-" if value is None else str(value) for value in values]
