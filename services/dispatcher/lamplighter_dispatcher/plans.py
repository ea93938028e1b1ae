"""Who does the work of a job: its executor, resolved against the catalog as it is now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from lamplighter_contracts.agents import Agent, CommandRunner, Team
from lamplighter_contracts.environments import DEFAULT_ENVIRONMENT, Environment
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor


@dataclass(frozen=True, slots=True)
class Catalog:
    """The newest revisions of what a batch of jobs refers to. None: it is there and cannot be read."""

    agents: Mapping[str, Agent | None] = field(default_factory=dict)
    teams: Mapping[str, Team | None] = field(default_factory=dict)
    environments: Mapping[str, Environment | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The agents to run, in order, and the variables that each is given."""

    members: tuple[Agent, ...]
    environment: Mapping[str, str]
    job: Mapping[str, str]
    team_id: str = ""

    @property
    def agent(self) -> Agent | None:
        """The one agent, where there is no team."""
        return None if self.team_id else self.members[0]

    def variables(self, agent: Agent) -> dict[str, str]:
        """Where a name is given more than once the job outweighs the agent, and the agent the environment."""
        own = agent.runner.variables if isinstance(agent.runner, CommandRunner) else {}
        return {**self.environment, **own, **self.job}


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nobody can do it: a stable word and a sentence that say why."""

    reason: str
    detail: str


def resolve(job: Job, catalog: Catalog) -> Plan | NoPlan:
    variables = _environment(job.environment, catalog)
    if isinstance(variables, NoPlan):
        return variables
    match job.executor:
        case AgentExecutor(agent_id=agent_id):
            members = _members((agent_id,), catalog)
            team_id = ""
        case TeamExecutor(team_id=team_id):
            members = _team(team_id, catalog)
        case SmartExecutor():
            detail = "The job leaves the choice of an agent to Lamplighter, and no chooser is configured."
            return NoPlan("agent", f"{detail} Give the job an agent or a team.")
        case _:
            assert_never(job.executor)
    if isinstance(members, NoPlan):
        return members
    return Plan(members, variables, job.variables, team_id)


def _environment(environment_id: str, catalog: Catalog) -> Mapping[str, str] | NoPlan:
    environment = catalog.environments.get(environment_id)
    if environment is not None:
        return environment.variables
    # Without a word about it the default environment is there, and empty.
    if environment_id == DEFAULT_ENVIRONMENT and environment_id not in catalog.environments:
        return {}
    return NoPlan(
        "environment", f"The environment {environment_id!r} {_absence(environment_id, catalog.environments)}."
    )


def _team(team_id: str, catalog: Catalog) -> tuple[Agent, ...] | NoPlan:
    team = catalog.teams.get(team_id)
    if team is None:
        return NoPlan("team", f"The team {team_id!r} {_absence(team_id, catalog.teams)}.")
    if not team.active:
        return NoPlan("team", f"The team {team_id!r} is not active.")
    members = _members(team.members, catalog)
    if isinstance(members, NoPlan):
        return NoPlan(members.reason, f"{members.detail} It is a member of the team {team_id!r}.")
    return members


def _members(agent_ids: tuple[str, ...], catalog: Catalog) -> tuple[Agent, ...] | NoPlan:
    members = []
    for agent_id in agent_ids:
        agent = catalog.agents.get(agent_id)
        if agent is None:
            return NoPlan("agent", f"The agent {agent_id!r} {_absence(agent_id, catalog.agents)}.")
        if not agent.active:
            return NoPlan("agent", f"The agent {agent_id!r} is not active.")
        members.append(agent)
    return tuple(members)


def _absence(object_id: str, among: Mapping[str, object]) -> str:
    return "is of a kind that this dispatcher does not know" if object_id in among else "does not exist"
