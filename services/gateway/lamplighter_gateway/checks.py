"""What is wrong with a job in view of the catalog: schedules, zone, executor, environment.

Looks at the fields one by one, so that these are found also in a body whose other fields are wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, Environment
from lamplighter_contracts.jobs import AgentExecutor, JobSpec, SmartExecutor, TeamExecutor
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.catalog import Catalog
from lamplighter_schedules import ScheduleError, parse


@dataclass(frozen=True)
class Wanted:
    """The fields of a job that only the catalog and the calendar can judge."""

    schedules: tuple[str, ...] = ()
    timezone: str = "UTC"
    agent_id: str | None = None
    team_id: str | None = None
    smart: bool = False
    environment: str = DEFAULT_ENVIRONMENT


def wanted_of_spec(spec: JobSpec) -> Wanted:
    executor = spec.executor
    return Wanted(
        schedules=spec.schedules,
        timezone=spec.timezone,
        agent_id=executor.agent_id if isinstance(executor, AgentExecutor) else None,
        team_id=executor.team_id if isinstance(executor, TeamExecutor) else None,
        smart=isinstance(executor, SmartExecutor),
        environment=spec.environment,
    )


def wanted_of_body(body: Mapping[str, Any], before: Wanted = Wanted()) -> Wanted:
    """As much as can be told of a body that is wrong elsewhere; `before` is what a change lies on."""
    one = _text(body, "schedule", "cron_schedule")
    several = body.get("schedules")
    listed = tuple(s for s in several if isinstance(s, str)) if isinstance(several, list) else ()
    entity = _text(body, "entity_id")
    kinds = {kind for kind in (_text(body, "planning_mode"), _text(body, "entity_type")) if kind}
    return Wanted(
        schedules=listed or ((one,) if one else before.schedules),
        timezone=_text(body, "timezone", "cron_timezone") or before.timezone,
        agent_id=_text(body, "agent_id") or (entity if {"predefined_agent", "agent"} & kinds else None),
        team_id=_text(body, "team_id") or (entity if {"predefined_team", "team"} & kinds else None),
        smart=body.get("smart") is True or "on_the_fly" in kinds,
        environment=_text(body, "environment", "environment_name") or before.environment,
    )


def _text(body: Mapping[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := body.get(name), str) and value), None)


def check(wanted: Wanted, catalog: Catalog) -> list[FieldError]:
    """Every field that cannot be. Empty means the job can run."""
    return [
        *_check_schedules(wanted),
        *_check_executor(wanted, catalog),
        *_check_environment(wanted, catalog),
    ]


def _check_schedules(wanted: Wanted) -> Iterator[FieldError]:
    # Without a schedule the zone is still read, so that a wrong one does not wait for the schedule to come.
    seen: set[str] = set()
    for expression in wanted.schedules or ("0 * * * *",):
        try:
            parse(expression, wanted.timezone)
        except ScheduleError as error:
            if error.problem not in seen:
                yield FieldError(field=error.field, problem=error.problem)
            seen.add(error.problem)


def _check_executor(wanted: Wanted, catalog: Catalog) -> Iterator[FieldError]:
    if wanted.smart:
        problem = "is not available yet: name an agent (agent_id) or a team (team_id)"
        yield FieldError(field="smart", problem=problem)
    if wanted.agent_id is not None and catalog.find(Agent, wanted.agent_id) is None:
        yield missing("agent_id", "agent", wanted.agent_id, [a.agent_id for a in catalog.all(Agent)])
    if wanted.team_id is not None and catalog.find(Team, wanted.team_id) is None:
        yield missing("team_id", "team", wanted.team_id, [t.team_id for t in catalog.all(Team)])


def _check_environment(wanted: Wanted, catalog: Catalog) -> Iterator[FieldError]:
    name = wanted.environment
    if name != DEFAULT_ENVIRONMENT and catalog.find(Environment, name) is None:
        known = [DEFAULT_ENVIRONMENT, *(e.environment_id for e in catalog.all(Environment))]
        yield missing("environment", "environment", name, known)


def missing(field: str, kind: str, name: str, known: Sequence[str]) -> FieldError:
    """There is no such `kind`; with the nearest name, if one is near."""
    near = get_close_matches(name, known, n=1)
    hint = f": did you mean {near[0]!r}?" if near else ""
    return FieldError(field=field, problem=f"names the {kind} {name!r}, which does not exist{hint}")
