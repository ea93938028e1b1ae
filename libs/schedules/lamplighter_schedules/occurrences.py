"""Several schedules of one job together: the next instant, those of a span, the last of it, how many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby, islice, takewhile

from .schedule import Schedule

COUNT_CAP = 10_000
"""Where counting stops: a week of a job that runs every minute, and half a second of work."""

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Tally:
    """How many occurrences a span has, and the last of them, ascending.

    Where `exact` is false, counting stopped at its cap: there are more than `count`. The tail is right all the same.
    """

    count: int
    tail: list[datetime]
    exact: bool


def next_after(schedules: Sequence[Schedule], instant: datetime) -> datetime | None:
    """The first occurrence of any of `schedules` strictly after `instant`, in UTC. None without schedules."""
    return min((schedule.next_after(instant) for schedule in schedules), default=None)


def occurrences(
    schedules: Sequence[Schedule], after: datetime, until: datetime, limit: int
) -> list[datetime]:
    """The distinct instants in (after, until], ascending, in UTC: the earliest `limit` of them."""
    merged = merge(*(_from(schedule, after) for schedule in schedules))
    distinct = (instant for instant, _ in groupby(merged))
    return list(islice(takewhile(lambda instant: instant <= until, distinct), max(limit, 0)))


def _from(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    while True:
        after = schedule.next_after(after)
        yield after


def latest(schedules: Sequence[Schedule], after: datetime, until: datetime) -> datetime | None:
    """The last occurrence in (after, until], in UTC.

    It looks back in doubling spans and then halves, so that a year of every minute costs no more than a day: at
    most some fifty searches a schedule.
    """
    span = _MINUTE
    while until > after:
        start = max(until - span, after)
        found = next_after(schedules, start)
        if found is None:
            return None
        if found <= until:
            return _last_from(schedules, found, until)
        if start == after:
            return None
        span *= 2
    return None


def _last_from(schedules: Sequence[Schedule], found: datetime, until: datetime) -> datetime:
    """The last occurrence up to `until`, where `found` is one: nothing lies in (high, until] at any time."""
    high = until
    while high - found >= _SECOND:
        middle = found + (high - found) / 2
        later = next_after(schedules, middle)
        if later is not None and later <= until:
            found = later
        else:
            high = middle
    return found


def count_and_tail(
    schedules: Sequence[Schedule], after: datetime, until: datetime, keep: int, cap: int = COUNT_CAP
) -> Tally:
    """How many occurrences lie in (after, until], and the last `keep` of them.

    Bounded in work: it counts to `cap` (some 40 microseconds each) and no further; `exact` says whether that was
    all. A tail beyond the cap is found from the end, at some ten searches an occurrence.
    """
    counted = occurrences(schedules, after, until, cap + 1)
    if len(counted) <= cap:
        return Tally(len(counted), counted[max(len(counted) - keep, 0) :], exact=True)
    return Tally(cap, _tail(schedules, after, until, keep), exact=False)


def _tail(schedules: Sequence[Schedule], after: datetime, until: datetime, keep: int) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < keep and (last := latest(schedules, after, until)):
        found.append(last)
        # Occurrences are whole seconds apart, so this is just before it.
        until = last - _SECOND
    return found[::-1]


def normal_gap(schedules: Sequence[Schedule], at: datetime) -> timedelta:
    """The period around `at`: from the first occurrence at or after it to the one that follows.

    Raises ValueError without schedules.
    """
    first = next_after(schedules, at - _SECOND)
    second = next_after(schedules, first) if first else None
    if first is None or second is None:
        raise ValueError("no schedules: nothing recurs, so there is no gap")
    return second - first
