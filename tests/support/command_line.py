"""`lamp` inside the test's own process: streams, environment and clock are the test's."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from lamplighter_cli import app
from lamplighter_cli.context import Lamp
from tests.support.scripted.gateway import NOW, TOKEN


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, text: str = "", terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal
        self._buffer = io.BytesIO()

    @property
    def buffer(self) -> io.BytesIO:
        """For what is written as bytes."""
        return self._buffer

    def isatty(self) -> bool:
        return self.terminal


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str
    raw: bytes = b""
    """What was written as bytes."""


@dataclass
class CommandLine:
    """Runs `lamp` against a gateway. `pauses` are the seconds that it waited, without waiting."""

    url: str
    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    pauses: list[float] = field(default_factory=list)
    zone: tzinfo = UTC
    typed: str = ""
    """What somebody types where it is not shown."""
    asked: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, stdin: str = "", terminal: bool = False) -> Ran:
        out, err = Screen(terminal=terminal), Screen(terminal=terminal)
        environment = {
            "LAMP_URL": self.url,
            "LAMP_TOKEN": TOKEN,
            "LAMP_DATA": str(self.data),
            **self.environment,
        }
        lamp = Lamp(
            *(environment, Screen(stdin, terminal), out, err),
            *(self._now, self.pauses.append, self.zone, self._hidden),
        )
        code = app.run(arguments, lamp)
        return Ran(code, out.getvalue(), err.getvalue(), out.buffer.getvalue())

    def _now(self) -> datetime:
        return NOW

    def _hidden(self, question: str) -> str:
        self.asked.append(question)
        return self.typed
