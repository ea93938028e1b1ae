"""The last resort: processes of an attempt whose launcher died before it could end them."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

from lamplighter_runtime.logs import get_logger

log = get_logger()

ROUNDS = 20


def kill_strays(marks: Iterable[bytes]) -> None:
    """Kill every process of ours that was started with all these variables. Blocks.

    Looks again until a round finds none: a process may have made another one meanwhile.
    """
    wanted, killed = set(marks), 0
    for _ in range(ROUNDS):
        found = [pid for pid in _processes() if wanted <= _environment(pid)]
        for pid in found:
            _kill(pid)
        killed += len(found)
        if not found:
            break
    if killed:
        log.warning("strays.killed", count=killed)


def _processes() -> Iterable[int]:
    own = os.getpid()
    return (
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != own
    )


def _environment(pid: int) -> set[bytes]:
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
