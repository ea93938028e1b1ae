"""Spans of time as people write them, such as `90s`, `15m`, `2h` and `1h30m`, and as they read them."""

import re

UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WORDS = {"d": "d", "h": "h", "m": "min", "s": "s"}
_WRITTEN = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?", re.ASCII)


def seconds(text: str) -> int:
    """The length of a span in seconds; a number alone is seconds. Raises ValueError with what is wrong."""
    found = _WRITTEN.fullmatch(text.strip().lower().replace(" ", ""))
    if not found or not any(found.groups()):
        raise ValueError(f"{text!r} is not a span: write one such as 90s, 15m, 2h, 3d or 1h30m")
    return sum(int(amount or 0) * size for amount, size in zip(found.groups(), UNITS.values(), strict=True))


def written(length: int) -> str:
    """A span of so many seconds in one unit, such as `90m`."""
    unit = next((unit for unit, size in UNITS.items() if length and length % size == 0), "s")
    return f"{length // UNITS[unit]}{unit}"


def words(length: object) -> str | None:
    """The same for people, such as `1 h 30 min`; None where there is no number."""
    if not isinstance(length, int | float):
        return None
    rest, parts = round(length), []
    for unit, size in UNITS.items():
        amount, rest = divmod(rest, size)
        parts += [f"{amount} {_WORDS[unit]}"] if amount else []
    return " ".join(parts) or "0 s"
