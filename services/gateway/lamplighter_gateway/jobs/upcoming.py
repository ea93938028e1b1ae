"""When a job runs next, and its schedule in words."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_planning.clock_words import Clock
from lamplighter_planning.forecast import Foreseen, clock_notes, forecast
from lamplighter_planning.obstacles import removed
from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import Removal, Schedule, ScheduleError, parse

Wire = dict[str, Any]


def next_runs(job: Job, times: Timetable | None, gate: Gate, now: datetime, count: int) -> list[datetime]:
    """When the next `count` take effect; none of a job that nothing starts by itself."""
    ahead = forecast(job, times, gate, now, count) if times is not None else []
    return [one.effective_at for one in ahead]


def firings_answer(ahead: Sequence[Foreseen], times: Timetable, timezone: str) -> list[Wire]:
    clock = Clock(timezone)
    return [
        {
            "at": rfc3339(one.at),
            "local": clock.local(one.at),
            "effective_at": None if times.spread.is_none else rfc3339(one.effective_at),
            "note": clock_notes(times, one.at),
            "removed": removal_answer(one.removal),
        }
        for one in ahead
    ]


def removal_answer(removal: Removal | None) -> Wire | None:
    if removal is None:
        return None
    obstacle = removed(removal)
    return {"reason": obstacle.reason.value, "detail": obstacle.detail}


def schedule_words(job: JobSpec) -> str | None:
    return "; ".join(schedule.words() for schedule in _readable(job)) or None


def _readable(job: JobSpec) -> Iterator[Schedule]:
    for trigger in job.schedules:
        try:
            yield parse(trigger.schedule, job.timezone, seconds=trigger.seconds)
        except ScheduleError:
            continue
