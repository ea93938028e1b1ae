"""What history has of the occurrences that a job missed, and of those that were made up for since."""

from datetime import datetime, timedelta

from lamplighter_contracts.events import Outcome
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import ListOccurrences, OccurrenceRecord
from lamplighter_gateway.past.history import History
from lamplighter_gateway.timing.catchups import Recorded, Terms, made_up_for, missed_instants
from lamplighter_planning.timetable import Timetable

PAGE, MOST_PAGES = 500, 20
_SECOND = timedelta(seconds=1)


async def recorded(
    history: History, job: Job, gate: Gate, times: Timetable, terms: Terms, now: datetime
) -> Recorded:
    """Raises `Problem` (unavailable)."""
    since = now - terms.window
    of_job = ListOccurrences(job_id=job.job_id, from_at=since, until_at=now + _SECOND, limit=PAGE)
    missed, _ = await _read(history, of_job.model_copy(update={"outcomes": (Outcome.MISSED,)}))
    instants, count = missed_instants(job, times, missed, since)
    if not instants:
        return Recorded((), count)
    outcomes = (Outcome.FIRED, Outcome.QUEUED)
    span = {"from_at": instants[0], "until_at": instants[-1] + _SECOND, "outcomes": outcomes}
    ran, whole = await _read(history, of_job.model_copy(update=span))
    # Where there was too much to look at, what is older may have run since: it must not run twice.
    oldest = instants[0] if whole else ran[-1].firing.nominal_at
    over = set(made_up_for(ran, gate))
    left = [instant for instant in instants if instant >= oldest and instant not in over]
    return Recorded(tuple(left[-terms.limit :]), count - (len(instants) - len(left)))


async def _read(history: History, query: ListOccurrences) -> tuple[list[OccurrenceRecord], bool]:
    """Newest first; and whether that was all."""
    found: list[OccurrenceRecord] = []
    for _ in range(MOST_PAGES):
        page = await history.occurrences(query)
        found += page.occurrences
        if page.next_cursor is None:
            return found, True
        query = query.model_copy(update={"cursor": page.next_cursor})
    return found, False
