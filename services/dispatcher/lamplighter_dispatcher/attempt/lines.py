"""Bytes of a process's output as lines that may be shown: cut, decoded, without control characters. Pure."""

LINE_LIMIT = 16 * 1024
"""Bytes of one line that are kept."""

_TAB, _ESCAPE, _DELETE = 9, 27, 127
# Pictures stand for control characters (U+2400 and on); tabs stay, and escapes, since colours are made of them.
_PICTURES = {code: 0x2400 + code for code in range(32) if code not in (_TAB, _ESCAPE)} | {_DELETE: 0x2421}
_PICTURES |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def printable(raw: bytes) -> str:
    """Invalid UTF-8 becomes U+FFFD."""
    return raw.decode(errors="replace").translate(_PICTURES)


class LineSplitter:
    """The lines of one stream, whatever chunks it comes in. Memory is bounded by `LINE_LIMIT`."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._cut = 0
        self._open = False
        self._passing = False
        """The line under way is left out, and has been counted."""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that this chunk completes."""
        *done, rest = chunk.split(b"\n")
        lines = []
        for piece in done:
            self._extend(piece)
            if not self._passing:
                lines.append(self._text())
            self._reset()
        self._extend(rest)
        return lines

    def skip(self, chunk: bytes) -> int:
        """Leave this chunk out; how many lines that concerns. A line begun before is cut, if it does not end here."""
        rest = chunk.rpartition(b"\n")[2]
        ended = chunk.count(b"\n")
        if ended:
            ended -= self._passing
            self._reset()
        elif self._open:
            self._cut += 0 if self._passing else len(rest)
            return 0
        self._open = self._passing = bool(rest)
        return ended + self._passing

    def close(self) -> list[str]:
        """The last line, where it has no end."""
        lines = [self._text()] if self._open and not self._passing else []
        self._reset()
        return lines

    def _extend(self, piece: bytes) -> None:
        if self._passing or not piece:
            return
        room = 0 if self._cut else LINE_LIMIT - len(self._begun)
        self._begun += piece[:room]
        self._cut += max(0, len(piece) - room)
        self._open = True

    def _text(self) -> str:
        text = printable(bytes(self._begun).removesuffix(b"\r"))
        return f"{text} [{self._cut:,} bytes cut]" if self._cut else text

    def _reset(self) -> None:
        self._begun.clear()
        self._cut = 0
        self._open = self._passing = False
