"""Environments: what sets them apart from other things that people name, and the jobs that follow their queue."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, DEFAULT_QUEUE, Environment
from lamplighter_contracts.fields import Description, EnvName, Model, Name, Slug
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.timing import Exclusions
from lamplighter_gateway.catalog import Catalog, Write, key_of
from lamplighter_gateway.checks import check_calendars
from lamplighter_gateway.named import Fields, Sort, Thing, jobs_that_live, strangers, validated
from lamplighter_schedules import ScheduleError, parse_blackout, parse_dates
from lamplighter_schedules.zones import read_zone

MOST_AT_ONCE = 400
MOST_BYTES_AT_ONCE = 4 << 20
"""The most jobs, and the most of them as JSON, that one batch moves to another queue."""

_ANSWERED = frozenset({"environment_id", "revision", "created_at", "updated_at"})
_PLACES = {"exclude_dates": "dates", "blackouts": "blackouts", "calendars": "calendars"}
"""The flat fields that are parts of `exclusions`."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class _Spec(Model):
    name: Name
    description: Description = ""
    queue: Slug = DEFAULT_QUEUE
    variables: dict[EnvName, str] = Field(default_factory=dict)
    timezone: str = "UTC"
    exclusions: Exclusions = Exclusions()


FLAT = (set(_Spec.model_fields) - {"exclusions"}) | _PLACES.keys()
"""The fields that a request may have, and an answer has."""


def flat(environment: Environment) -> Fields:
    """In JSON's own types."""
    fields = environment.model_dump(mode="json", exclude={"exclusions"})
    exclusions = environment.exclusions.model_dump(mode="json")
    return fields | {field: exclusions[place] for field, place in _PLACES.items()}


def moves(environment: Thing, catalog: Catalog, now: datetime) -> list[Write]:
    """The jobs of the environment that wait on another queue than its own, each as its next revision; some of them
    where they are many. A job carries the queue, so that whatever is due says by itself who may run it."""
    assert isinstance(environment, Environment)
    writes, size = list[Write](), 0
    for job in jobs_that_live(catalog):
        if job.environment != environment.environment_id or job.queue == environment.queue:
            continue
        size += len(job.model_dump_json())
        if writes and (len(writes) == MOST_AT_ONCE or size > MOST_BYTES_AT_ONCE):
            break
        writes.append(_moved(job, environment.queue, catalog, now))
    return writes


def move(job: Job, catalog: Catalog, now: datetime) -> list[Write]:
    """The same for one job."""
    queue = queue_of(job, catalog)
    return [] if job.queue == queue or job.deleted_at else [_moved(job, queue, catalog, now)]


def queue_of(job: JobSpec, catalog: Catalog) -> str:
    environment = catalog.find(Environment, job.environment)
    return environment.queue if environment else DEFAULT_QUEUE


def _moved(job: Job, queue: str, catalog: Catalog, now: datetime) -> Write:
    moved = job.model_copy(update={"queue": queue, "updated_at": now})
    return catalog.following(key_of(Job, job.job_id), moved)


def _read(body: Mapping[str, Any], before: Thing | None, catalog: Catalog) -> Fields:
    """A null is a field left out."""
    errors = strangers(body, FLAT, _ANSWERED)
    kept = flat(before) if isinstance(before, Environment) else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None and name in FLAT}
    exclusions = {place: given.pop(field) for field, place in _PLACES.items() if field in given}
    names = {f"exclusions.{place}": field for field, place in _PLACES.items()}
    spec = validated(_Spec, {**given, "exclusions": exclusions}, errors, names)
    if spec is not None:
        errors += _check(spec, catalog)
    if errors or spec is None:
        raise InvalidInput(errors)
    return {name: getattr(spec, name) for name in _Spec.model_fields}


def _check(spec: _Spec, catalog: Catalog) -> Iterator[FieldError]:
    readings = [
        ("timezone", read_zone, (spec.timezone,)),
        ("exclude_dates", parse_dates, spec.exclusions.dates),
        ("blackouts", parse_blackout, spec.exclusions.blackouts),
    ]
    for field, read, texts in readings:
        for text in texts:
            try:
                read(text)
            except ScheduleError as wrong:
                yield FieldError(field=field, problem=wrong.problem)
    yield from check_calendars(spec.exclusions.calendars, catalog)


def _users(catalog: Catalog, name: str) -> list[str]:
    jobs = [f"job {job.job_id!r}" for job in jobs_that_live(catalog) if job.environment == name]
    return jobs + [f"agent {agent.agent_id!r}" for agent in catalog.all(Agent) if agent.environment == name]


_DEFAULT = Environment(
    environment_id=DEFAULT_ENVIRONMENT, name="Default", created_at=_LONG_AGO, updated_at=_LONG_AGO
)

ENVIRONMENTS = Sort("environment", Environment, _read, _users, implied=_DEFAULT, consequences=moves)
