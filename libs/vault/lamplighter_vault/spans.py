"""Parts of a text that must not be read, and the text without them."""

from collections.abc import Iterable
from typing import NamedTuple

MASKED = b"[masked]"


class Span(NamedTuple):
    """From `start` up to `end`, of which `mask` is left. A mask is empty where it was written before."""

    start: int
    end: int
    mask: bytes = MASKED


class Rendered(NamedTuple):
    text: bytes
    covered: int
    """How much of what follows the cut is masked already."""


def render(text: bytes, spans: Iterable[Span], cut: int) -> Rendered:
    """The text up to `cut`. Of spans that overlap, the mask of the one that begins first is left; of those that
    begin together, the first that was given."""
    written: list[bytes] = []
    at = 0
    for start, end, mask in sorted(spans, key=lambda span: span.start):
        if start >= cut:
            break
        if start >= at:
            written += (text[at:start], mask)
        at = max(at, end)
    written.append(text[at:cut])
    return Rendered(b"".join(written), max(0, at - cut))
