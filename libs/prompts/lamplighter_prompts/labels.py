"""Data from outside, fenced. The package's docstring has the form and the reasons."""

import re
from html import escape
from typing import Any

from .notation import Wrapped, as_json
from .vocabulary import LARGEST_DATA

CUT = f" [cut here: the first {LARGEST_DATA // 1024} KiB are shown]"
_LONGEST_NAME = 120

# Printable by the book, and yet: what ends a label; what becomes `<`, `>` or `&` where a reader normalises Unicode; and
# what has no shape (fillers, joiners, variation selectors), which can carry a text that nobody sees.
_MARKS = "<>&\ufe60\ufe64\ufe65\uff06\uff1c\uff1e\u226e\u226f"
_SHAPELESS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_ESCAPED = re.compile(f"[{_MARKS}{_SHAPELESS}]")
# No value holds a `<` of its own: so it ends where the label does.
_LABELLED = re.compile(r'<data name="[^"<>]*">[^<]*</data>')


def labelled(name: str, value: Any) -> str:
    """A value from outside as it may stand in a prompt. An empty text is no data."""
    if isinstance(value, str) and not value:
        return ""
    text, cut = as_json(value)
    text, shortened = _shortened(_visible(text))
    if cut or shortened:
        text += CUT
    if isinstance(value, Wrapped | list | dict):
        text = f"\n{text}\n"
    return f'<data name="{escape(name[:_LONGEST_NAME])}">{text}</data>'


def without_data(text: str) -> str:
    """What is left of a rendered prompt without all that came from outside: its author's own words."""
    return _LABELLED.sub(" ", text)


def _visible(text: str) -> str:
    text = _ESCAPED.sub(lambda found: _code(found.group()), text)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _code(char) for char in text)


def _code(char: str) -> str:
    r"""`\uXXXX` as in JSON, so twice beyond the first 65,536 characters."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _shortened(text: str) -> tuple[str, bool]:
    if len(text) * 4 <= LARGEST_DATA:
        return text, False
    held = text.encode()
    return held[:LARGEST_DATA].decode(errors="ignore"), len(held) > LARGEST_DATA
