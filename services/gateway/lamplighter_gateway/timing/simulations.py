"""What a range of time would bring, as a document. Runs in a process of its own: it takes seconds of work."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lamplighter_contracts.calendars import Calendar
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.fields import Instant, Model, rfc3339
from lamplighter_contracts.jobs import Job
from lamplighter_planning.load import Load, load
from lamplighter_planning.simulation import TYPICAL_SECONDS, Simulated, Tale, TooMuch, simulate
from lamplighter_planning.timetable import own_surroundings
from lamplighter_schedules import just_before

_OVERLAPS = (SkipReason.OVERLAP, SkipReason.COALESCED, SkipReason.REPLACED)
_REMOVED = (SkipReason.EXCLUDED_DATE, SkipReason.BLACKOUT, SkipReason.CALENDAR, SkipReason.PAUSED)

MOST_LISTED = 100
"""Jobs in one part of the document, those with the most to tell first."""


class Asked(Model):
    """A job, the environment it is in, and how long its executions are taken to run."""

    job: Job
    environment: Environment | None = None
    seconds: float = TYPICAL_SECONDS


class Question(Model):
    """The range is [from_at, to_at)."""

    from_at: Instant
    to_at: Instant
    jobs: tuple[Asked, ...]
    calendars: tuple[Calendar, ...] = ()


def report(question: Question) -> dict[str, Any]:
    """Plain JSON shapes; `refused` alone where it would be too much."""
    calendars = {calendar.calendar_id: calendar for calendar in question.calendars}
    jobs = [
        Simulated(one.job, own_surroundings(one.job, one.environment, calendars), one.seconds)
        for one in question.jobs
    ]
    after, until = just_before(question.from_at), just_before(question.to_at)
    try:
        tales = simulate(jobs, after, until)
    except TooMuch as error:
        return {"refused": str(error)}
    return {
        "from": rfc3339(question.from_at),
        "to": rfc3339(question.to_at),
        "jobs": len(tales),
        "occurrences": sum(tale.occurrences for tale in tales),
        "fired": sum(len(tale.fired) for tale in tales),
        "skipped": _reasons(tales),
        **_load(load(tales, after, until)),
        "overlaps": _overlaps(tales),
        "removed": _removed(tales),
        "per_job": [_job(tale) for tale in sorted(tales, key=lambda t: -t.occurrences)[:MOST_LISTED]],
    }


def _reasons(tales: Sequence[Tale]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for tale in tales:
        total.update({reason.value: count for reason, count in tale.skipped.items()})
    return dict(total.most_common())


def _load(found: Load) -> dict[str, Any]:
    peak = max(found.buckets, key=lambda bucket: bucket[1], default=None)
    return {
        "load": {
            "bucket_seconds": found.bucket_seconds,
            "peak": {"at": rfc3339(peak[0]), "count": peak[1]} if peak else None,
            "buckets": [[rfc3339(at), count] for at, count in found.buckets],
        },
        "busiest_minutes": [
            {"at": rfc3339(minute.at), "count": minute.count, "job_ids": list(minute.job_ids)}
            for minute in found.busiest
        ],
        "running_peak": {
            "at": rfc3339(found.running_peak_at) if found.running_peak_at else None,
            "count": found.running_peak,
        },
    }


def _overlaps(tales: Sequence[Tale]) -> list[dict[str, Any]]:
    """Jobs whose own executions get into each other's way."""
    met = [(sum(tale.skipped[reason] for reason in _OVERLAPS), tale) for tale in tales]
    return [
        {
            **_named(tale),
            "count": count,
            "first_at": rfc3339(tale.first_overlap) if tale.first_overlap else None,
        }
        for count, tale in sorted(met, key=lambda pair: -pair[0])[:MOST_LISTED]
        if count
    ]


def _removed(tales: Sequence[Tale]) -> list[dict[str, Any]]:
    rows = [
        {**_named(tale), "reason": reason.value, "count": count}
        for tale in tales
        for reason, count in tale.skipped.items()
        if reason in _REMOVED
    ]
    return sorted(rows, key=lambda row: -row["count"])[:MOST_LISTED]


def _job(tale: Tale) -> dict[str, Any]:
    return {
        **_named(tale),
        "occurrences": tale.occurrences,
        "fired": len(tale.fired),
        "skipped": {reason.value: count for reason, count in tale.skipped.items()},
        "assumed_seconds": tale.seconds,
    }


def _named(tale: Tale) -> dict[str, Any]:
    return {"job_id": tale.job_id, "name": tale.name}
