"""Where jobs run: the environment that they name or have from their executor, and its queue.

A job carries both, so that whatever is due says by itself who may run it. When an environment, an agent or a team
changes, the jobs that follow it are written anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment
from lamplighter_contracts.jobs import AgentExecutor, Job, JobSpec, SmartExecutor, TeamExecutor
from lamplighter_gateway.catalog.contents import Catalog, Key, Write, key_of

MOST_AT_ONCE = 400
MOST_BYTES_AT_ONCE = 4 << 20
"""The most jobs, and the most of them as JSON, that one batch moves to another place."""

Thing = Agent | Team | Environment
T = TypeVar("T", Agent, Team, Environment)
S = TypeVar("S", bound=JobSpec)


@dataclass(frozen=True)
class Place:
    environment: str
    queue: str


@dataclass(frozen=True)
class Places:
    """By the catalog, as it is once `changed` is written."""

    catalog: Catalog
    changed: BaseModel | None = None

    def of(self, job: JobSpec) -> Place:
        name = self.of_executor(job) if job.inherits_environment else job.environment
        environment = self._find(Environment, name, job.project)
        return Place(name, environment.queue if environment else DEFAULT_QUEUE)

    def of_executor(self, job: JobSpec) -> str:
        """The environment that a job has of which nobody said one. Of a smart one that of the project's own name, until
        it is chosen."""
        match job.executor:
            case AgentExecutor(agent_id=agent_id):
                return self._of_agent(agent_id, job.project)
            case TeamExecutor(team_id=team_id):
                team = self._find(Team, team_id, job.project)
                if team is None:
                    return job.project
                return team.environment or self._of_agent(_first(team), job.project)
            case SmartExecutor():
                return job.project

    def stands_on(self, job: JobSpec) -> Iterator[Key]:
        """What has a say in where the job runs."""
        match job.executor:
            case AgentExecutor(agent_id=agent_id) if job.inherits_environment:
                yield key_of(Agent, agent_id)
            case TeamExecutor(team_id=team_id) if job.inherits_environment:
                yield key_of(Team, team_id)
                if team := self._find(Team, team_id, job.project):
                    yield key_of(Agent, _first(team))
        yield key_of(Environment, self.of(job).environment)

    def _of_agent(self, agent_id: str, project: str) -> str:
        agent = self._find(Agent, agent_id, project)
        return agent.environment if agent else project

    def _find(self, model: type[T], name: str, project: str) -> T | None:
        is_it = isinstance(self.changed, model) and _name(self.changed) == name
        found = self.changed if is_it else self.catalog.find(model, name)
        assert found is None or isinstance(found, model)
        return found if found is not None and found.project == project else None


def placed(job: S, catalog: Catalog) -> S:
    """With the environment that it inherits, if it does, and where it is a job, not only a description, its queue."""
    place = Places(catalog).of(job)
    update = {"environment": place.environment} | ({"queue": place.queue} if isinstance(job, Job) else {})
    return job.model_copy(update=update)


def moves(thing: BaseModel, catalog: Catalog, now: datetime) -> list[Write]:
    """The jobs that run at another place once `thing` is written, each as its next revision; some of them where they
    are many."""
    places = Places(catalog, thing)
    writes, size = list[Write](), 0
    for job in catalog.all(Job):
        place = places.of(job)
        if job.deleted_at is not None or place == Place(job.environment, job.queue):
            continue
        size += len(job.model_dump_json())
        if writes and (len(writes) == MOST_AT_ONCE or size > MOST_BYTES_AT_ONCE):
            break
        writes.append(_moved(job, place, catalog, now))
    return writes


def move(job: Job, catalog: Catalog, now: datetime) -> list[Write]:
    """The same for one job."""
    place = Places(catalog).of(job)
    return (
        []
        if place == Place(job.environment, job.queue) or job.deleted_at
        else [_moved(job, place, catalog, now)]
    )


def _moved(job: Job, place: Place, catalog: Catalog, now: datetime) -> Write:
    update = {"environment": place.environment, "queue": place.queue, "updated_at": now}
    return catalog.following(key_of(Job, job.job_id), job.model_copy(update=update))


def _first(team: Team) -> str:
    return team.leader or team.members[0]


def _name(thing: Thing) -> str:
    match thing:
        case Agent(agent_id=name) | Team(team_id=name) | Environment(environment_id=name):
            return name
