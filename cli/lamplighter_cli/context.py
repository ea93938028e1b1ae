"""What a command works with: streams, environment, clock, and from them the client and the output.

All of it is given from outside, so that a test can give something else.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from lamplighter_cli import connection
from lamplighter_cli.exits import LampError
from lamplighter_cli.output import Format, Output
from lamplighter_cli.times import Clock

if TYPE_CHECKING:
    from lamplighter_cli.client import Client


@dataclass
class Lamp:
    environment: Mapping[str, str]
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    zone: tzinfo | None = None
    hidden: Callable[[str], str] = getpass
    """Asks for what must not be shown, on the terminal itself."""
    # These three are set by the options that every command takes.
    form: Format = Format.TABLE
    url: str | None = None
    token_file: Path | None = None

    @cached_property
    def client(self) -> "Client":
        # Loaded only when there is something to ask: help does without.
        from lamplighter_cli.client import Client

        return Client(connection.choose(self.environment, self.url, self.token_file))

    @cached_property
    def output(self) -> Output:
        terminal = self.stdout.isatty()
        return Output(
            (self.stdout, self.stderr),
            Clock(self.now(), self.zone, hints=terminal),
            self.form,
            colour=terminal
            and not self.environment.get("NO_COLOR")
            and self.environment.get("TERM") != "dumb",
            columns=shutil.get_terminal_size().columns if terminal else None,
        )

    def project(self, given: str | None, written: str | None = None) -> str | None:
        """The project to speak of: as given, else as it is `written` in a file, else LAMP_PROJECT's. An empty one is
        none."""
        return (given if given is not None else written or self.environment.get("LAMP_PROJECT")) or None

    @property
    def attended(self) -> bool:
        """Whether there is somebody to ask."""
        return self.stdin.isatty() and self.stdout.isatty()

    def confirm(self, question: str, yes: bool, refused: str = "nothing was deleted") -> None:
        """Ask before what cannot be undone, where there is somebody to ask. Raises `LampError` on a no."""
        if yes or not self.attended:
            return
        self.stderr.write(f"{question} [y/N] ")
        self.stderr.flush()
        if self.stdin.readline().strip().lower() not in ("y", "yes"):
            raise LampError(refused)


def of(ctx: typer.Context) -> Lamp:
    assert isinstance(ctx.obj, Lamp)
    return ctx.obj


def of_process() -> Lamp:
    """The real thing."""
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot show a character must not end the command.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    return Lamp(os.environ, sys.stdin, sys.stdout, sys.stderr, lambda: datetime.now(UTC), time.sleep)
