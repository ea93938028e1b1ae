"""Who does the work of a job: its executor, resolved against the catalog as it is now. Pure."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

from lamplighter_contracts.agents import Agent, RunLimits, Team
from lamplighter_contracts.choices import Choice
from lamplighter_contracts.environments import Environment, Readiness, SealedSecret, implied_environment
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import ToolFacts, UsageFacts, Verdict
from lamplighter_contracts.reasons import Blocked
from lamplighter_contracts.runners import MAY_LEAD, CommandRunner
from lamplighter_contracts.workers import WorkerState
from lamplighter_dispatcher.admission.bounds import lowest, of_job
from lamplighter_policies.facts import runner_secret_names


@dataclass(frozen=True, slots=True)
class Catalog:
    """The newest revisions of what a batch of jobs refers to. None: it is there and cannot be read."""

    agents: Mapping[str, Agent | None] = field(default_factory=dict)
    teams: Mapping[str, Team | None] = field(default_factory=dict)
    environments: Mapping[str, Environment | None] = field(default_factory=dict)
    secrets: Mapping[tuple[str, str], SealedSecret | None] = field(default_factory=dict)
    """By environment and name."""
    readiness: Mapping[str, Readiness] = field(default_factory=dict)
    """How the checks of environments went, as far as somebody has made them."""
    workers: tuple[WorkerState, ...] = ()
    """Only where a smart job is among the batch."""


Judge = Callable[[ToolFacts, UsageFacts, str], Awaitable[Verdict]]
"""Asked before a call of a tool: the call, what was used so far, and the id of the agent that calls."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who does the work of an execution, where, with what, and within which bounds."""

    mode: Literal["single", "sequence", "parallel", "lead"]
    members: tuple[Agent, ...]
    """In their order; of `single` the one agent; of `lead` those who are led."""
    environment: Environment
    job_variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Values by name: all that job, agents and runners name, and policies leave them."""
    job_secrets: tuple[str, ...] = ()
    """Of these, the names that the job gives to every member."""
    team: Team | None = None
    leader: Agent | None = None
    merger: Agent | None = None
    limits: RunLimits = RunLimits()
    """Of the whole execution: the job's, the team's and the policies' together."""
    choice: Choice | None = None
    verdict: Verdict | None = None
    """What policies said to its start; None where there are none."""
    judge: Judge | None = None
    """What policies say to a call of a tool, also those that are made while it runs. Where none was asked the verdict
    has no hash. None in a plan that was not admitted."""

    @property
    def agent(self) -> Agent | None:
        """The one agent, where there is no team."""
        return None if self.team else self.members[0]

    @property
    def everyone(self) -> tuple[Agent, ...]:
        others = (agent for agent in (self.leader, self.merger) if agent is not None)
        return (*self.members, *others)

    def variables(self, agent: Agent) -> dict[str, str]:
        """Where a name is given more than once the job outweighs the agent, the agent the environment, and a secret
        outweighs them all."""
        own = agent.runner.variables if isinstance(agent.runner, CommandRunner) else {}
        given = {
            name: self.secrets[name] for name in (*agent.secrets, *self.job_secrets) if name in self.secrets
        }
        return {**self.environment.variables, **own, **self.job_variables, **given}

    def runner_secrets(self, agent: Agent) -> dict[str, str]:
        """Those that the settings of its runner and its tools name."""
        return {name: self.secrets[name] for name in runner_secret_names(agent) if name in self.secrets}


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nobody can do it: a stable word and a sentence that say why."""

    reason: str
    detail: str


def resolve(job: Job, catalog: Catalog, choice: Choice | None = None) -> Plan | NoPlan:
    """Without the values of secrets, and before policies. `choice` is whom a smart job was given to. Whatever the
    catalog says, nothing of another project than the job's has a part in it."""
    environment = _environment(job, catalog)
    if isinstance(environment, NoPlan):
        return environment
    match job.executor:
        case AgentExecutor(agent_id=agent_id):
            return _single(agent_id, job, environment, catalog)
        case TeamExecutor(team_id=team_id):
            return _team(team_id, job, environment, catalog)
        case SmartExecutor():
            if choice is None or not choice.chosen:
                return NoPlan(
                    Blocked.NEEDS_CHOICE, choice.reason if choice else "Nobody has been chosen for it."
                )
            return _single(choice.chosen, job, environment, catalog, choice)
        case _:
            assert_never(job.executor)


def environment_of(job: Job, environments: Mapping[str, Environment | None]) -> Environment | None:
    """Where it runs. None where that is not there, or cannot be read."""
    if job.environment == job.project and job.environment not in environments:
        # Without a word about it the environment of the project's own name is there, and empty.
        return implied_environment(job.project)
    return environments.get(job.environment)


def _environment(job: Job, catalog: Catalog) -> Environment | NoPlan:
    name, environment = job.environment, environment_of(job, catalog.environments)
    if environment is None:
        absence = _absence(name, catalog.environments)
        return NoPlan(Blocked.ENVIRONMENT, f"The environment {name!r} {absence}.")
    if environment.project != job.project:
        return NoPlan(Blocked.ENVIRONMENT, f"The environment {name!r} {_elsewhere(job)}.")
    return environment


def _single(
    agent_id: str, job: Job, environment: Environment, catalog: Catalog, choice: Choice | None = None
) -> Plan | NoPlan:
    agent = _agent(agent_id, job, catalog)
    if isinstance(agent, NoPlan):
        return agent
    return Plan(
        "single",
        (agent,),
        environment,
        job.variables,
        job_secrets=job.secrets,
        limits=of_job(job.limits),
        choice=choice,
    )


def _team(team_id: str, job: Job, environment: Environment, catalog: Catalog) -> Plan | NoPlan:
    team = catalog.teams.get(team_id)
    if team is None:
        return NoPlan(Blocked.TEAM, f"The team {team_id!r} {_absence(team_id, catalog.teams)}.")
    if team.project != job.project:
        return NoPlan(Blocked.TEAM, f"The team {team_id!r} {_elsewhere(job)}.")
    if not team.active:
        return NoPlan(Blocked.TEAM, f"The team {team_id!r} is not active.")
    agents: dict[str, Agent] = {}
    for agent_id in team.everyone:
        agent = _agent(agent_id, job, catalog)
        if isinstance(agent, NoPlan):
            return NoPlan(agent.reason, f"{agent.detail} It is a member of the team {team_id!r}.")
        agents[agent_id] = agent
    leader = agents[team.leader] if team.leader else None
    if leader is not None and not isinstance(leader.runner, MAY_LEAD):
        detail = f"its agent {leader.agent_id!r} has the runner {leader.runner.kind!r}, which cannot lead"
        return NoPlan(
            Blocked.TEAM, f"The team {team_id!r} has no leader: {detail}. A leader needs the runner 'llm'."
        )
    return Plan(
        team.mode,
        tuple(agents[member] for member in team.members),
        environment,
        job.variables,
        job_secrets=job.secrets,
        team=team,
        leader=leader,
        merger=agents[team.merger] if team.merger else None,
        limits=lowest(of_job(job.limits), team.limits),
    )


def _agent(agent_id: str, job: Job, catalog: Catalog) -> Agent | NoPlan:
    agent = catalog.agents.get(agent_id)
    if agent is None:
        return NoPlan(Blocked.AGENT, f"The agent {agent_id!r} {_absence(agent_id, catalog.agents)}.")
    if agent.project != job.project:
        return NoPlan(Blocked.AGENT, f"The agent {agent_id!r} {_elsewhere(job)}.")
    if not agent.active:
        return NoPlan(Blocked.AGENT, f"The agent {agent_id!r} is not active.")
    return agent


def _elsewhere(job: Job) -> str:
    return f"is not of the project {job.project!r}, and the job is"


def _absence(object_id: str, among: Mapping[str, object]) -> str:
    return "is of a kind that this dispatcher does not know" if object_id in among else "does not exist"
