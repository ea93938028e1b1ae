"""Who can do the work: what sets agents and teams apart from other things that people name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from lamplighter_contracts.agents import Agent, AgentSpec, Team, TeamSpec
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, Environment
from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_gateway.catalog import Catalog
from lamplighter_gateway.checks import missing
from lamplighter_gateway.named import Fields, Sort, Thing, jobs_that_live, strangers, validated

_ANSWERED = frozenset({"agent_id", "team_id", "revision", "created_at", "updated_at"})

Check = Callable[[Mapping[str, Any], Catalog], list[FieldError]]


def _read(
    spec: type[AgentSpec] | type[TeamSpec],
    check: Check,
    body: Mapping[str, Any],
    before: Thing | None,
    catalog: Catalog,
) -> Fields:
    """A null is a field left out."""
    known = set(spec.model_fields)
    errors = strangers(body, known, _ANSWERED)
    kept = before.model_dump(include=known) if before else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None}
    read = validated(spec, given, errors)
    named = {error.field for error in errors}
    errors += [error for error in check(given, catalog) if error.field not in named]
    if errors or read is None:
        raise InvalidInput(errors)
    return {name: getattr(read, name) for name in known}


def _check_agent(body: Mapping[str, Any], catalog: Catalog) -> list[FieldError]:
    name = body.get("environment", DEFAULT_ENVIRONMENT)
    if not isinstance(name, str) or name == DEFAULT_ENVIRONMENT or catalog.find(Environment, name):
        return []
    known = [DEFAULT_ENVIRONMENT, *(e.environment_id for e in catalog.all(Environment))]
    return [missing("environment", "environment", name, known)]


def _check_team(body: Mapping[str, Any], catalog: Catalog) -> list[FieldError]:
    members = body.get("members")
    listed = members if isinstance(members, list | tuple) else ()
    known = [agent.agent_id for agent in catalog.all(Agent)]
    return [
        missing(f"members.{place}", "agent", member, known)
        for place, member in enumerate(listed)
        if isinstance(member, str) and member not in known
    ]


def _agent_users(catalog: Catalog, name: str) -> list[str]:
    jobs = [f"job {j.job_id!r}" for j in jobs_that_live(catalog) if _is_agent(j, name)]
    return jobs + [f"team {t.team_id!r}" for t in catalog.all(Team) if name in t.members]


def _team_users(catalog: Catalog, name: str) -> list[str]:
    executors = ((job, job.executor) for job in jobs_that_live(catalog))
    return [
        f"job {j.job_id!r}" for j, who in executors if isinstance(who, TeamExecutor) and who.team_id == name
    ]


def _is_agent(job: Job, name: str) -> bool:
    return isinstance(job.executor, AgentExecutor) and job.executor.agent_id == name


AGENTS = Sort("agent", Agent, partial(_read, AgentSpec, _check_agent), _agent_users)
TEAMS = Sort("team", Team, partial(_read, TeamSpec, _check_team), _team_users)
