"""Lines of an execution's log, each written once, to the stream that it came from."""

from collections.abc import Iterable, Mapping
from typing import Any

from lamplighter_cli.output import Output

Line = Mapping[str, Any]


class LogWriter:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._written: dict[int, int] = {}
        """The last line written of each attempt. A resumed stream may begin with lines that were there before."""

    def write(self, lines: Iterable[Line], attempt: int = 1) -> None:
        for line in self.fresh(lines, attempt):
            self._output.log(str(line.get("text", "")), error=line.get("stream") != "stdout")

    def fresh(self, lines: Iterable[Line], attempt: int = 1) -> list[Line]:
        """The lines that were not there before; they count as written from now on.

        They are of `attempt`, but for a line that names its own.
        """
        new = []
        for line in lines:
            of, number = int(line.get("attempt", attempt)), int(line["number"])
            if number > self._written.get(of, 0):
                self._written[of] = number
                new.append(line)
        return new
