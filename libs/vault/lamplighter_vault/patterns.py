"""What looks like a secret, whoever's it is: keys of well-known services, tokens, passwords."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lamplighter_vault.spans import Span


class Pattern(NamedTuple):
    """`hints` are in lower case; without one of them in the text the pattern is not tried. What is masked is its
    first group that took part. No pattern goes over the end of a line, and none may take longer than the text is
    long: each begins with something that does not repeat."""

    hints: tuple[bytes, ...]
    regex: re.Pattern[bytes]


_WORDS = (
    rb"passwor[dt]|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?"
)
_REAL = rb"(?!\$\{|\$\(|\$[A-Z_]+\b|\{\{|%\()"
"""Not a name of the place where the real value is."""

PATTERNS = (
    Pattern((b"sk-",), re.compile(rb"(?<![\w-])(sk-[\w-]{20,})")),
    Pattern(
        (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), re.compile(rb"(?<!\w)(gh[pousr]_[A-Za-z0-9]{20,})")
    ),
    Pattern((b"github_pat_",), re.compile(rb"(?<!\w)(github_pat_\w{20,})")),
    Pattern((b"xox",), re.compile(rb"(?<!\w)(xox[abeoprs]-[\w-]{10,})")),
    Pattern((b"akia", b"asia"), re.compile(rb"(?<![A-Za-z0-9])((?:AKIA|ASIA)[A-Z0-9]{16})(?![A-Za-z0-9])")),
    Pattern((b"eyj",), re.compile(rb"(?<![\w-])(eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)")),
    Pattern((b"://",), re.compile(rb"://[^\s:/@\"'\\<>]*:([^\s/\"'\\<>]+)@")),
    Pattern((b"bearer",), re.compile(rb"(?i:bearer)[ \t]{1,8}([A-Za-z0-9._~+/=-]{16,})")),
    Pattern(
        (b"authorization",),
        re.compile(
            rb"(?i:authorization)[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?(?i:basic|token)[ \t]{1,8}([A-Za-z0-9+/=._-]{6,})"
        ),
    ),
    Pattern(
        (b"passw", b"passphrase", b"secret", b"token", b"key", b"credential"),
        re.compile(
            rb"(?i:%(words)s)\\{0,3}[\"']?[ \t]{0,8}(?:=>|=|:)[ \t]{0,8}"
            rb"(?:\\{0,3}\"%(real)s((?:[^\"\\\n]|\\[^\"\n]){6,})|\\{0,3}'%(real)s([^'\\\n]{6,})"
            rb"|%(real)s([^\s\"',;&<>()\[\]{}\\]{6,}))" % {b"words": _WORDS, b"real": _REAL}
        ),
    ),
)


def find(text: bytes) -> Iterator[Span]:
    lower = text.lower()
    for hints, regex in PATTERNS:
        if any(hint in lower for hint in hints):
            for found in regex.finditer(text):
                yield Span(*found.span(found.lastindex or 0))
