"""Who can do the work: what sets agents and teams apart from other things that people name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from lamplighter_contracts.agents import Agent, AgentSpec, Team, TeamSpec
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor
from lamplighter_contracts.problems import FieldError, InvalidInput
from lamplighter_contracts.runners import BUILT_IN, MAY_LEAD
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.jobs.checks import check_environment, missing
from lamplighter_gateway.jobs.places import moves
from lamplighter_gateway.named.strays import strays
from lamplighter_gateway.named.things import Fields, Sort, Thing, jobs_that_live, strangers, validated

_ANSWERED = frozenset({"agent_id", "team_id", "revision", "created_at", "updated_at", "warnings"})

Check = Callable[[Mapping[str, Any], Thing | None, Catalog], Iterable[FieldError]]


def _read(
    spec: type[AgentSpec] | type[TeamSpec],
    check: Check,
    body: Mapping[str, Any],
    before: Thing | None,
    catalog: Catalog,
) -> Fields:
    """A null is a field left out."""
    known = set(spec.model_fields)
    errors = [*strangers(body, known, _ANSWERED), *_nested_strays(spec, body)]
    kept = before.model_dump(include=known) if before else {}
    given = {name: value for name, value in {**kept, **body}.items() if value is not None}
    if spec is AgentSpec and given.get("project"):
        # The environment that every project has is the one of its own name.
        given.setdefault("environment", given["project"])
    invalid = list[FieldError]()
    read = validated(spec, given, invalid)
    for more in (invalid, list(check(given, before, catalog))):
        named = {error.field for error in errors}
        errors += [error for error in more if error.field not in named]
    if errors or read is None:
        raise InvalidInput(errors)
    return {name: getattr(read, name) for name in known}


def _nested_strays(spec: type[AgentSpec] | type[TeamSpec], body: Mapping[str, Any]) -> list[FieldError]:
    """A runner of a kind that a package adds has only `settings`: with other fields, its kind is a mistake."""
    found = strays(spec, body)
    kind = _kind(body)
    if kind in BUILT_IN or not any(error.field.startswith("runner.") for error in found):
        return found
    problem = f"is {kind!r}" if kind else "is missing"
    told = FieldError(field="runner.kind", problem=f"{problem}; known are {', '.join(BUILT_IN)}")
    return [told, *(error for error in found if not error.field.startswith("runner."))]


def _kind(body: Mapping[str, Any]) -> object:
    runner = body.get("runner")
    return runner.get("kind") if isinstance(runner, Mapping) else None


def _check_agent(body: Mapping[str, Any], before: Thing | None, catalog: Catalog) -> Iterator[FieldError]:
    yield from check_environment(body.get("environment"), catalog)
    if isinstance(before, Agent) and _kind(body) not in (None, "llm"):
        led = [team.team_id for team in catalog.all(Team) if team.leader == before.agent_id]
        if led:
            problem = f"must stay 'llm': the agent leads the team {led[0]!r}"
            yield FieldError(field="runner.kind", problem=problem)


def _check_team(body: Mapping[str, Any], before: Thing | None, catalog: Catalog) -> Iterator[FieldError]:
    members, leader = body.get("members"), body.get("leader")
    listed = members if isinstance(members, list | tuple) else ()
    places = {f"members.{place}": member for place, member in enumerate(listed)}
    places |= {"leader": leader, "merger": body.get("merger")}
    known = [agent.agent_id for agent in catalog.all(Agent)]
    for place, name in places.items():
        if isinstance(name, str) and name not in known:
            yield missing(place, "agent", name, known)
    if isinstance(leader, str):
        yield from _check_leader(leader, listed, catalog)
    if body.get("environment") is not None:
        yield from check_environment(body["environment"], catalog)


def _check_leader(leader: str, members: Iterable[object], catalog: Catalog) -> Iterator[FieldError]:
    agent = catalog.find(Agent, leader)
    if agent is not None and not isinstance(agent.runner, MAY_LEAD):
        problem = (
            f"names {leader!r}, whose runner is {agent.runner.kind!r}: a leader needs one of the kind 'llm'"
        )
        yield FieldError(field="leader", problem=problem)
    elif leader in members:
        problem = f"names {leader!r}, which is a member too: an agent cannot be given itself"
        yield FieldError(field="leader", problem=problem)


def _agent_users(catalog: Catalog, name: str) -> list[str]:
    jobs = [f"job {j.job_id!r}" for j in jobs_that_live(catalog) if _uses_agent(j, name)]
    return jobs + [f"team {t.team_id!r}" for t in catalog.all(Team) if name in t.everyone]


def _team_users(catalog: Catalog, name: str) -> list[str]:
    executors = ((job, job.executor) for job in jobs_that_live(catalog))
    return [
        f"job {j.job_id!r}" for j, who in executors if isinstance(who, TeamExecutor) and who.team_id == name
    ]


def _uses_agent(job: Job, name: str) -> bool:
    match job.executor:
        case AgentExecutor(agent_id=agent_id):
            return agent_id == name
        case SmartExecutor(fallback=fallback):
            return fallback == name
        case TeamExecutor():
            return False


AGENTS = Sort(
    "agent",
    Agent,
    partial(_read, AgentSpec, _check_agent),
    _agent_users,
    consequences=moves,
    fields=frozenset(AgentSpec.model_fields),
)
TEAMS = Sort(
    "team",
    Team,
    partial(_read, TeamSpec, _check_team),
    _team_users,
    consequences=moves,
    fields=frozenset(TeamSpec.model_fields),
)
