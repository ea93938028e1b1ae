"""Answers on the screen or in a pipe: a table or a sheet for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO

from lamplighter_cli.terminal import BOLD, DIM, STATUS_STYLES, clean, fit, safe_json, styled, width
from lamplighter_cli.times import Clock

Record = Mapping[str, Any]
Sheet = Iterable[tuple[str, object]]
"""Labels and values. None is left out; a list is a line each."""

GAP = "   "
NARROWEST = 12


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """`read` finds the cell in a record; None shows as a dash. `flexible` gives way on a narrow screen."""

    title: str
    read: Callable[[Record, Clock], object]
    flexible: bool = False
    status: bool = False


class Output:
    """`width` and `colour` are those of a terminal; a pipe has neither, so that its text is always the same."""

    def __init__(
        self,
        streams: tuple[TextIO, TextIO],
        clock: Clock,
        form: Format = Format.TABLE,
        colour: bool = False,
        columns: int | None = None,
    ) -> None:
        self._out, self._err = streams
        self.clock, self._columns, self._colour = clock, columns, colour
        self.is_json = form is Format.JSON

    def records(self, rows: Sequence[Record], columns: Sequence[Column], empty: str) -> None:
        """A list: `empty` tells a person that there is nothing, a program gets `[]`."""
        if self.is_json:
            self.json(rows)
        elif rows:
            self.table(rows, columns)
        else:
            self.note(empty)

    def record(self, document: Record, sheet: Callable[[Record, Clock], Sheet], heading: str = "") -> None:
        """One thing: a heading that says what was done to it, and its sheet."""
        if self.is_json:
            self.json(document)
            return
        if heading:
            self.line(heading)
            self.line()
        self.sheet(sheet(document, self.clock))

    def first(self, rows: Sequence[Record], columns: Sequence[Column], most: int, total: int = 0) -> None:
        """A table of the first `most`, and how many more there are of `total`, or else of these."""
        if not rows:
            return
        self.table(rows[:most], columns)
        if (more := max(total, len(rows)) - most) > 0:
            self.line(f"... and {more} more")

    def done(self, document: Record, sentence: str) -> None:
        """What was done, in a sentence, where the answer itself says little."""
        if self.is_json:
            self.json(document)
        else:
            self.line(sentence)

    def json(self, document: object) -> None:
        """The answer as it came: nothing renamed, nothing left out."""
        self._out.write(safe_json(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")

    def json_line(self, document: object) -> None:
        self._out.write(safe_json(json.dumps(document, ensure_ascii=False)) + "\n")
        self._out.flush()

    def line(self, text: str = "") -> None:
        self._out.write(clean(text) + "\n")

    def note(self, text: str) -> None:
        """For the person at the screen, not part of the answer: on standard error."""
        self._err.write(styled(clean(text), DIM, self._colour and self._err.isatty()) + "\n")

    def title(self, text: str) -> None:
        """Over a part of an answer that has several."""
        self._out.write(styled(clean(text), BOLD, self._colour) + "\n")

    def paragraph(self, text: str) -> None:
        """Sentences, broken at words to fit a screen. A pipe gets them in one line."""
        import textwrap

        for sentences in text.splitlines():
            line = clean(sentences)
            self._out.write((textwrap.fill(line, self._columns) if self._columns else line) + "\n")

    def log(self, text: str, error: bool) -> None:
        """A line of a log on the stream it came from; exact in a pipe, cleaned on a terminal."""
        stream = self._err if error else self._out
        stream.write((clean(text) if stream.isatty() else text) + "\n")
        stream.flush()

    def raw(self, data: bytes) -> None:
        """Bytes as they are. A terminal gets them as text that does nothing to it."""
        if self._out.isatty():
            self._out.write(clean(data.decode(errors="replace")))
            return
        self._out.flush()
        self._out.buffer.write(data)
        self._out.buffer.flush()

    def table(self, rows: Sequence[Record], columns: Sequence[Column]) -> None:
        cells = [[_cell(column.read(row, self.clock)) for column in columns] for row in rows]
        titles = [column.title for column in columns]
        widths = [max(width(row[i]) for row in [titles, *cells]) for i in range(len(columns))]
        self._narrow(widths, columns)
        self._row(titles, widths, [BOLD] * len(columns))
        for row in cells:
            styles = [
                STATUS_STYLES.get(cell) if c.status else None for c, cell in zip(columns, row, strict=True)
            ]
            self._row(row, widths, styles)

    def _row(self, cells: Sequence[str], widths: Sequence[int], styles: Sequence[str | None]) -> None:
        parts = []
        for cell, columns, style in zip(cells, widths, styles, strict=True):
            shown = fit(cell, columns)
            parts.append(styled(shown, style, self._colour) + " " * (columns - width(shown)))
        self._out.write(GAP.join(parts).rstrip() + "\n")

    def _narrow(self, widths: list[int], columns: Sequence[Column]) -> None:
        """Take from the widest flexible column until the table fits the screen."""
        flexible = [i for i, column in enumerate(columns) if column.flexible]
        while self._columns and sum(widths) + len(GAP) * (len(widths) - 1) > self._columns:
            widest = max(flexible, key=lambda i: widths[i], default=None)
            if widest is None or widths[widest] <= NARROWEST:
                return
            widths[widest] -= 1

    def sheet(self, sheet: Sheet) -> None:
        pairs = [(label, lines) for label, value in sheet if (lines := _lines(value))]
        margin = max((len(label) for label, _ in pairs), default=0) + len(GAP)
        for label, lines in pairs:
            for number, line in enumerate(lines):
                head = label if number == 0 else ""
                self._out.write(f"{styled(head, BOLD, self._colour)}{' ' * (margin - len(head))}{line}\n")


def _cell(value: object) -> str:
    return clean(_text(value)) or "-"


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _lines(value: object) -> list[str]:
    several = value if isinstance(value, list | tuple) else _text(value).splitlines()
    return [clean(_text(line)) for line in several]
