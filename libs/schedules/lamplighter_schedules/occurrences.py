"""Several schedules of one job together: the next instant, those of a span, the last of it, how many."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby, islice

from .schedule import Schedule

COUNT_CAP = 100_000
"""Where counting stops: ten weeks of every minute or a day of every second, and some 20 milliseconds of work."""


@dataclass(frozen=True)
class Tally:
    """How many occurrences a span has, and the last of them, ascending.

    Where `exact` is false, counting stopped at its cap: there are more than `count`. The tail is right all the same.
    """

    count: int
    tail: list[datetime]
    exact: bool


def just_before(instant: datetime) -> datetime:
    """The last instant before this one: what is after it begins with `instant`, what is up to it ends before."""
    return instant - timedelta.resolution


def next_after(schedules: Sequence[Schedule], instant: datetime) -> datetime | None:
    """The first occurrence of any of `schedules` strictly after `instant`, in UTC. None where there is none."""
    found = (schedule.next_after(instant) for schedule in schedules)
    return min((following for following in found if following), default=None)


def occurrences(
    schedules: Sequence[Schedule], after: datetime, until: datetime, limit: int
) -> list[datetime]:
    """The distinct instants in (after, until], ascending, in UTC: the earliest `limit` of them."""
    return list(islice(_all(schedules, after, until), max(limit, 0)))


def latest(schedules: Sequence[Schedule], after: datetime, until: datetime) -> datetime | None:
    """The last occurrence in (after, until], in UTC."""
    return next(_all(schedules, after, until, newest_first=True), None)


def count_and_tail(
    schedules: Sequence[Schedule], after: datetime, until: datetime, keep: int, cap: int = COUNT_CAP
) -> Tally:
    """How many occurrences lie in (after, until], and the last `keep` of them.

    Bounded in work: it counts to `cap` and no further; `exact` says whether that was all. The tail of more than
    `keep` is read from the end, so it costs what it holds.
    """
    ascending = _all(schedules, after, until)
    found = list(islice(ascending, min(keep, cap)))
    count = len(found) + sum(1 for _ in islice(ascending, cap + 1 - len(found)))
    if count > len(found):
        found = list(islice(_all(schedules, after, until, newest_first=True), keep))[::-1]
    return Tally(min(count, cap), found, exact=count <= cap)


def _all(
    schedules: Sequence[Schedule], after: datetime, until: datetime, *, newest_first: bool = False
) -> Iterator[datetime]:
    """The distinct occurrences in (after, until], lazily."""
    each = [schedule.between(after, until, newest_first=newest_first) for schedule in schedules]
    if len(each) == 1:
        return each[0]
    return (instant for instant, _ in groupby(merge(*each, reverse=newest_first)))


def normal_gap(schedules: Sequence[Schedule], at: datetime) -> timedelta | None:
    """The period around `at`: from the first occurrence at or after it to the one that follows.

    None where nothing recurs: there are no two.
    """
    first = next_after(schedules, just_before(at))
    second = next_after(schedules, first) if first else None
    return second - first if first and second else None
