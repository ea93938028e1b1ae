"""A fresh folder for each run of a command. What a dispatcher that died left behind goes when the next one starts."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

from lamplighter_runtime.logs import get_logger

log = get_logger()

_LOCK = "in-use"


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path
    hidden: tuple[Path, ...] = ()
    """What nobody who works in it is to see."""

    @property
    def home(self) -> Path:
        """Where the command starts, and its HOME."""
        return self.path / "home"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    def remove(self) -> None:
        """Blocks; there may be a lot in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            # A folder that its owner made read-only keeps what is in it.
            for folder in [self.path, *_folders(self.path)]:
                folder.chmod(0o700)
            shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            log.warning("folder.not_removed", path=str(self.path))


class Folders:
    """The folders of one dispatcher, under `root/<worker>`. A lock on a file there says that it lives."""

    def __init__(self, root: Path, worker: str, *, hidden: tuple[Path, ...] = ()) -> None:
        self.root = root
        self._hidden = hidden
        self._own = root / worker
        self._numbers = count(1)

    def open(self) -> None:
        """Make the place and clear away what the dead have left. Blocks. Raises `OSError`."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.root.stat().st_uid not in (0, os.getuid()):
            raise PermissionError(
                f"{self.root} belongs to somebody else: set LAMPLIGHTER_WORK_DIR to a folder of your own"
            )
        self._own.mkdir(mode=0o700)
        self._lock = (self._own / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        _sweep(self.root)

    def make(self) -> Folder:
        """Raises `OSError`."""
        folder = Folder(self._own / str(next(self._numbers)), self._hidden)
        folder.home.mkdir(mode=0o700, parents=True)
        folder.temporary.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        shutil.rmtree(self._own, ignore_errors=True)
        self._lock.close()


def _sweep(root: Path) -> None:
    for lock in root.glob(f"*/{_LOCK}"):
        with _taken(lock) as taken:
            if taken:
                Folder(lock.parent).remove()
                log.info("folder.swept", path=str(lock.parent))


@contextmanager
def _taken(lock: Path) -> Iterator[IO[str] | None]:
    """The lock, if nobody holds it."""
    try:
        with lock.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield handle
    except OSError:
        yield None


def _folders(path: Path) -> Iterator[Path]:
    """Those inside, outermost first, each made accessible before it is looked into."""
    for inner in path.iterdir():
        if inner.is_dir() and not inner.is_symlink():
            inner.chmod(0o700)
            yield inner
            yield from _folders(inner)
