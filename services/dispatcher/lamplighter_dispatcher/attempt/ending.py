"""The last lines of standard output, which are the result of a run. Pure."""

from lamplighter_dispatcher.attempt.lines import printable

BYTES = 8 * 1024
LINES = 20


class Ending:
    """Keeps the last `BYTES` of a stream, also of output that the log leaves out."""

    def __init__(self) -> None:
        self._kept = b""
        self._cut = False

    def feed(self, chunk: bytes) -> None:
        kept = self._kept + chunk if len(chunk) < BYTES else chunk
        self._cut = self._cut or len(self._kept) + len(chunk) > BYTES
        self._kept = kept[-BYTES:]

    def text(self) -> str:
        """At most `LINES` whole lines; of a single longer one its end."""
        lines = self._kept.rstrip().split(b"\n")
        if self._cut and len(lines) > 1:
            lines = lines[1:]
        return "\n".join(printable(line.removesuffix(b"\r")) for line in lines[-LINES:])
