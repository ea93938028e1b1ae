"""Names of events, and patterns of them: `*` stands for anything, also for nothing."""

from collections.abc import Iterable, Sequence


def is_named(patterns: Sequence[str], names: Iterable[str]) -> bool:
    return any(fits(pattern, name) for name in names for pattern in patterns)


def fits(pattern: str, name: str) -> bool:
    """Whether the whole name is as the pattern says. Letters count as they are written."""
    first, *others = pattern.split("*")
    if not others:
        return pattern == name
    *inner, last = others
    if not name.startswith(first) or len(name) < len(first) + len(last) or not name.endswith(last):
        return False
    # The first place that a piece is found at leaves the most room for those after it.
    place, end = len(first), len(name) - len(last)
    for piece in inner:
        found = name.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
