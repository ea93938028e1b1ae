"""Environments: what sets them apart from other things that people name."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import Environment, EnvironmentSpec, NetworkRules, SealedSecret
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.environments import implied
from lamplighter_gateway.jobs.checks import check_calendars
from lamplighter_gateway.jobs.places import moves
from lamplighter_gateway.named.strays import strays
from lamplighter_gateway.named.things import (
    Fields,
    Sort,
    Thing,
    id_taken,
    jobs_that_live,
    strangers,
    validated,
)
from lamplighter_schedules import ScheduleError, parse_blackout, parse_dates
from lamplighter_schedules.zones import read_zone

_ANSWERED = frozenset(
    {"environment_id", "revision", "created_at", "updated_at", "ready", "ready_reason", "secrets", "warnings"}
)
_PLACES = {"exclude_dates": "dates", "blackouts": "blackouts", "calendars": "calendars"}
"""The flat fields that are parts of `exclusions`."""
_NAMES = {f"exclusions.{place}": field for field, place in _PLACES.items()}

FLAT = (set(EnvironmentSpec.model_fields) - {"exclusions"}) | _PLACES.keys()
"""The fields that a request may have, and an answer has."""


def flat(environment: Environment) -> Fields:
    """In JSON's own types."""
    fields = environment.model_dump(mode="json", exclude={"exclusions"})
    exclusions = environment.exclusions.model_dump(mode="json")
    return fields | {field: exclusions[place] for field, place in _PLACES.items()}


def secrets_of(catalog: Catalog, environment_id: str) -> list[SealedSecret]:
    """By name."""
    found = [secret for secret in catalog.all(SealedSecret) if secret.environment_id == environment_id]
    return sorted(found, key=lambda secret: secret.name)


def _read(body: Mapping[str, Any], before: Thing | None, catalog: Catalog) -> Fields:
    """A null is a field left out."""
    errors = [*strangers(body, FLAT, _ANSWERED), *strays(EnvironmentSpec, body)]
    kept = flat(before) if isinstance(before, Environment) else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None and name in FLAT}
    exclusions = {place: given.pop(field) for field, place in _PLACES.items() if field in given}
    spec = validated(EnvironmentSpec, {**given, "exclusions": exclusions}, errors, _NAMES)
    if spec is not None:
        errors += _check(spec, catalog)
    if errors or spec is None:
        raise InvalidInput(errors)
    return {name: getattr(spec, name) for name in EnvironmentSpec.model_fields}


def _check(spec: EnvironmentSpec, catalog: Catalog) -> Iterator[FieldError]:
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
    yield from _check_ranges(spec.network)


def _check_ranges(rules: NetworkRules) -> Iterator[FieldError]:
    for place, text in enumerate(rules.ranges):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            yield FieldError(field=f"network.ranges.{place}", problem=f"is {text!r}, {_what_is_wrong(text)}")


def _what_is_wrong(text: str) -> str:
    try:
        return f"which has bits beyond its prefix: did you mean '{ipaddress.ip_network(text, strict=False)}'?"
    except ValueError:
        return "which is no address and no range, such as '10.0.0.0/8'"


def _users(catalog: Catalog, name: str) -> list[str]:
    jobs = [f"job {job.job_id!r}" for job in jobs_that_live(catalog) if job.environment == name]
    agents = [f"agent {agent.agent_id!r}" for agent in catalog.all(Agent) if agent.environment == name]
    teams = [f"team {team.team_id!r}" for team in catalog.all(Team) if team.environment == name]
    return [*jobs, *agents, *teams, *(f"its secret {secret.name!r}" for secret in secrets_of(catalog, name))]


def _guard(before: Thing | None, after: Thing | None, catalog: Catalog) -> None:
    """Secrets of an environment that nobody has made are of the project of that name, also where nothing else is left
    of it: another project's would come to have them with the name."""
    if before is not None or not isinstance(after, Environment) or after.project == after.environment_id:
        return
    if secrets_of(catalog.whole, after.environment_id):
        raise id_taken(after.environment_id)


ENVIRONMENTS = Sort(
    "environment",
    Environment,
    _read,
    _users,
    implied=implied,
    guard=_guard,
    consequences=moves,
    fields=frozenset(FLAT),
)
