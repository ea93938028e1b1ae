"""Divides the output of a command into log, as it came, and lines that report something. Pure."""

from collections.abc import Iterator

from lamplighter_contracts.executors import Progress, Result
from lamplighter_dispatcher.runners.progress import LINE_LIMIT, read_line

Piece = bytes | Progress | Result


class Sieve:
    """Holds back at most one line that may turn out to be a report, and `LINE_LIMIT` bytes of it."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._inside = False
        """Of a line that is log and has no end yet."""

    def feed(self, chunk: bytes) -> list[Piece]:
        """What this chunk completes, in its order."""
        if not self._held and b"\n{" not in chunk and (self._inside or not chunk.startswith(b"{")):
            self._inside = not chunk.endswith(b"\n")
            return [chunk]
        return _joined(piece for line in _lines(chunk) if (piece := self._take(line)))

    def close(self) -> list[Piece]:
        """What was held back, where the last line has no end."""
        return [self._release()] if self._held else []

    def _take(self, line: bytes) -> Piece | None:
        ended = line.endswith(b"\n")
        if not self._held and (self._inside or not line.startswith(b"{")):
            self._inside = not ended
            return line
        self._held += line
        if ended:
            return self._release()
        if len(self._held) <= LINE_LIMIT:
            return None
        self._inside = True
        return self._let_go()

    def _release(self) -> Piece:
        line = self._let_go()
        report = read_line(line.decode(errors="replace")) if len(line) <= LINE_LIMIT else None
        return report or line

    def _let_go(self) -> bytes:
        line = bytes(self._held)
        self._held.clear()
        return line


def _lines(chunk: bytes) -> Iterator[bytes]:
    """With their ends; the last one may have none."""
    start = 0
    while start < len(chunk):
        end = chunk.find(b"\n", start) + 1 or len(chunk)
        yield chunk[start:end]
        start = end


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """With the log between two reports in one piece."""
    joined: list[Piece] = []
    log = bytearray()
    for piece in pieces:
        if isinstance(piece, bytes):
            log += piece
            continue
        if log:
            joined.append(bytes(log))
            log.clear()
        joined.append(piece)
    return [*joined, bytes(log)] if log else joined
