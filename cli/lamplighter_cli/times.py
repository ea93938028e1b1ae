"""Times for people: local, with the zone, and how far away."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
FAR = timedelta(days=60)
_WRITTEN = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)


@dataclass(frozen=True)
class Clock:
    """What time it is, where the reader is. `zone` None is this machine's zone."""

    now: datetime
    zone: tzinfo | None
    hints: bool
    """Whether to say how far away a time is. Not where output has to stay the same from call to call."""

    def local(self, text: object) -> str | None:
        """An RFC 3339 time as the reader's own; None for none, and the text itself when it is not a time."""
        if not text:
            return None
        moment = moment_of(text)
        if moment is None:
            return str(text)
        return self._hinted(_shown(moment, self.zone), moment)

    def in_zone(self, text: object, zone: object) -> str | None:
        """The same in a named zone, and in UTC. A zone that this machine does not know is left out."""
        import zoneinfo

        moment = moment_of(text)
        if moment is None:
            return self.local(text)
        utc = _shown(moment, UTC)
        try:
            there = _shown(moment, zoneinfo.ZoneInfo(str(zone)))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            there = utc
        return self._hinted(utc if there == utc else f"{there} = {utc}", moment)

    def retold(self, text: object) -> str:
        """A sentence, its RFC 3339 times in UTC as the reader's own."""
        return _WRITTEN.sub(lambda written: self._retold(written[0]), str(text))

    def _retold(self, written: str) -> str:
        return _shown(datetime.fromisoformat(written), self.zone)

    def _hinted(self, shown: str, moment: datetime) -> str:
        hint = relative(moment - self.now) if self.hints else None
        return f"{shown} ({hint})" if hint else shown

    def is_past(self, text: object) -> bool:
        """Whether an RFC 3339 time is over; no time never is."""
        moment = moment_of(text)
        return moment is not None and moment <= self.now


def _shown(moment: datetime, zone: tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def relative(distance: timedelta) -> str | None:
    """`in 3 h`, `5 min ago`; None where the distance says less than the date does."""
    if abs(distance) > FAR:
        return None
    seconds = round(abs(distance).total_seconds())
    for size, unit in _UNITS:
        if seconds >= size:
            amount = f"{seconds // size} {unit}"
            return f"in {amount}" if distance > timedelta(0) else f"{amount} ago"
    return "now"


def duration(start: object, end: object) -> str | None:
    """How long from one RFC 3339 time to another; None while one is missing."""
    first, last = moment_of(start), moment_of(end)
    if first is None or last is None:
        return None
    seconds = (last - first).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment_of(text: object) -> datetime | None:
    """An RFC 3339 time; None for what is none."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
