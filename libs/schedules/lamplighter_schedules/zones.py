"""The names of time zones (IANA), and the nearest to a wrong one."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from .errors import ScheduleError

# Files that the database holds beside its zones.
_NOT_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_NEAR = 3


def read_zone(name: str) -> ZoneInfo:
    """The zone of that exact name. Raises ScheduleError, with the nearest names."""
    if name not in _names():
        near = _nearest(name)
        advice = f"did you mean {_listed(near)}?" if near else "give one such as 'Europe/Paris' or 'UTC'."
        raise ScheduleError("timezone", f"The timezone {name!r} is not an IANA zone name: {advice}")
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_ZONES


@cache
def _spellings() -> dict[str, str]:
    """What people write for a zone, in small letters: its name, or its city alone."""
    cities = {name.rpartition("/")[2].lower(): name for name in sorted(_names(), reverse=True)}
    return cities | {name.lower(): name for name in _names()}


def _nearest(name: str) -> list[str]:
    asked = "_".join(name.lower().split())
    spellings = _spellings()
    if asked in spellings:
        return [spellings[asked]]
    close = get_close_matches(asked, spellings, n=2 * _NEAR, cutoff=0.75)
    return list(dict.fromkeys(spellings[spelling] for spelling in close))[:_NEAR]


def _listed(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)


def zone_words(name: str) -> str:
    """A zone in words: `America/New_York` is `New York time`, UTC by any of its names is `UTC`."""
    area, _, place = name.rpartition("/")
    if place in ("UTC", "UCT", "Zulu", "Universal"):
        return "UTC"
    if area == "Etc" or place.startswith("GMT"):
        return _fixed_offset(place)
    return f"{place.replace('_', ' ')} time"


def _fixed_offset(place: str) -> str:
    """`GMT+5` is five hours behind: the signs of these zones are those of POSIX."""
    hours = place.removeprefix("GMT")
    if hours in ("", "0", "+0", "-0") or hours == place:
        return "GMT"
    return f"UTC{'-' if hours[0] == '+' else '+'}{hours[1:]}"
