"""Work of which nobody could tell beforehand how long it takes, done by a process of its own, which has a bound."""

import asyncio
import os
import resource
import sys
from dataclasses import dataclass, field

from lamplighter_runtime.logs import get_logger

log = get_logger()

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
    for kind, most in ((resource.RLIMIT_CPU, cpu_seconds), (resource.RLIMIT_AS, memory_bytes)):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
