"""When a job is due: the next instant for its timer, and what came due since its cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_schedules import Schedule, count_and_tail, next_after, normal_gap, parse

LISTED_MISSED = 100
"""So many missed occurrences have a record each; those before them share one."""

LONGEST_LATENESS = timedelta(hours=1)
_SHORTEST_PERIOD = timedelta(minutes=1)


@dataclass(frozen=True)
class Backlog:
    """What came due since the cursor, ascending. `unlisted` is how many lie before `listed`.

    `unlisted_until` is the last of those; `exact` is false where there are more of them than were counted.
    `tolerance` is how late the last of `listed` may be and still fire.
    """

    listed: tuple[datetime, ...] = ()
    unlisted: int = 0
    unlisted_until: datetime | None = None
    exact: bool = True
    tolerance: timedelta = timedelta(0)

    @property
    def cursor(self) -> datetime | None:
        return self.listed[-1] if self.listed else None


def next_instant(job: Job | None, gate: Gate) -> datetime | None:
    """The first instant after the cursor, which may be past. None where the job must not have a timer.

    Raises `ScheduleError` for a schedule that cannot be read.
    """
    if job is None or not job.runs_by_schedule:
        return None
    return next_after(_schedules(job), _start(job, gate))


def backlog(job: Job, gate: Gate, now: datetime) -> Backlog:
    """What came due after the cursor, up to `now`. Raises `ScheduleError`."""
    if not job.runs_by_schedule:
        return Backlog()
    schedules = _schedules(job)
    # The one that may fire, those listed as missed, and the last of those that share a record.
    tally = count_and_tail(schedules, _start(job, gate), now, LISTED_MISSED + 2)
    if not tally.tail:
        return Backlog()
    listed = tuple(tally.tail[-LISTED_MISSED - 1 :])
    unlisted = tally.count - len(listed)
    return Backlog(
        listed=listed,
        unlisted=unlisted,
        unlisted_until=tally.tail[0] if unlisted else None,
        exact=tally.exact,
        tolerance=_tolerance(schedules, listed[-1], now),
    )


def _start(job: Job, gate: Gate) -> datetime:
    return max(gate.cursor or job.scheduled_from, job.scheduled_from)


def _schedules(job: Job) -> list[Schedule]:
    return [parse(expression, job.timezone) for expression in job.schedules]


def _tolerance(schedules: Sequence[Schedule], latest: datetime, now: datetime) -> timedelta:
    """The period, an hour at most. The search for the period is spared where no period could matter."""
    if now - latest <= _SHORTEST_PERIOD:
        return _SHORTEST_PERIOD
    return min(normal_gap(schedules, latest), LONGEST_LATENESS)
