"""Which of the overdue occurrences still fire, by the job's policy for missed ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter_contracts.timing import Missed, MissedPolicy
from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import normal_gap

PUNCTUAL = timedelta(seconds=1)
"""An occurrence decided so soon is on time whatever its period, which need not be computed then."""

LISTED_MISSED = 100
"""So many missed occurrences have a record each; those before them share one."""

_LONGEST_TOLERANCE = {
    MissedPolicy.NONE: timedelta(minutes=1),
    MissedPolicy.LAST: timedelta(hours=1),
}
_ALL_WINDOW = timedelta(days=1)


@dataclass(frozen=True)
class Late:
    """Overdue occurrences, ascending: one that fires as if it were on time, those that are caught up with, each
    at its own time, and those that are missed."""

    fires: datetime | None = None
    caught_up: tuple[tuple[datetime, datetime], ...] = ()
    """The nominal instant, and when it may start."""
    missed: tuple[datetime, ...] = ()
    tolerance: timedelta = timedelta(0)


def kept(missed: Missed) -> int:
    """How many of the last overdue occurrences have to be looked at one by one."""
    return LISTED_MISSED + (missed.limit if missed.policy is MissedPolicy.ALL else 1)


def sort_out(missed: Missed, overdue: Sequence[datetime], times: Timetable, now: datetime) -> Late:
    if not overdue:
        return Late()
    last = overdue[-1]
    late = now - times.effective(last)
    if len(overdue) == 1 and late <= PUNCTUAL:
        return Late(fires=last)
    if missed.policy is MissedPolicy.ALL:
        return _all(missed, overdue, times, now)
    tolerance = _tolerance(missed, times, last)
    if late > tolerance:
        return Late(missed=tuple(overdue), tolerance=tolerance)
    return Late(fires=last, missed=tuple(overdue[:-1]), tolerance=tolerance)


def _all(missed: Missed, overdue: Sequence[datetime], times: Timetable, now: datetime) -> Late:
    """The last one is no late one if it is no later than it may be under `none`."""
    window = timedelta(seconds=missed.window_seconds) if missed.window_seconds else _ALL_WINDOW
    last = overdue[-1]
    on_time = now - times.effective(last) <= _tolerance(Missed(policy=MissedPolicy.NONE), times, last)
    earlier = list(overdue[:-1] if on_time else overdue)
    caught = [instant for instant in earlier if now - times.effective(instant) <= window][-missed.limit :]
    pace = timedelta(seconds=missed.every_seconds)
    # One that fires now is the first of them.
    starts = (now + pace * place for place in range(on_time, len(caught) + on_time))
    return Late(
        fires=last if on_time else None,
        caught_up=tuple(zip(caught, starts, strict=True)),
        missed=tuple(earlier[: len(earlier) - len(caught)]),
        tolerance=window,
    )


def _tolerance(missed: Missed, times: Timetable, at: datetime) -> timedelta:
    if missed.window_seconds is not None:
        return timedelta(seconds=missed.window_seconds)
    longest = _LONGEST_TOLERANCE[missed.policy]
    period = normal_gap(times.schedules, at)
    return min(period, longest) if period else longest
