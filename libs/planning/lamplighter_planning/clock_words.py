"""Instants and spans as people say them, by the clocks of a job's zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from lamplighter_schedules.zones import zone_words

_WRITTEN = re.compile(r"(\bat )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)", re.ASCII)
_UNITS = ((86_400, "days"), (3_600, "h"), (60, "min"))
_PLAIN = 2
"""A larger unit is used from so many of it on: 90 s, not 1 min."""
_WHOLE = ((86_400, "days", "day"), (3_600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


@dataclass(frozen=True)
class Clock:
    """The clocks of one zone, an IANA name."""

    timezone: str

    def full(self, instant: datetime) -> str:
        """`Mon 2026-03-02 at 09:00 New York time (14:00 UTC)`."""
        words = zone_words(self.timezone)
        brief = self.brief(instant)
        if words == "UTC":
            return f"{brief} UTC"
        there, here = instant.astimezone(UTC), self._shown(instant)
        day = "" if there.date() == here.date() else f"{there:%a %Y-%m-%d} "
        return f"{brief} {words} ({day}{_time(there)} UTC)"

    def brief(self, instant: datetime) -> str:
        """`Mon 2026-03-02 at 09:00`."""
        shown = self._shown(instant)
        return f"{shown:%a %Y-%m-%d} at {_time(shown)}"

    def time(self, instant: datetime, of: datetime) -> str:
        """`09:04:12`, with its day where that is not the day of `of`."""
        shown = self._shown(instant)
        return _time(shown) if shown.date() == self._shown(of).date() else self.brief(instant)

    def local(self, instant: datetime) -> str:
        """RFC 3339 with the zone's offset: `2026-03-02T09:00:00-05:00`."""
        shown = self._shown(instant)
        return shown.isoformat(timespec="milliseconds" if shown.microsecond else "seconds")

    def retold(self, detail: str) -> str:
        """A record's own words, its instants as these clocks show them."""
        return _WRITTEN.sub(self._retold_instant, detail)

    def _retold_instant(self, written: re.Match[str]) -> str:
        brief = self.brief(datetime.fromisoformat(written[2]))
        return f"on {brief}" if written[1] else brief

    def _shown(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.timezone))


def span(length: timedelta) -> str:
    """`34 s`, `5 min`, `23 h`, `3 days`."""
    seconds = max(0.0, length.total_seconds())
    for size, words in _UNITS:
        if seconds >= _PLAIN * size:
            return f"{seconds / size:.0f} {words}"
    return f"{seconds:.0f} s" if seconds >= 1 else "less than a second"


def length(exact: timedelta) -> str:
    """`1 h 30 min`, `1 min 15 s`, `1 day`: to its two largest units, rounded up to whole seconds."""
    rest, parts = max(1, ceil(exact.total_seconds())), []
    for size, many, one in _WHOLE:
        amount, rest = divmod(rest, size)
        parts += [f"{amount} {one if amount == 1 else many}"] if amount else []
    return " ".join(parts[:2])


def _time(shown: datetime) -> str:
    return f"{shown:%H:%M:%S}" if shown.second else f"{shown:%H:%M}"
