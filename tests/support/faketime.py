"""A wall clock for a child process, which the test sets while the process runs: libfaketime, preloaded."""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_LIBRARY = Path("vendor", "libfaketime", "src", "libfaketime.so.1")
_PROBE = "import time; print(time.time())"


class WallClock:
    """Give a process `environment`. The steady clock, which no jump moves, is left as it is."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "wall-clock"
        self.jump("+0")
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # The file would be read again every ten seconds only.
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, offset: str) -> None:
        """To so far from the real time: `+3d`, `-1h`, `+5`."""
        written = self._file.with_suffix(".new")
        written.write_text(f"{offset}\n")
        written.replace(self._file)


@cache
def unavailable() -> str:
    """Why no process can be given a wall clock here; empty where it can."""
    if find_spec("libfaketime") is None:
        return "libfaketime is not installed"
    if not sys.platform.startswith("linux"):
        return "libfaketime is preloaded on Linux only"
    asked = {**os.environ, "LD_PRELOAD": str(_library()), "FAKETIME": "@2001-02-03 04:05:06", "TZ": "UTC"}
    probe = subprocess.run(
        (sys.executable, "-c", _PROBE), env=asked, capture_output=True, text=True, check=False
    )
    faked = probe.stdout.startswith("98117")
    return "" if faked else f"libfaketime cannot be preloaded: {probe.stderr.strip()[:300]}"


def _library() -> Path:
    package = find_spec("libfaketime")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / _LIBRARY
