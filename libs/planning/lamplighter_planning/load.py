"""What simulated jobs do together: the load over time, the busiest minutes, what meets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from lamplighter_planning.simulation import Tale

BUCKETS = 500
_WIDTHS = (60, 300, 900, 3_600, 6 * 3_600, 86_400, 7 * 86_400)
BUSIEST = 20
NAMED = 10


@dataclass(frozen=True)
class Minute:
    """`job_ids` are some of the jobs that start in this minute."""

    at: datetime
    count: int
    job_ids: tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """`buckets` are starts by the beginning of their bucket, empty ones left out, ascending."""

    bucket_seconds: int
    buckets: tuple[tuple[datetime, int], ...]
    busiest: tuple[Minute, ...]
    running_peak: int
    running_peak_at: datetime | None


def load(tales: Sequence[Tale], after: datetime, until: datetime) -> Load:
    minutes = Counter(second // 60 for tale in tales for second in tale.fired)
    width = _width(until - after)
    buckets: Counter[int] = Counter()
    for minute, count in minutes.items():
        buckets[minute * 60 // width] += count
    peak, peak_at = _running_peak(tales)
    return Load(
        bucket_seconds=width,
        buckets=tuple((_instant(bucket * width), count) for bucket, count in sorted(buckets.items())),
        busiest=_busiest(tales, minutes),
        running_peak=peak,
        running_peak_at=peak_at,
    )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _width(span: timedelta) -> int:
    wanted = span.total_seconds() / BUCKETS
    return next((width for width in _WIDTHS if width >= wanted), _WIDTHS[-1])


def _busiest(tales: Sequence[Tale], minutes: Counter[int]) -> tuple[Minute, ...]:
    """Only where several meet is a minute busy."""
    top = [(minute, count) for minute, count in minutes.most_common(BUSIEST) if count > 1]
    wanted = {minute for minute, _ in top}
    names: dict[int, dict[str, None]] = {minute: {} for minute in wanted}
    for tale in tales:
        for minute in wanted.intersection(second // 60 for second in tale.fired):
            if len(names[minute]) < NAMED:
                names[minute][tale.job_id] = None
    return tuple(Minute(_instant(minute * 60), count, tuple(names[minute])) for minute, count in top)


def _running_peak(tales: Sequence[Tale]) -> tuple[int, datetime | None]:
    """How many executions run at a time, to the second."""
    changes: Counter[int] = Counter()
    for tale in tales:
        length = max(int(tale.seconds), 1)
        for second in tale.fired:
            changes[second] += 1
            changes[second + length] -= 1
    if not changes:
        return 0, None
    seconds = sorted(changes)
    running = list(accumulate(changes[second] for second in seconds))
    peak = max(running)
    return peak, _instant(seconds[running.index(peak)])
