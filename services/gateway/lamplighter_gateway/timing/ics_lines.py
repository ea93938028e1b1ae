"""The lines of an iCalendar file (RFC 5545) and the blocks they make, each with its place in the file. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_DEPTH = 8
"""Blocks inside of blocks. An alarm of an event is the third."""
SHOWN_CHARACTERS = 60

_BREAK = re.compile(r"\r\n|\n|\r")
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLDED = (" ", "\t")


class IcsError(ValueError):
    """The file cannot be used. The message says where and why, and what to do: `line 12: ...`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line: its physical ones put together again. `number` counts from 1."""

    number: int
    text: str
    name: str

    def wrong(self, problem: str) -> IcsError:
        return IcsError(f"line {self.number}: {problem}")

    @property
    def shown(self) -> str:
        return repr(self.text if len(self.text) <= SHOWN_CHARACTERS else f"{self.text[:SHOWN_CHARACTERS]}...")


@dataclass(slots=True)
class Block:
    """What stands between a BEGIN and its END: the lines that are of the block itself, and the blocks in it."""

    name: str
    begin: Line
    lines: list[Line] = field(default_factory=list)
    blocks: list["Block"] = field(default_factory=list)

    def named(self, name: str) -> list["Block"]:
        return [block for block in self.blocks if block.name == name]

    def all(self, *names: str) -> list[Line]:
        return [line for line in self.lines if line.name in names]

    def value(self, name: str) -> str | None:
        """Of a line that is plain text; the first one counts."""
        found = self.all(name)
        return found[0].text.partition(":")[2].strip() if found else None


def read_blocks(text: str) -> list[Block]:
    """The calendars of a file. Raises `IcsError`."""
    root = Block("", Line(0, "", ""))
    open_blocks = [root]
    line = None
    for line in _logical_lines(text):
        match line.name:
            case "BEGIN":
                _begin(line, open_blocks)
            case "END":
                _end(line, open_blocks)
            case _ if len(open_blocks) == 1:
                raise line.wrong(f"{line.shown} stands outside of BEGIN:VCALENDAR and END:VCALENDAR")
            case _:
                open_blocks[-1].lines.append(line)
    if not root.blocks:
        raise IcsError("is no iCalendar file: there is no BEGIN:VCALENDAR in it")
    if line is not None and len(open_blocks) > 1:
        unfinished = open_blocks[-1]
        where = f"END:{unfinished.name} is missing, for the BEGIN in line {unfinished.begin.number}"
        raise line.wrong(f"the file ends here, but {where}: is it whole?")
    return root.blocks


def _begin(line: Line, open_blocks: list[Block]) -> None:
    name = line.text.partition(":")[2].strip().upper()
    if (name == "VCALENDAR") != (len(open_blocks) == 1):
        raise line.wrong(
            f"BEGIN:{name[:SHOWN_CHARACTERS]} cannot stand here: a file is BEGIN:VCALENDAR and what is in it"
        )
    if len(open_blocks) > MOST_DEPTH:
        raise line.wrong(f"blocks are nested deeper than {MOST_DEPTH} levels")
    block = Block(name, line)
    open_blocks[-1].blocks.append(block)
    open_blocks.append(block)


def _end(line: Line, open_blocks: list[Block]) -> None:
    name, innermost = line.text.partition(":")[2].strip().upper(), open_blocks[-1]
    if len(open_blocks) == 1 or name != innermost.name:
        expected = f"END:{innermost.name} is due" if innermost.name else "nothing has begun"
        raise line.wrong(f"{line.shown} closes nothing: {expected}")
    open_blocks.pop()


def _logical_lines(text: str) -> Iterator[Line]:
    """Without empty ones. A line that begins with a space or a tab goes on with the one before (RFC 5545, 3.1)."""
    number, parts = 0, list[str]()
    for place, physical in enumerate(_BREAK.split(text.removeprefix("\ufeff")), 1):
        if _CONTROL.search(physical):
            raise IcsError(f"line {place}: holds a control character: is this a text file?")
        if physical.startswith(_FOLDED) and parts:
            parts.append(physical[1:])
        elif physical.strip():
            if parts:
                yield _line(number, "".join(parts))
            number, parts = place, [physical]
    if parts:
        yield _line(number, "".join(parts))


def _line(number: int, text: str) -> Line:
    name = _NAME.match(text)
    if name is None:
        shown = Line(number, text, "").shown
        raise IcsError(f"line {number}: {shown} is no line of an iCalendar file, such as SUMMARY:Christmas")
    return Line(number, text, name[0].upper())
