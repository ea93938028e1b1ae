"""How much one caller may ask at a time, in a memory that nobody can fill."""

import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lamplighter_gateway.access.addresses import neighbourhood
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.web.problems import Problem

MOST_REMEMBERED = 10_000
"""Callers, and addresses. Whoever was not heard of for longest is forgotten first, and begins anew."""
BURST = 10
"""What a caller that was silent may ask at once: this part of what it may in a minute."""
AGAIN_SECONDS = 5
"""After which somebody with too many streams may look whether one has ended."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """A token bucket for each key."""

    def __init__(
        self, per_minute: int, burst: int, clock: Callable[[], float], most: int = MOST_REMEMBERED
    ) -> None:
        self._rate, self._burst, self._clock, self._most = per_minute / 60, burst, clock, most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str) -> float:
        """0 where there was one left to take; else the seconds until there is."""
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._rate
        bucket.left -= 1
        return 0


class Limits:
    """Raise a `Problem` where there is too much of something."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        asked, failed = settings.requests_per_minute, settings.failed_logins_per_minute
        self._requests = Buckets(asked, max(1, asked // BURST), clock)
        self._failures = Buckets(failed, failed, clock)
        self._most_streams = settings.streams_per_token
        self._streams: Counter[str] = Counter()

    def request(self, caller: Caller) -> None:
        """Of each caller, whatever it asks for."""
        if seconds := self._requests.take(caller.actor):
            raise too_many("You ask more often than you may.", seconds)

    def failure(self, address: str) -> None:
        """Of each address that sent a wrong token. A good one it may send at any time."""
        if seconds := self._failures.take(neighbourhood(address)):
            raise too_many("Too many wrong tokens came from your address.", seconds)

    @contextmanager
    def stream(self, caller: Caller) -> Iterator[None]:
        """One more live stream, for as long as it is open."""
        if self._streams[caller.actor] >= self._most_streams:
            detail = f"You have {self._most_streams} live streams open, which is as many as you may."
            raise too_many(detail, AGAIN_SECONDS)
        self._streams[caller.actor] += 1
        try:
            yield
        finally:
            self._streams[caller.actor] -= 1
            if not self._streams[caller.actor]:
                del self._streams[caller.actor]


def too_many(detail: str, seconds: float) -> Problem:
    return Problem("too-many-requests", detail, headers={"Retry-After": str(math.ceil(seconds))})
