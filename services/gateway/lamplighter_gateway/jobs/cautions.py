"""What stands in the way of agents and jobs that are right by themselves: one sentence each. What is not known is
no obstacle."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lamplighter_choosing import Wish, contenders
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment, Readiness, SealedSecret
from lamplighter_contracts.jobs import AgentExecutor, Job, SmartExecutor, TeamExecutor
from lamplighter_contracts.workers import WorkerState
from lamplighter_gateway.catalog.contents import Catalog, secret_key
from lamplighter_gateway.catalog.views import within
from lamplighter_policies.facts import secret_names


@dataclass(frozen=True)
class Situation:
    """Who is at work, and how environments were found. `workers` is None where that is not known."""

    workers: tuple[WorkerState, ...] | None = None
    readiness: Mapping[str, Readiness] = field(default_factory=dict)

    def of(self, environment: Environment | None) -> Readiness | None:
        """How it is as it is now: what was found of another revision says nothing of this one."""
        if environment is None or environment.check is None:
            return None
        found = self.readiness.get(environment.environment_id)
        return found if found and found.revision == environment.revision else None


@dataclass(frozen=True)
class Cautions:
    catalog: Catalog
    situation: Situation

    def of_agent(self, agent: Agent) -> list[str]:
        here = self._at(agent.project)
        environment = here.catalog.find(Environment, agent.environment)
        queue = environment.queue if environment else DEFAULT_QUEUE
        return [*here.idle(queue, [agent]), *here.lacking((), [agent], agent.environment)]

    def of_team(self, team: Team) -> list[str]:
        return list(self._at(team.project).inactive(team.everyone, ""))

    def of_job(self, job: Job) -> list[str]:
        """Without what policies say, which takes longer to find out."""
        return [] if job.deleted_at is not None else self._at(job.project).of_job(job)

    def _at(self, project: str) -> "_Home":
        return _Home(within(self.catalog, project), self.situation)


@dataclass(frozen=True)
class _Home:
    """One project: `catalog` has nothing else."""

    catalog: Catalog
    situation: Situation

    def of_job(self, job: Job) -> list[str]:
        match job.executor:
            case SmartExecutor() as executor:
                return [*self.of_smart(job, executor)]
            case AgentExecutor(agent_id=agent_id):
                inactive = list(self.inactive([agent_id], ""))
                doers = self.agents([agent_id])
            case TeamExecutor(team_id=team_id):
                team = self.catalog.find(Team, team_id)
                everyone = team.everyone if team else ()
                closed = [f"The team {team_id!r} is not active."] if team and not team.active else []
                inactive = [*closed, *self.inactive(everyone, f" of the team {team_id!r}")]
                doers = self.agents(everyone)
        return [
            *inactive,
            *self.not_ready(job.environment),
            *self.lacking(job.secrets, doers, job.environment),
            *self.idle(job.queue, doers),
        ]

    def of_smart(self, job: Job, executor: SmartExecutor) -> Iterator[str]:
        if not job.inherits_environment:
            yield from self.not_ready(job.environment)
            yield from self.lacking(job.secrets, [], job.environment)
        environments = {one.environment_id: one for one in self.catalog.all(Environment)}
        workers = self.situation.workers or ()
        wish = Wish.of(job, executor, job.prompt)
        agents = self.catalog.all(Agent)
        left = contenders(agents, environments, self.situation.readiness, workers, wish)
        if all(one.removed_by for one in left):
            wanted = (
                f" with the capabilities {', '.join(executor.capabilities)}" if executor.capabilities else ""
            )
            yield f"No agent{wanted} can be chosen at present; `lamp smart explain` says why."
        elif executor.fallback is None and not any(
            one.agent.capabilities or one.agent.description for one in left
        ):
            yield "No agent says what it is good at, in a description or capabilities: none can be told from others."
        if executor.fallback:
            yield from self.inactive([executor.fallback], ", which is the fallback,")

    def inactive(self, names: Iterable[str], where: str) -> Iterator[str]:
        for agent in self.agents(names):
            if not agent.active:
                yield f"The agent {agent.agent_id!r}{where} is not active."

    def not_ready(self, name: str) -> Iterator[str]:
        state = self.situation.of(self.catalog.find(Environment, name))
        if state is not None and not state.ready:
            yield f"The environment {name!r} is not ready: {state.reason.rstrip('.') or 'its check fails'}."

    def lacking(self, names: Iterable[str], agents: Iterable[Agent], environment: str) -> Iterator[str]:
        """Once for each secret, of the first who asks for it."""
        asked = dict.fromkeys(names, "The job")
        for agent in agents:
            for name in secret_names(agent):
                asked.setdefault(name, f"The agent {agent.agent_id!r}")
        for name, by in asked.items():
            if self.catalog.find(SealedSecret, secret_key(environment, name).object_id) is None:
                yield f"{by} asks for the secret {name!r}, which the environment {environment!r} does not have."

    def idle(self, queue: str, agents: Iterable[Agent]) -> Iterator[str]:
        if self.situation.workers is None:
            return
        serving = [
            worker for worker in self.situation.workers if queue in worker.queues and not worker.draining
        ]
        if not serving:
            yield f"No worker serves the queue {queue!r}: what is due waits for one."
            return
        kinds = {kind for worker in serving for kind in worker.runners}
        for kind in dict.fromkeys(agent.runner.kind for agent in agents):
            if kind not in kinds:
                yield f"No worker of the queue {queue!r} has the runner {kind!r}."

    def agents(self, names: Iterable[str]) -> list[Agent]:
        found = (self.catalog.find(Agent, name) for name in names)
        return [agent for agent in found if agent is not None]
