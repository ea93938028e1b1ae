"""Tools by name: whether one is meant by a pattern, where `*` stands for any part of a name. Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def matches(tool: str, patterns: Iterable[str]) -> bool:
    # Patterns have no brackets or question marks: their type leaves them none.
    return any(fnmatchcase(tool, pattern) for pattern in patterns)
