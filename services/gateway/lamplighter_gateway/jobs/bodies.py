"""The job that a body describes, with everything that is wrong with it found at once."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lamplighter_contracts.dialects import change_job, parse_job
from lamplighter_contracts.jobs import Job, JobSpec
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.homes import read_project
from lamplighter_gateway.catalog.views import within
from lamplighter_gateway.jobs.checks import check
from lamplighter_gateway.jobs.places import placed
from lamplighter_gateway.jobs.schema import example_of
from lamplighter_gateway.jobs.surroundings import surroundings
from lamplighter_gateway.jobs.timing_checks import check_reach
from lamplighter_gateway.jobs.wanted import NOTHING, Wanted, wanted_of_body, wanted_of_spec
from lamplighter_planning.clock_words import length
from lamplighter_planning.timetable import Timetable, timetable

_BOUND = re.compile(r"equal to (\d{3,})$", re.ASCII)
_SPELLINGS = {
    "schedule": "cron_schedule",
    "timezone": "cron_timezone",
    "prompt": "prompt_template",
    "environment": "environment_name",
    "agent_id": "entity_id",
    "team_id": "entity_id",
    "timeout_seconds": "config.timeout",
    "retry_attempts": "config.retry_policy.max_attempts",
    "retry_first_seconds": "config.retry_policy.backoff",
    "variables": "execution_environment.env_vars",
    "secrets": "execution_environment.secrets",
}
"""A field's name in the flat shape, and its place in the server shape."""

TIMING = frozenset(
    {
        "project",
        "schedule",
        "schedules",
        "seconds",
        "timezone",
        "starts_at",
        "ends_at",
        "max_runs",
        "exclude_dates",
        "blackouts",
        "calendars",
        "environment",
        "spread_seconds",
        "jitter_seconds",
        "cron_schedule",
        "cron_timezone",
        "environment_name",
    }
)
"""What a body may say that is about times alone."""


_SOME_JOB = {"name": "preview", "prompt": "preview", "agent_id": "preview"}


Change = Callable[[JobSpec, Mapping[str, Any]], JobSpec]


def read_job(
    body: Mapping[str, Any],
    before: Job | None,
    catalog: Catalog,
    now: datetime,
    change: Change = change_job,
) -> JobSpec:
    """A new job, or `before` as the body changes or replaces it. Raises `InvalidInput`."""
    known = wanted_of_spec(before) if before else NOTHING
    spec, errors = None, list[FieldError]()
    project = read_project(body, before.project if before else None, catalog, errors)
    here = catalog if project is None else within(catalog, project)
    told = {**body, "project": project}
    try:
        spec = placed(parse_job(told) if before is None else change(before, told), here)
        wanted = wanted_of_spec(spec)
    except InvalidInput as refused:
        errors += [_with_example(error) for error in refused.errors]
        wanted = wanted_of_body(body, known if change is change_job else NOTHING)
    return _Judge(body, before, here, now).approved(spec, errors, wanted)


def read_timing(body: Mapping[str, Any], catalog: Catalog, now: datetime) -> JobSpec:
    """A job of which only the times count. Raises `InvalidInput` for what would be refused where it is saved."""
    listed = ", ".join(sorted(TIMING))
    strange = sorted(body.keys() - TIMING)
    errors = [FieldError(field=name, problem=f"is not known; known are {listed}") for name in strange]
    timing = {name: value for name, value in body.items() if name in TIMING}
    project = read_project(body, None, catalog, errors)
    here = catalog if project is None else within(catalog, project)
    spec = None
    try:
        somewhere = {} if project is None or _names_environment(timing) else {"environment": project}
        spec = parse_job({**timing, **_SOME_JOB, **somewhere, "project": project})
    except InvalidInput as refused:
        errors += [_with_example(error) for error in refused.errors]
    wanted = replace(wanted_of_spec(spec) if spec else wanted_of_body(timing), agent_id=None)
    if not (wanted.schedules or errors):
        errors.append(FieldError(field="schedule", problem="is missing: give one, such as '0 9 * * *'"))
    return _Judge(body, None, here, now).approved(spec, errors, wanted)


def check_again(job: Job, catalog: Catalog, now: datetime) -> None:
    """Whether a job of before can still be what it was. Raises `InvalidInput`."""
    wanted = wanted_of_spec(job)
    if errors := check(wanted, wanted, within(catalog, job.project), now):
        raise InvalidInput(errors)


def _names_environment(body: Mapping[str, Any]) -> bool:
    return any(body.get(name) is not None for name in ("environment", "environment_name"))


@dataclass(frozen=True)
class _Judge:
    body: Mapping[str, Any]
    before: Job | None
    catalog: Catalog
    now: datetime

    def approved(self, spec: JobSpec | None, errors: list[FieldError], wanted: Wanted) -> JobSpec:
        known = wanted_of_spec(self.before) if self.before else NOTHING
        errors = _added(errors, check(wanted, known, self.catalog, self.now))
        readable = TIMING.isdisjoint(error.field for error in errors)
        if readable and spec is not None and (self.before is None or _timing(spec) != _timing(self.before)):
            errors = _added(errors, check_reach(spec, self._times(spec), self.now))
        if errors or spec is None:
            raise InvalidInput([_in_the_callers_words(error, self.body) for error in errors])
        return spec

    def _times(self, spec: JobSpec) -> Timetable:
        return timetable(spec, "", surroundings(spec, self.catalog))


def _timing(spec: JobSpec) -> tuple[object, ...]:
    return spec.schedules, spec.timezone, spec.window, spec.exclusions, spec.environment


def _added(errors: list[FieldError], more: Iterable[FieldError]) -> list[FieldError]:
    """Of a field that is wrong already nothing more is said."""
    named = {error.field for error in errors}
    return [*errors, *(error for error in more if error.field not in named)]


def _with_example(error: FieldError) -> FieldError:
    example = example_of(error.field)
    if example is None or "such as" in error.problem or error.problem.startswith("is missing"):
        return error
    return error.model_copy(update={"problem": f"{error.problem}{_in_units(error)}, such as {example}"})


def _in_units(error: FieldError) -> str:
    """` (30 days)` after a bound of so many seconds."""
    bound = _BOUND.search(error.problem) if error.field.endswith("_seconds") else None
    return f" ({length(timedelta(seconds=int(bound[1])))})" if bound else ""


def _in_the_callers_words(error: FieldError, body: Mapping[str, Any]) -> FieldError:
    field, point, below = error.field.partition(".")
    other = _SPELLINGS.get(field, "")
    if other.partition(".")[0] in body and field not in body:
        return error.model_copy(update={"field": f"{other}{point}{below}"})
    return error
