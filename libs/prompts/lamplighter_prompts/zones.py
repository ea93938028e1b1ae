"""The time zones that a filter may be given."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from .errors import refusal


def refuse_unknown_zone(name: str, line: int) -> None:
    """Raises PromptError, with the nearest name."""
    if zone_named(name) is None:
        near = get_close_matches(name, _names(), n=1, cutoff=0.6)
        advice = f"did you mean {near[0]!r}?" if near else "give one such as 'Europe/Paris' or 'UTC'."
        raise refusal(line, f"the time zone {name!r} is not known: {advice}")


def zone_named(name: str) -> ZoneInfo | None:
    """None where there is no such zone. A zone is a file, so only names of the list are ever looked for."""
    return ZoneInfo(name) if name in _names() else None


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
