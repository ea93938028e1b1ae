"""Text from outside on its way to a model: cut to a size, made visible, and fenced as data. Pure."""

import re
from html import escape

LARGEST = 64 * 1024
"""Characters of one tool's result that a model reads."""
MARGIN = 16 * 1024
"""Read beyond `LARGEST`, and dropped once it was masked: a secret that the cut went through has its end in there."""
RAW_LIMIT = LARGEST + 2 * MARGIN
"""Bytes of output that are kept before it is masked."""

# What ends a fence, and what becomes `<` where a reader normalises Unicode.
_TAG = re.compile("[<\ufe64\uff1c\u226e](?=\\s*[/\uff0f\u2044\u2215]?\\s*data\\b)", re.IGNORECASE)
_PLAIN = "\n\t"
# Printable by the book, and yet without a shape: they can carry a text that nobody sees.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def as_data(name: str, text: str) -> str:
    """`text` between tags that it can neither close nor open."""
    return f'<data name="{escape(name)}">\n{_TAG.sub(_code, _visible(text))}\n</data>'


def without_edge(text: str, *, was_cut: bool) -> str:
    """Masked text, without the end where a cut may have left a piece of a secret unknown to the mask."""
    return f"{text[:-MARGIN]}\n[cut here: there is more]" if was_cut else text


def shortened(text: str, most: int = LARGEST) -> str:
    """With a mark where something is left out. Only for text that was masked before."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[cut here: {len(text) - most:,} more characters are left out]"


def _visible(text: str) -> str:
    text = _SHAPELESS.sub(_code, text.replace("\r\n", "\n"))
    return "".join(char if char.isprintable() or char in _PLAIN else _code(char) for char in text)


def _code(char: "str | re.Match[str]") -> str:
    r"""`\uXXXX` as in JSON, so twice beyond the first 65,536 characters."""
    units = (char if isinstance(char, str) else char.group()).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
