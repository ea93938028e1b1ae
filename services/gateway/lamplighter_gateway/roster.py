"""Who can do the work: what becomes of agents and of teams, which differ only in their `Sort`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lamplighter_contracts.agents import Agent, AgentSpec, Team, TeamSpec
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, Environment
from lamplighter_contracts.fields import Slug
from lamplighter_contracts.jobs import AgentExecutor, Job, TeamExecutor
from lamplighter_contracts.problems import FieldError, InvalidInput, from_validation
from lamplighter_gateway.catalog import Catalog, Key, Write, key_of
from lamplighter_gateway.checks import missing
from lamplighter_gateway.preconditions import match_revision
from lamplighter_gateway.problems import Problem, not_found

_ANSWERED = frozenset({"agent_id", "team_id", "revision", "created_at", "updated_at"})
"""Fields of an answer. A client may send a whole answer back: these are passed over."""

_NAMED_IN_FULL = 3
_SLUG: TypeAdapter[str] = TypeAdapter(Slug)


@dataclass(frozen=True)
class Sort:
    """What sets agents and teams apart."""

    word: str
    item: type[Agent] | type[Team]
    spec: type[AgentSpec] | type[TeamSpec]
    check: Callable[[Mapping[str, Any], Catalog], list[FieldError]]
    users: Callable[[Catalog, str], list[str]]

    @property
    def id_field(self) -> str:
        return f"{self.word}_id"

    def key(self, name: str) -> Key:
        return key_of(self.item, name)


@dataclass(frozen=True)
class Roster:
    """Decides over the catalog at an instant. Raises `Problem` and `InvalidInput`, and never writes."""

    sort: Sort
    catalog: Catalog
    now: datetime
    if_match: int | None = None

    def create(self, name: str, body: Mapping[str, Any]) -> list[Write]:
        spec = self._read(body)
        if self.catalog.find(self.sort.item, name) is not None:
            raise self._exists(name)
        times = {"created_at": self.now, "updated_at": self.now}
        item = self.sort.item.model_validate({**_fields(spec), self.sort.id_field: name, **times})
        return [self.catalog.following(self.sort.key(name), item)]

    def change(self, name: str, body: Mapping[str, Any]) -> list[Write]:
        before = self._matching(name)
        spec = self._read({**before.model_dump(include=set(self.sort.spec.model_fields)), **body})
        after = before.model_copy(update={**_fields(spec), "updated_at": self.now})
        return [self.catalog.following(self.sort.key(name), after)]

    def delete(self, name: str) -> list[Write]:
        self._matching(name)
        if users := self.sort.users(self.catalog, name):
            raise self._in_use(name, users)
        return [self.catalog.following(self.sort.key(name), None)]

    def find(self, name: str) -> Agent | Team:
        found: Agent | Team | None = self.catalog.find(self.sort.item, name)
        if found is None:
            raise not_found(self.sort.word, name)
        return found

    def _matching(self, name: str) -> Agent | Team:
        found = self.find(name)
        match_revision(name, self.if_match, found.revision)
        return found

    def _read(self, body: Mapping[str, Any]) -> AgentSpec | TeamSpec:
        """Raises `InvalidInput` with everything that is wrong. A null is a field left out."""
        given = {name: value for name, value in body.items() if value is not None}
        known = [*self.sort.spec.model_fields, "id"]
        errors = [_stranger(name, known) for name in given if name not in _ANSWERED and name not in known]
        spec = None
        try:
            spec = self.sort.spec.model_validate(given)
        except ValidationError as invalid:
            errors += from_validation(invalid)
        named = {error.field for error in errors}
        errors += [e for e in self.sort.check(given, self.catalog) if e.field not in named]
        if errors or spec is None:
            raise InvalidInput(errors)
        return spec

    def _exists(self, name: str) -> Problem:
        word = self.sort.word
        error = FieldError(field="id", problem=f"{name!r} is taken by another {word}; choose another id")
        return Problem("conflict", f"There is already a {word} {name!r}.", errors=[error])

    def _in_use(self, name: str, users: list[str]) -> Problem:
        more = len(users) - _NAMED_IN_FULL
        named = ", ".join(users[:_NAMED_IN_FULL]) + (f" and {more} more" if more > 0 else "")
        return Problem("conflict", f"The {self.sort.word} {name!r} is used by {named}: change those first.")


def chosen_id(body: Mapping[str, Any], field: str, made: str) -> str:
    """The id that the body asks for, in `id` or `field`, else `made`. Raises `InvalidInput` for one that is no slug."""
    name = "id" if body.get("id") is not None else field
    given = body.get(name)
    if given is None:
        return made
    try:
        return _SLUG.validate_python(given)
    except ValidationError as invalid:
        problems = [FieldError(field=name, problem=e.problem) for e in from_validation(invalid)]
        raise InvalidInput(problems) from invalid


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
    jobs = [f"job {j.job_id!r}" for j in _jobs(catalog) if _is_agent(j, name)]
    return jobs + [f"team {t.team_id!r}" for t in catalog.all(Team) if name in t.members]


def _team_users(catalog: Catalog, name: str) -> list[str]:
    executors = ((job, job.executor) for job in _jobs(catalog))
    return [
        f"job {j.job_id!r}" for j, who in executors if isinstance(who, TeamExecutor) and who.team_id == name
    ]


def _is_agent(job: Job, name: str) -> bool:
    return isinstance(job.executor, AgentExecutor) and job.executor.agent_id == name


def _jobs(catalog: Catalog) -> list[Job]:
    return [job for job in catalog.all(Job) if job.deleted_at is None]


def _stranger(name: str, known: list[str]) -> FieldError:
    return FieldError(field=name, problem=f"is not known; known are {', '.join(sorted(known))}")


def _fields(spec: AgentSpec | TeamSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in type(spec).model_fields}


AGENTS = Sort("agent", Agent, AgentSpec, _check_agent, _agent_users)
TEAMS = Sort("team", Team, TeamSpec, _check_team, _team_users)
