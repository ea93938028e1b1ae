"""All spellings of all secrets, as patterns that find them in one pass."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from lamplighter_vault.spans import Span
from lamplighter_vault.spellings import ESCAPE_SIGNS, escapes, literals, longest_escape, values


class Wordlist:
    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._masks: dict[bytes, bytes] = {}
        self._escapes: list[tuple[bytes, bytes]] = []
        escaped: list[bytes] = []
        self.longest = 0
        """Of all spellings, in bytes."""
        for name, secret in secrets.items():
            mask = f"[secret {name}]".encode()
            for value in values(secret):
                for word in literals(value):
                    self._masks.setdefault(word, mask)
                    self.longest = max(self.longest, len(word), longest_escape(value))
                if found := escapes(value):
                    escaped += found
                    self._escapes.append((b"|".join(found), mask))
        self._plain = re.compile(_any_of(sorted(self._masks))) if self._masks else None
        # The longest first: of those that begin alike the engine takes the first that fits.
        escaped.sort(key=len, reverse=True)
        self._escaped = re.compile(b"|".join(escaped)) if escaped else None
        self.over_lines = [word for word in self._masks if b"\n" in word]
        """Those that do not end with the line."""

    def find(self, text: bytes) -> Iterator[Span]:
        if self._plain is not None:
            for found in _all(self._plain, text):
                yield Span(found.start(), found.end(), self._masks[found[0]])
        if self._escaped is not None and any(sign in text for sign in ESCAPE_SIGNS):
            for found in _all(self._escaped, text):
                yield Span(found.start(), found.end(), self._whose(found[0]))

    def _whose(self, spelling: bytes) -> bytes:
        return next(mask for pattern, mask in self._escapes if re.fullmatch(pattern, spelling))


def _all(pattern: re.Pattern[bytes], text: bytes) -> Iterator[re.Match[bytes]]:
    """Also those that overlap: what one secret leaves of another must not be readable."""
    found = pattern.search(text)
    while found:
        yield found
        found = pattern.search(text, found.start() + 1)


def _any_of(words: Iterable[bytes]) -> bytes:
    """A pattern for the longest of some sorted words: what they begin with in common is looked at once."""
    alternatives: list[bytes] = []
    optional = b""
    for first, group in groupby(words, lambda word: word[:1]):
        if not first:
            optional = b"?"
            continue
        alike = list(group)
        start = _shared(alike[0], alike[-1])
        rest = [word[len(start) :] for word in alike]
        alternatives.append(re.escape(start) + (_any_of(rest) if len(rest) > 1 else b""))
    return b"(?:%s)%s" % (b"|".join(alternatives), optional)


def _shared(first: bytes, last: bytes) -> bytes:
    """What the first and the last of some sorted words, and so all of them, begin with."""
    different = (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(different, min(len(first), len(last)))]
