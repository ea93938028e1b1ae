"""How many genuine deliveries each webhook takes: a bucket that holds a minute's worth, and fills evenly."""

from dataclasses import dataclass
from math import ceil

MOST_BUCKETS = 10_000
"""Kept at once; full ones are as good as none."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Counts in this process alone. `now` is in seconds, of a clock that never goes back."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, job_id: str, per_minute: int, now: float) -> int:
        """0 where one more is taken, else in how many seconds to come again."""
        bucket = self._buckets.get(job_id)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[job_id] = _Bucket(per_minute, now)
        bucket.left = min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        if bucket.left < 1:
            # Rounded, so that what floats leave over is no second more.
            return max(1, ceil(round((1 - bucket.left) * 60 / per_minute, 6)))
        bucket.left -= 1
        return 0

    def _make_room(self, now: float) -> None:
        if len(self._buckets) >= MOST_BUCKETS:
            # A bucket that nobody took from for a minute is full.
            self._buckets = {job: one for job, one in self._buckets.items() if now - one.at < 60}
