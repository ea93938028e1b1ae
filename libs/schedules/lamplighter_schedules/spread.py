"""By how much the start of an occurrence is put off, so that not everything starts at minute zero."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

_FINE_BELOW = timedelta(seconds=10)
_SECOND, _MILLISECOND = timedelta(seconds=1), timedelta(milliseconds=1)
_NONE = timedelta(0)
_BITS = 64


def offset(
    job_id: str, instant: datetime, *, spread: timedelta, jitter: timedelta, gap: timedelta | None
) -> timedelta:
    """How long after the occurrence `instant` (aware) the job starts: always the same for the same arguments.

    A stable part of the window `spread`, which is the job's own, and a part of the window `jitter`, which is the
    occurrence's; each from zero to just below its window. Together they stay below `gap`, the time to the next
    occurrence, so that no start passes the next: the windows shrink to it, and so jobs stay evenly spread in it.
    """
    if instant.utcoffset() is None:
        raise ValueError(f"{instant!r} has no zone: give an aware time")
    at = instant.astimezone(UTC).isoformat()
    room = gap
    stable = _part(f"spread\0{job_id}", _within(spread, room))
    if room is not None:
        room -= stable
    return stable + _part(f"jitter\0{job_id}\0{at}", _within(jitter, room))


def _within(window: timedelta, room: timedelta | None) -> timedelta:
    return window if room is None else min(window, room)


def _part(key: str, window: timedelta) -> timedelta:
    """A place in [0, window) that is the key's own: whole seconds, and milliseconds in a window under ten seconds."""
    if window <= _NONE:
        return _NONE
    unit = _SECOND if window >= _FINE_BELOW else _MILLISECOND
    # Not Python's hash(): it differs from one process to the next.
    digest = int.from_bytes(blake2b(key.encode(), digest_size=_BITS // 8).digest())
    return (digest * (window // unit) >> _BITS) * unit
