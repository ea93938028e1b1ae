"""Work of which nobody could tell beforehand how long it takes, done by a process of its own, which has a bound."""

import asyncio
import math
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from lamplighter_runtime.logs import get_logger

log = get_logger()

_LENGTH = 8
"""Bytes of the length before each part of what is said to a standing module, and by it."""
_KEPT = frozenset({"PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZDIR"})
"""What the process has of our environment: nothing that is secret."""


@dataclass
class Worker:
    """A module that reads standard input and writes standard output. At most `at_once` of it run at a time."""

    module: str
    seconds: float
    at_once: int = 1
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def ask(self, body: bytes, *arguments: str) -> bytes | None:
        """What it answers; None where it took too long, too much memory, or broke."""
        async with self._turns:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", self.module, *arguments),
                env={name: value for name, value in os.environ.items() if name in _KEPT},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(self.seconds):
                    said, complaints = await process.communicate(body)
            except TimeoutError:
                return None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            last = complaints.decode(errors="replace")[-500:]
            log.warning("worker.broke", module=self.module, code=process.returncode, error=last)
            return None
        return said


def bound_this_process(cpu_seconds: int, memory_bytes: int) -> None:
    """For the module itself, before it reads anything."""
    _bound(resource.RLIMIT_CPU, cpu_seconds)
    bound_memory(memory_bytes)


class Exhausted(Exception):
    """The process took more time or memory for this than it may have."""


_OF_ITS_OWN_DOING = frozenset({1, -signal.SIGXCPU, -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS})
"""How a process ends that ran into its bounds. Whoever kills it from outside leaves another mark."""


@dataclass
class Standing:
    """A module that answers one request after the other, until this process ends: for what is asked so often that a
    process for each would be too much. At most `at_once` of it are there, none before something is asked."""

    module: str
    seconds: float
    at_once: int = 1
    _idle: list[asyncio.subprocess.Process] = field(init=False, default_factory=list)
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def ask(self, *parts: bytes) -> bytes:
        """What it answers. Raises `Exhausted`, `TimeoutError`."""
        async with self._turns:
            process = self._idle.pop() if self._idle else await self._start()
            whole = False
            try:
                async with asyncio.timeout(self.seconds):
                    said = await _exchange(process, parts)
                    whole = True
                    return said
            except (asyncio.IncompleteReadError, ConnectionError) as ended:
                code = await process.wait()
                log.warning("worker.broke", module=self.module, code=code)
                if code in _OF_ITS_OWN_DOING:
                    raise Exhausted from ended
                raise TimeoutError(f"{self.module} was ended") from ended
            finally:
                if whole:
                    self._idle.append(process)
                else:
                    # What it might still say is no answer to what is asked next.
                    await _end(process)

    async def close(self) -> None:
        while self._idle:
            await _end(self._idle.pop())

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", self.module),
            env={name: value for name, value in os.environ.items() if name in _KEPT},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )


async def _exchange(process: asyncio.subprocess.Process, parts: Sequence[bytes]) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(parts).to_bytes(_LENGTH, "big"))
    for part in parts:
        process.stdin.write(len(part).to_bytes(_LENGTH, "big"))
        process.stdin.write(part)
    await process.stdin.drain()
    return await process.stdout.readexactly(int.from_bytes(await process.stdout.readexactly(_LENGTH), "big"))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


def requests(source: BinaryIO, sink: BinaryIO) -> Iterator[tuple[list[bytes], Callable[[bytes], None]]]:
    """For a standing module: what it is asked, in its parts, and how to answer; until nobody asks any more."""

    def answer(said: bytes) -> None:
        sink.write(len(said).to_bytes(_LENGTH, "big") + said)
        sink.flush()

    while count := source.read(_LENGTH):
        sizes = range(int.from_bytes(count, "big"))
        yield [source.read(int.from_bytes(source.read(_LENGTH), "big")) for _ in sizes], answer


def bound_memory(memory_bytes: int) -> None:
    _bound(resource.RLIMIT_AS, memory_bytes)


def bound_cpu_from_now(seconds: int) -> None:
    """For a standing module, before each request."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _bound(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + seconds, hard=False)


def _bound(kind: int, most: int, *, hard: bool = True) -> None:
    _, present = resource.getrlimit(kind)
    bound = most if present == resource.RLIM_INFINITY else min(most, present)
    resource.setrlimit(kind, (bound, bound if hard else present))
