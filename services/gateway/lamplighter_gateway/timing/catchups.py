"""What a job missed: what the scheduler will make of it by itself, and what a catch-up would run now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, ValidationError

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.fields import Model, rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.queries import OccurrenceRecord
from lamplighter_contracts.timing import LONGEST_CATCH_UP, MOST_CAUGHT_UP
from lamplighter_gateway.timing.backfills import MOST_PARALLEL
from lamplighter_planning.agenda import passed
from lamplighter_planning.catchup import kept, sort_out
from lamplighter_planning.clock_words import Clock, span
from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import count_and_tail, just_before

Wire = dict[str, Any]

WINDOW = timedelta(days=1)
"""How far back a catch-up looks, where neither its request nor its job says."""
LONGEST_SECONDS = int(LONGEST_CATCH_UP.total_seconds())


class CatchUpBody(Model):
    limit: int | None = Field(default=None, ge=1, le=MOST_CAUGHT_UP)
    within_seconds: int | None = Field(default=None, ge=1, le=LONGEST_SECONDS)
    max_parallel: int = Field(default=1, ge=1, le=MOST_PARALLEL)


@dataclass(frozen=True)
class Terms:
    """The latest `limit` of what was due within `window` of now."""

    limit: int
    window: timedelta


@dataclass(frozen=True)
class Overdue:
    """Due, and not decided yet: what the scheduler fires, and when each of it starts; the rest it records."""

    fire: tuple[tuple[datetime, datetime], ...] = ()
    missed: int = 0
    paused: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class Recorded:
    """Recorded as missed and not made up for since: the instants that a catch-up runs, of `count` that there are."""

    fire: tuple[datetime, ...]
    count: int


def read_catch_up(body: Mapping[str, Any]) -> CatchUpBody:
    """Raises `InvalidInput` with everything that is wrong."""
    known = ", ".join(CatchUpBody.model_fields)
    strange = sorted(body.keys() - CatchUpBody.model_fields.keys())
    errors = [FieldError(field=name, problem=f"is not known; known are {known}") for name in strange]
    try:
        asked = CatchUpBody.model_validate(body)
    except ValidationError as invalid:
        raise InvalidInput([*errors, *from_validation(invalid)]) from invalid
    if errors:
        raise InvalidInput(errors)
    return asked


def terms_of(job: Job, limit: int | None, within_seconds: int | None) -> Terms:
    """As the request says, else as the job does of what it catches up with by itself."""
    seconds = within_seconds or job.missed.window_seconds
    return Terms(limit or job.missed.limit, timedelta(seconds=seconds) if seconds else WINDOW)


def overdue(job: Job, gate: Gate, times: Timetable, now: datetime) -> Overdue:
    over = passed(job, gate, times, now, kept(job.missed))
    live = [instant for instant in over.listed if times.removal(instant) is None]
    left_out = len(over.listed) - len(live)
    unlisted = over.unlisted.count if over.unlisted else 0
    paused = over.paused.count if over.paused else 0
    if job.paused_at(now):
        return Overdue(missed=unlisted, paused=paused + len(live), left_out=left_out)
    late = sort_out(job.missed, live, times, now)
    at_once = ((late.fires, now),) if late.fires is not None else ()
    return Overdue((*late.caught_up, *at_once), len(late.missed) + unlisted, paused, left_out)


def missed_instants(
    job: Job, times: Timetable, records: Sequence[OccurrenceRecord], since: datetime
) -> tuple[list[datetime], int]:
    """The latest instants that were recorded as missed since then, ascending, and how many there are in all."""
    instants: list[datetime] = []
    count = 0
    for record in records:
        found, more = _expanded(job, times, record, since)
        instants += found
        count += more
    return sorted(set(instants))[-2 * MOST_CAUGHT_UP :], count


def _expanded(
    job: Job, times: Timetable, record: OccurrenceRecord, since: datetime
) -> tuple[list[datetime], int]:
    last, first = record.firing.nominal_at, record.first_at
    # Of a schedule that was another one then, nobody knows the times between.
    if record.count == 1 or first is None or last <= job.scheduled_from:
        return ([last], 1) if last >= since else ([], 0)
    tally = count_and_tail(times.schedules, just_before(max(first, since)), last, 2 * MOST_CAUGHT_UP)
    found = [instant for instant in tally.tail if times.removal(instant) is None]
    return found, tally.count - (len(tally.tail) - len(found))


def made_up_for(records: Sequence[OccurrenceRecord], gate: Gate) -> Iterator[datetime]:
    """What backfills have fired, or are about to fire."""
    for record in records:
        if record.firing.kind is TriggerKind.BACKFILL:
            yield record.firing.nominal_at
    for backfill in gate.backfills:
        yield from backfill.instants


def overdue_answer(found: Overdue, clock: Clock) -> Wire:
    fire = [{"at": rfc3339(at), "starts_at": rfc3339(starts_at)} for at, starts_at in found.fire]
    return {"fire": fire, "missed": found.missed, "sentence": _overdue_words(found, clock)}


def _overdue_words(found: Overdue, clock: Clock) -> str:
    parts = []
    if found.fire:
        first = clock.brief(min(starts_at for _, starts_at in found.fire))
        when = f"on {first}" if len(found.fire) == 1 else f"the first on {first}"
        parts.append(f"{_counted(len(found.fire), 'fires', 'fire')}, {when}")
    if found.missed:
        parts.append(f"{_counted(found.missed, 'is', 'are')} recorded as missed")
    if found.paused:
        parts.append(f"{_counted(found.paused, 'is', 'are')} skipped, since the job is or was paused")
    if found.left_out:
        parts.append(f"{_counted(found.left_out, 'is', 'are')} left out by dates, blackouts or calendars")
    if not parts:
        return "Nothing is due that has not been decided."
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def recorded_answer(found: Recorded, terms: Terms) -> Wire:
    fire = [{"at": rfc3339(at)} for at in found.fire]
    return {"fire": fire, "count": found.count, "sentence": _recorded_words(found, terms)}


def _recorded_words(found: Recorded, terms: Terms) -> str:
    within = f"in the last {span(terms.window)}"
    if not found.count:
        return f"Nothing is recorded as missed {within} that has not run since."
    of_them = f"{_counted(found.count, 'is', 'are')} recorded as missed {within}"
    if len(found.fire) < found.count:
        latest = "latest" if len(found.fire) == 1 else f"latest {len(found.fire)}"
        return f"{of_them[0].upper()}{of_them[1:]}; the {latest} would run now."
    return f"{of_them[0].upper()}{of_them[1:]} and would run now."


def _counted(number: int, one: str, several: str) -> str:
    return f"one {one}" if number == 1 else f"{number:,} {several}"
