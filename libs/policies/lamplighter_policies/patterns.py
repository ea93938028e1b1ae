"""Names with `*` in them, which stands for any part of a name."""

from collections.abc import Iterable


def matches(pattern: str, name: str) -> bool:
    """In time that grows with the name alone: no pattern makes it search back and forth."""
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == name
    last = middle.pop()
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def any_matches(patterns: Iterable[str], names: Iterable[str]) -> bool:
    """Whether any of the names is meant by any of the patterns."""
    listed = tuple(names)
    return any(matches(pattern, name) for pattern in patterns for name in listed)
