"""Private keys in PEM, which go over many lines: masked from their first line on, without waiting for the last."""

import re
from collections.abc import Iterator

from lamplighter_vault.spans import Span

BEGIN, END = b"-----BEGIN", b"-----END"
MARK_LONGEST = 64
MOST_LINES = 400
_FIRST = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_LAST = re.compile(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(
    rb"[ \t]*(?:[A-Za-z0-9+/=\\]*|(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n]*)[ \t\r]*\n?"
)


class PrivateKeys:
    """Follows a text from piece to piece."""

    def __init__(self) -> None:
        self._left = 0
        """How many more lines may belong to the key that has begun."""

    def find(self, text: bytes) -> Iterator[Span]:
        if not self._left and BEGIN not in text:
            return
        at = 0
        for line in text.splitlines(keepends=True):
            for start, end in self._in_line(line):
                yield Span(at + start, at + end)
            at += len(line)

    def _in_line(self, line: bytes) -> Iterator[tuple[int, int]]:
        at, content = 0, len(line.rstrip(b"\r\n"))
        while True:
            if not self._left:
                first = _FIRST.search(line, at)
                if first is None:
                    return
                at, self._left = first.start(), MOST_LINES
            elif at == 0 and END not in line and not _BODY.fullmatch(line):
                self._left = 0
                continue
            last = _LAST.search(line, at)
            end = last.end() if last else content
            self._left = 0 if last else self._left - 1
            if end > at:
                yield at, end
            if not last:
                return
            at = end
