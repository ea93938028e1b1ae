"""Backfills: what is ordered, what it comes to, and how it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field, StrictBool, ValidationError

from lamplighter_contracts.events import BackfillCancelled, BackfillOrder, BackfillRequested
from lamplighter_contracts.fields import Instant, Model, rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.ids import subject_token
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_contracts.queries import BackfillRecord
from lamplighter_gateway.jobs.upcoming import removal_answer
from lamplighter_gateway.web.instants import STRANGE, is_strange
from lamplighter_gateway.web.problems import Problem
from lamplighter_planning.backfills import MOST_BACKFILLS
from lamplighter_planning.clock_words import Clock
from lamplighter_planning.timetable import Timetable
from lamplighter_schedules import Removal, occurrences

Wire = dict[str, Any]

MOST_OCCURRENCES = 10_000
"""In the range of one backfill, those that calendars leave out among them."""
MOST_PARALLEL = 50
SHOWN = 100

AN_INSTANT = timedelta(milliseconds=1)
"""A range begins so long after the instant that it excludes: that is how exactly instants are written."""


class BackfillBody(Model):
    """Both ends are part of the range."""

    from_: Instant = Field(alias="from")
    to: Instant
    max_parallel: int = Field(default=1, ge=1, le=MOST_PARALLEL)
    dry_run: StrictBool = False


@dataclass(frozen=True)
class Plan:
    """The occurrences of a range, and what leaves some of them out."""

    instants: tuple[tuple[datetime, Removal | None], ...]

    @property
    def total(self) -> int:
        """How many fire."""
        return sum(removal is None for _, removal in self.instants)


def read_backfill(body: Mapping[str, Any], now: datetime) -> BackfillBody:
    """Raises `InvalidInput` with everything that is wrong."""
    known = [field.alias or name for name, field in BackfillBody.model_fields.items()]
    strange = sorted(body.keys() - set(known))
    errors = [
        FieldError(field=name, problem=f"is not known; known are {', '.join(known)}") for name in strange
    ]
    try:
        asked = BackfillBody.model_validate(body)
    except ValidationError as invalid:
        raise InvalidInput([*errors, *from_validation(invalid)]) from invalid
    ends = {"from": asked.from_, "to": asked.to}
    errors += [FieldError(field=name, problem=STRANGE) for name, end in ends.items() if is_strange(end)]
    if asked.to > now:
        errors.append(
            FieldError(
                field="to", problem=f"must not be later than now, {rfc3339(now.replace(microsecond=0))}"
            )
        )
    if asked.from_ > asked.to:
        errors.append(FieldError(field="from", problem=f"must not be later than 'to', {rfc3339(asked.to)}"))
    if errors:
        raise InvalidInput(errors)
    return asked


def plan(times: Timetable, from_at: datetime, to_at: datetime) -> Plan:
    """All occurrences in the range. Raises `InvalidInput` where there are none, or too many."""
    found = occurrences(times.schedules, from_at - AN_INSTANT, to_at, MOST_OCCURRENCES + 1)
    if len(found) > MOST_OCCURRENCES:
        last = rfc3339(found[MOST_OCCURRENCES - 1])
        problem = f"makes more than {MOST_OCCURRENCES:,} occurrences, as many as may be; end at {last} at the latest"
        raise InvalidInput([FieldError(field="to", problem=problem)])
    made = Plan(tuple((instant, times.removal(instant)) for instant in found))
    if made.total == 0:
        details = [removal.detail for _, removal in made.instants if removal]
        why = f"everything up to {rfc3339(to_at)} is left out: {details[0]}" if details else None
        why = why or f"has nothing that is due up to {rfc3339(to_at)}"
        raise InvalidInput([FieldError(field="from", problem=f"{why}; choose another range")])
    return made


def backfill_id(job_id: str, key: str) -> str:
    """The same for the same key: such as `bf-` and 16 hexadecimal digits."""
    return f"bf-{subject_token(f'{job_id} {key}')[:16]}"


def check_is_scheduled(job: Job) -> None:
    """Raises `Problem`."""
    if not job.schedules:
        detail = f"The job {job.job_id!r} has no schedule, so nothing was ever due: start it with a trigger instead."
        raise Problem("conflict", detail)


def check_has_room(gate: Gate) -> None:
    """Raises `Problem` where as many are under way as may be."""
    if len(gate.backfills) >= MOST_BACKFILLS:
        many = f"{MOST_BACKFILLS} backfills of {gate.job_id!r} are under way, as many as may be"
        raise Problem("conflict", f"{many}: wait for one, or cancel one.")


def plan_answer(job: Job, asked: BackfillBody, made: Plan) -> Wire:
    clock = Clock(job.timezone)
    return {
        "job_id": job.job_id,
        "from": rfc3339(asked.from_),
        "to": rfc3339(asked.to),
        "total": made.total,
        "max_parallel": asked.max_parallel,
        "firings": [
            {"at": rfc3339(at), "local": clock.local(at), "removed": removal_answer(removal)}
            for at, removal in made.instants[:SHOWN]
        ],
    }


def order_answer(order: BackfillRequested) -> Wire:
    """What was ordered, as it was accepted first."""
    return {
        "backfill_id": order.backfill_id,
        "job_id": order.job_id,
        "from": rfc3339(order.after_at + AN_INSTANT),
        "to": rfc3339(order.until_at),
        "total": order.total,
        "max_parallel": order.max_parallel,
    }


def backfill_answer(record: BackfillRecord) -> Wire:
    told = record.model_dump(mode="json", exclude={"after_at", "until_at"})
    ends = {"from": rfc3339(record.after_at + AN_INSTANT), "to": rfc3339(record.until_at)}
    return {"id": record.backfill_id, **told, **ends}


def record_of(orders: Sequence[BackfillOrder]) -> BackfillRecord | None:
    """What is known of a backfill by its orders alone: history has not heard of it yet."""
    requested = next((order for order in orders if isinstance(order, BackfillRequested)), None)
    if requested is None:
        return None
    cancelled = any(isinstance(order, BackfillCancelled) for order in orders)
    return BackfillRecord(
        backfill_id=requested.backfill_id,
        job_id=requested.job_id,
        phase="cancelled" if cancelled else "started",
        after_at=requested.after_at,
        until_at=requested.until_at,
        fired=0,
        max_parallel=requested.max_parallel,
        requested_at=requested.requested_at,
        requested_by=requested.requested_by,
    )
