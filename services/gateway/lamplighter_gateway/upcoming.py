"""When a job runs next, and its schedule in words: computed from the catalog alone."""

from collections.abc import Iterator
from datetime import datetime

from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_schedules import Schedule, ScheduleError, next_after, parse


def schedules_of(job: JobSpec) -> list[Schedule]:
    """The schedules that can be read; what cannot was stored by another version, and never fires."""
    found = []
    for expression in job.schedules:
        try:
            found.append(parse(expression, job.timezone))
        except ScheduleError:
            continue
    return found


def next_runs(job: Job, now: datetime, count: int) -> list[datetime]:
    """The next `count` instants; none of a job that is disabled or deleted, or has no schedule."""
    schedules = schedules_of(job) if job.runs_by_schedule else []
    return list(_after(schedules, max(now, job.scheduled_from), count)) if schedules else []


def _after(schedules: list[Schedule], instant: datetime, count: int) -> Iterator[datetime]:
    for _ in range(count):
        following = next_after(schedules, instant)
        if following is None:
            return
        instant = following
        yield instant


def schedule_words(job: JobSpec) -> str | None:
    return "; ".join(schedule.words() for schedule in schedules_of(job)) or None
