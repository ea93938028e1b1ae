"""When jobs run next, remembered for as long as it holds: most lists show what an earlier one showed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.jobs.surroundings import surroundings, times_of
from lamplighter_gateway.jobs.upcoming import next_runs

NOTHING_FOR = timedelta(minutes=1)
"""For so long nobody asks again whether a job that had nothing in store has something."""
MOST = 50_000


@dataclass(frozen=True, slots=True)
class _Known:
    revisions: tuple[int, ...]
    """Of the job, and of what its times depend on."""
    at: datetime | None
    since: datetime
    until: datetime


class Forecasts:
    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def next_run(self, job: Job, catalog: Catalog, gate: Gate, now: datetime) -> datetime | None:
        """None where nothing starts it by itself, or its schedule cannot be read."""
        if not job.is_scheduled:
            return None
        if job.window.max_runs is not None:
            # How often it may still fire is a matter of its gate.
            return _foreseen(job, catalog, gate, now)
        revisions = _revisions(job, catalog)
        known = self._known.get(job.job_id)
        if known is None or known.revisions != revisions or not known.since <= now < known.until:
            at = _foreseen(job, catalog, gate, now)
            known = _Known(revisions, at, now, at or now + NOTHING_FOR)
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[job.job_id] = known
        return known.at


def _foreseen(job: Job, catalog: Catalog, gate: Gate, now: datetime) -> datetime | None:
    return next(iter(next_runs(job, times_of(job, catalog), gate, now, 1)), None)


def _revisions(job: Job, catalog: Catalog) -> tuple[int, ...]:
    around = surroundings(job, catalog)
    calendars = sorted(around.calendars.items())
    environment = around.environment.revision if around.environment else 0
    return (job.revision, environment, *(calendar.revision for _, calendar in calendars))
