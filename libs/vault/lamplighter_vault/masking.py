"""Text without secrets: those that are known, in whatever encoding, and what looks like one."""

import re
from collections.abc import Iterator, Mapping

from lamplighter_vault import patterns
from lamplighter_vault.private_keys import BEGIN, MARK_LONGEST, PrivateKeys
from lamplighter_vault.spans import Span, render
from lamplighter_vault.wordlist import Wordlist

LINE_MOST = 16 * 1024
"""A line that is longer is masked in pieces."""
OVERLAP = 1024
_REST_OF_WORD = re.compile(rb"[^\s\"',;]*")


class Masker:
    """Knows the secrets of one run: `[secret NAME]` is left of them, and `[masked]` of what looks like others."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._words = Wordlist(secrets)

    def text(self, text: str) -> str:
        stream = self.stream()
        data = text.encode(errors="surrogatepass")
        return (stream.feed(data) + stream.flush()).decode(errors="surrogatepass")

    def stream(self) -> "MaskedStream":
        return MaskedStream(self._words)


class MaskedStream:
    """Bytes as they come, in pieces cut anywhere; what leaves is the same for any cutting.

    A line leaves when its end is there, unless it may be the beginning of a secret that goes over lines. Of a line
    without an end at most some 16 KiB are held, or four times the longest secret.
    """

    def __init__(self, words: Wordlist) -> None:
        self._words = words
        self._keys = PrivateKeys()
        self._held = b""
        self._covered = 0
        """How much of what is held is masked already."""
        self._in_word = False
        """What is held begins in the middle of a word that is masked."""
        self._overlap = max(OVERLAP, words.longest)
        self._most = max(LINE_MOST, 4 * self._overlap)

    def feed(self, data: bytes) -> bytes:
        self._held += data
        written = []
        while (cut := self._cut()) > 0:
            written.append(self._leave(cut))
        return b"".join(written)

    def flush(self) -> bytes:
        """What is held. The end of the stream ends any line."""
        return self._leave(len(self._held)) if self._held else b""

    def _cut(self) -> int:
        """Up to where it is known what is secret."""
        lines = self._held.rfind(b"\n", 0, self._most) + 1
        if lines:
            return self._before_unfinished(lines)
        return self._inside_line() if len(self._held) >= self._most else 0

    def _before_unfinished(self, cut: int) -> int:
        """The end of the last line that cannot be part of a secret of which the rest has not come."""
        for word in self._words.over_lines:
            head = word[: word.index(b"\n") + 1]
            at = self._held.find(head, max(0, len(self._held) - len(word) + 1), cut)
            while at >= 0:
                if word.startswith(self._held[at:]):
                    cut = min(cut, self._held.rfind(b"\n", 0, at) + 1)
                    break
                at = self._held.find(head, at + 1, cut)
        return cut

    def _inside_line(self) -> int:
        cut = self._most - self._overlap
        begins = self._held.rfind(BEGIN, cut - MARK_LONGEST, cut + len(BEGIN))
        return begins if begins > 0 else cut

    def _leave(self, cut: int) -> bytes:
        inside_line = cut < len(self._held) and self._held[cut - 1 : cut] != b"\n"
        seen = self._held[: self._most] if inside_line else self._held[: cut + self._reach]
        spans = list(self._find(seen, cut))
        text, self._covered = render(seen, spans, cut)
        self._in_word = inside_line and any(span.start < cut and span.end == len(seen) for span in spans)
        self._held = self._held[cut:]
        return text

    @property
    def _reach(self) -> int:
        """How far a secret may go on after the line that it begins in."""
        return self._words.longest if self._words.over_lines else 0

    def _find(self, seen: bytes, cut: int) -> Iterator[Span]:
        if self._covered or self._in_word:
            rest = _REST_OF_WORD.match(seen, self._covered)
            end = rest.end() if rest and self._in_word else self._covered
            yield Span(0, end, b"")
        yield from self._words.find(seen)
        yield from patterns.find(seen)
        yield from self._keys.find(seen[:cut])
