"""Times for people: local, with the zone, and how far away."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
FAR = timedelta(days=60)


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
        moment = _moment(text)
        if moment is None:
            return str(text)
        local = f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}"
        hint = relative(moment - self.now) if self.hints else None
        return f"{local} ({hint})" if hint else local


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
    first, last = _moment(start), _moment(end)
    if first is None or last is None:
        return None
    seconds = (last - first).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
