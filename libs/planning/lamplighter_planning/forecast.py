"""What a timetable has in store: the occurrences to come, and those among them that are left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import LONGEST_SPREAD
from lamplighter_planning.agenda import begins, runs_so_far
from lamplighter_planning.leaps import released
from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import Removal, just_before, latest

LOOKED_AT = 2_000
"""Occurrences that one forecast looks at, at most 100 microseconds each. A long absence is one look."""

HORIZON = timedelta(days=366)
"""A schedule of which everything is left out for so long counts as one that never fires."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Foreseen:
    """An occurrence to come. It takes effect at `effective_at`, unless `removal` says that it does not."""

    at: datetime
    effective_at: datetime
    removal: Removal | None = None


def forecast(
    job: Job, times: Timetable, gate: Gate, now: datetime, count: int, removed: int = 0
) -> list[Foreseen]:
    """The next `count` that fire, if the job stays as it is; before and among them the first `removed` that do not."""
    if not job.is_scheduled:
        return []
    begin = begins(job, gate)
    if job.pause is not None and job.paused_at(now):
        if job.pause.ends_at is None:
            return []
        begin = max(begin, just_before(job.pause.ends_at))
    left = runs_left(job, gate)
    ahead = coming(times, begin, now, removed)
    awake = (one for one in ahead if job.pause is None or not job.pause.covers(one.at))
    return list(upto(awake, count if left is None else min(left, count)))


def runs_left(job: Job, gate: Gate) -> int | None:
    """How often the schedule may still fire; None where nothing bounds it."""
    most = job.window.max_runs
    return None if most is None else max(0, most - runs_so_far(job, gate))


def upto(ahead: Iterator[Foreseen], count: int) -> Iterator[Foreseen]:
    """As many as it takes for `count` of them to fire."""
    while count > 0:
        one = next(ahead, None)
        if one is None:
            return
        count -= one.removal is None
        yield one


def coming(times: Timetable, after: datetime, now: datetime, removed: int = 0) -> Iterator[Foreseen]:
    """Those after `after` that take effect after `now`, ascending; of those that are left out, the first `removed`."""
    for instant, removal in islice(_looks(times, _beginning(times, after, now), removed), LOOKED_AT):
        if removal is not None:
            removed -= 1
            if removed < 0:
                continue
        yield Foreseen(instant, times.effective(instant), removal)


def left_out_for_good(times: Timetable, now: datetime) -> tuple[datetime, Removal] | None:
    """The first occurrence to come and what leaves it out, where that is the fate of all within the horizon.

    None as well where that is more than one look at the calendars can tell.
    """
    first: tuple[datetime, Removal] | None = None
    looks = _looks(times, now, 0)
    for instant, removal in islice(looks, LOOKED_AT):
        if first is not None and instant > first[0] + HORIZON:
            return first
        if removal is None:
            return None
        first = first or (instant, removal)
    return first if next(looks, None) is None else None


def clock_notes(times: Timetable, instant: datetime) -> str:
    """What a person should know of the clocks on the day of the occurrence; mostly nothing."""
    due = (s for s in times.schedules if next(s.between(instant - _SECOND, instant), None) == instant)
    return next((note for schedule in due if (note := schedule.note(instant))), "")


def _beginning(times: Timetable, after: datetime, now: datetime) -> datetime:
    """Spread keeps the order: of what was due by `now`, only the last one may take effect later."""
    last = None if times.spread.is_none else latest(times.schedules, now - 2 * LONGEST_SPREAD, now)
    if last is not None and last > after and times.effective(last) > now:
        return just_before(last)
    return max(after, now)


def _looks(times: Timetable, after: datetime, listed: int) -> Iterator[tuple[datetime, Removal | None]]:
    """Occurrences with what leaves them out. Once `listed` were left out, one stands for all of a longer absence."""
    instant = times.next_after(after)
    while instant is not None:
        removal = times.removal(instant)
        yield instant, removal
        if removal is None or listed > 0:
            listed -= removal is not None
            instant = times.next_after(instant)
        else:
            instant = times.next_from(max(released(times, instant), instant + timedelta.resolution))
