"""The tools `files.*`: files in the run's own folder. No path, and no link, leads out of it.

Each step of a path is opened from the one before, and none of them may be a link: so what is checked is what is used,
also while a program of the agent's changes the folder.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field, JsonValue

from lamplighter_dispatcher.llm.data import RAW_LIMIT
from lamplighter_dispatcher.llm.tools import Answer, Form, Tool

LARGEST_WRITE = 1 << 20
MOST_WRITTEN = 64 << 20
"""Of all that one run writes."""
MOST_LISTED = 500
_DEEPEST = 32


class ReadForm(Form):
    path: str = Field(description="Relative to your folder.", max_length=1_000)
    offset: int = Field(default=0, ge=0, lt=1 << 62, description="Where to begin, in bytes.")


class ListForm(Form):
    path: str = Field(default=".", description="A folder, relative to yours.", max_length=1_000)


class WriteForm(Form):
    path: str = Field(description="Relative to your folder. Folders in between are made.", max_length=1_000)
    text: str = Field(description="All that the file is to hold.", max_length=LARGEST_WRITE)


class ReadFile(Tool[ReadForm]):
    name, form, alone = "files.read", ReadForm, False
    description = "Read a text file in your folder, 64 kB at a time."

    def __init__(self, home: Path) -> None:
        self._home = home

    def summary(self, arguments: ReadForm) -> str:
        return arguments.path

    async def call(self, arguments: ReadForm, state: JsonValue = None) -> Answer:
        try:
            with (
                _folder(self._home, steps := _steps(arguments.path)) as folder,
                _open(folder, steps[-1], os.O_RDONLY) as file,
            ):
                os.lseek(file, arguments.offset, os.SEEK_SET)
                content = os.read(file, RAW_LIMIT)
                size = os.fstat(file).st_size
        except (OSError, ValueError) as error:
            return Answer(_why(error), failed=True)
        return Answer(content.decode(errors="replace"), edge=arguments.offset + len(content) < size)


class ListFiles(Tool[ListForm]):
    name, form, alone = "files.list", ListForm, False
    description = "List a folder below yours: each name with its size; folders end with a slash."

    def __init__(self, home: Path) -> None:
        self._home = home

    def summary(self, arguments: ListForm) -> str:
        return arguments.path

    async def call(self, arguments: ListForm, state: JsonValue = None) -> Answer:
        try:
            steps = [] if arguments.path in (".", "", "./") else _steps(arguments.path)
            with _folder(self._home, [*steps, "."]) as folder:
                lines = sorted(_line(folder, name) for name in os.listdir(folder))  # noqa: PTH208 - an open folder has no path
        except (OSError, ValueError) as error:
            return Answer(_why(error), failed=True)
        rest = [f"[{len(lines) - MOST_LISTED:,} more]"] if len(lines) > MOST_LISTED else []
        return Answer("\n".join(lines[:MOST_LISTED] + rest) or "[nothing is in it]")


class WriteFile(Tool[WriteForm]):
    name, form = "files.write", WriteForm
    description = (
        "Write a text file in your folder, in the place of what is there. It is gone when the job is over."
    )

    def __init__(self, home: Path) -> None:
        self._home = home
        self._written = 0

    def summary(self, arguments: WriteForm) -> str:
        return f"{arguments.path} ({len(arguments.text):,} characters)"

    async def call(self, arguments: WriteForm, state: JsonValue = None) -> Answer:
        content = arguments.text.encode(errors="replace")
        if self._written + len(content) > MOST_WRITTEN:
            return Answer(f"no more than {MOST_WRITTEN >> 20} MB may be written in one run", failed=True)
        try:
            steps = _steps(arguments.path)
            with (
                _folder(self._home, steps, make=True) as folder,
                _open(folder, steps[-1], os.O_WRONLY | os.O_CREAT) as file,
            ):
                os.ftruncate(file, 0)
                _write_all(file, content)
        except (OSError, ValueError) as error:
            return Answer(_why(error), failed=True)
        self._written += len(content)
        return Answer(f"{len(content):,} bytes are written.")


def _steps(path: str) -> list[str]:
    """Raises `ValueError` where the path is none below the folder."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if path.startswith("/") or ".." in steps or "\0" in path:
        raise ValueError("a path is relative to your folder, and has no '..' in it")
    if not steps:
        raise ValueError("that is a folder")
    if len(steps) > _DEEPEST:
        raise ValueError(f"a path has at most {_DEEPEST} steps")
    return steps


@contextmanager
def _folder(home: Path, steps: list[str], *, make: bool = False) -> Iterator[int]:
    """The folder that the last step is in."""
    folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for step in steps[:-1]:
            if make:
                _make(folder, step)
            inner = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _make(folder: int, step: str) -> None:
    try:
        os.mkdir(step, 0o700, dir_fd=folder)
    except FileExistsError:
        return


@contextmanager
def _open(folder: int, name: str, flags: int) -> Iterator[int]:
    """A regular file, and no link to one. Non-blocking, since opening a pipe would wait for its other end."""
    file = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ValueError("that is not a file")
        yield file
    finally:
        os.close(file)


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _line(folder: int, name: str) -> str:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return name
    if stat.S_ISDIR(found.st_mode):
        return f"{name}/"
    return f"{name} ({found.st_size:,} bytes)" if stat.S_ISREG(found.st_mode) else f"{name} (not a file)"


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "it is a link, and links are not followed"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
