"""Moments as people write them: RFC 3339, or a date and a time of day in some zone."""

import re
from datetime import UTC, datetime, tzinfo

from lamplighter_cli.exits import WrongUse

_BEGINNING = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
"""Python also reads dates that few people would recognise, such as 20261201 and 2026-W49."""

FORMS = "2026-12-01 09:00 or, with an offset, 2026-12-01T09:00:00+01:00"


def read(text: str) -> datetime:
    """What `text` says; without a zone where it names none. Raises ValueError with what is wrong."""
    try:
        if _BEGINNING.match(text.strip()):
            return datetime.fromisoformat(text.strip())
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a time: write {FORMS}")


def zone(name: str, needed_by: str) -> tzinfo:
    """The zone of that IANA name, to read the times of an option in it. Raises `WrongUse`."""
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongUse(
            f"--timezone {name!r} is not a time zone that this machine knows:"
            f" give {needed_by} an offset, such as 2026-12-01T09:00:00+01:00"
        ) from None


def rfc3339(moment: datetime, where: tzinfo | None) -> str:
    """`moment` in UTC. Where it names no zone it is read in `where`; None is this machine's zone."""
    placed = moment if moment.tzinfo or where is None else moment.replace(tzinfo=where)
    try:
        return placed.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise WrongUse(f"{moment.isoformat(' ')} is too far away") from None


def wall(moment: datetime) -> str:
    """A moment without a zone as it is written in a schedule, with seconds only where there are any."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%Y-%m-%d %H:%M}"
