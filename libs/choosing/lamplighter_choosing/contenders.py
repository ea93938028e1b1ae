"""Which agents may take what a smart job asks, and what removes the others: hard facts, the first of which counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lamplighter_choosing.wishes import Wish
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.choices import Filter
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment, Readiness
from lamplighter_contracts.workers import WorkerState


@dataclass(frozen=True, slots=True)
class Contender:
    """`load` is from 0, idle, to 1, full. `detail` says why it is removed, as the rest of a sentence about it."""

    agent: Agent
    load: float = 0
    removed_by: Filter | None = None
    detail: str = ""

    def without(self, by: Filter, detail: str) -> "Contender":
        """The same, removed; what removed it before stands."""
        return self if self.removed_by else replace(self, removed_by=by, detail=detail)


@dataclass(frozen=True, slots=True)
class Removed:
    by: Filter
    detail: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of where agents would work."""

    environments: Mapping[str, Environment]
    readiness: Mapping[str, Readiness]
    workers: Sequence[WorkerState]

    def queue(self, agent: Agent) -> str:
        environment = self.environments.get(agent.environment)
        return environment.queue if environment else DEFAULT_QUEUE

    def serving(self, agent: Agent) -> list[WorkerState]:
        """The workers that would take it: those of its queue that have its runner, and do not drain."""
        return [worker for worker in self.at_queue(self.queue(agent)) if agent.runner.kind in worker.runners]

    def at_queue(self, queue: str) -> list[WorkerState]:
        return [worker for worker in self.workers if queue in worker.queues and not worker.draining]


def contenders(
    agents: Iterable[Agent],
    environments: Mapping[str, Environment],
    readiness: Mapping[str, Readiness],
    workers: Iterable[WorkerState],
    wish: Wish,
) -> list[Contender]:
    """Every agent of the project, with its load or what removes it. Policies and trust are asked afterwards, of those
    that are left.

    What is not known removes nobody: an environment that was not checked yet, and, where no worker is heard of at
    all, queues and runners.
    """
    own = {name: one for name, one in environments.items() if one.project == wish.project}
    situation = Situation(own, readiness, tuple(workers))
    return [_contender(agent, situation, wish) for agent in agents if agent.project == wish.project]


def _contender(agent: Agent, situation: Situation, wish: Wish) -> Contender:
    removed = _removed(agent, situation, wish)
    if removed is None:
        return Contender(agent, _load(agent, situation))
    return Contender(agent, removed_by=removed.by, detail=removed.detail)


def _removed(agent: Agent, situation: Situation, wish: Wish) -> Removed | None:
    if not agent.active:
        return Removed(Filter.INACTIVE, "is not active")
    there = _place(agent, situation, wish)
    lacking = _lacking(agent, wish)
    # Of the fallback its place is asked first: a person named it, and lacking a capability does not stop it there.
    return (there or lacking) if agent.agent_id == wish.fallback else (lacking or there)


def _lacking(agent: Agent, wish: Wish) -> Removed | None:
    has = {capability.casefold() for capability in agent.capabilities}
    missing = [repr(wanted) for wanted in wish.capabilities if wanted.casefold() not in has]
    if not missing:
        return None
    return Removed(
        Filter.CAPABILITY, f"lacks the capabilit{'y' if len(missing) == 1 else 'ies'} {', '.join(missing)}"
    )


def _place(agent: Agent, situation: Situation, wish: Wish) -> Removed | None:
    at_home = _environment(agent, situation, wish)
    if at_home or not situation.workers:
        return at_home
    queue = situation.queue(agent)
    if not situation.at_queue(queue):
        return Removed(Filter.QUEUE, f"works on the queue {queue!r}, which no worker serves now")
    if not situation.serving(agent):
        detail = f"needs the runner {agent.runner.kind!r}, which no worker of the queue {queue!r} has"
        return Removed(Filter.RUNNER, detail)
    return None


def _environment(agent: Agent, situation: Situation, wish: Wish) -> Removed | None:
    name = agent.environment
    if wish.environment is not None and name != wish.environment:
        return Removed(Filter.ENVIRONMENT, f"works in {name!r}, and the job asks for {wish.environment!r}")
    environment = situation.environments.get(name)
    if environment is None:
        # Without a word about it the environment of the project's own name is there, and empty.
        absent = Removed(Filter.ENVIRONMENT, f"works in {name!r}, which does not exist")
        return None if name == wish.project else absent
    state = situation.readiness.get(name)
    if environment.check is None or state is None or state.ready or state.revision != environment.revision:
        return None
    return Removed(Filter.ENVIRONMENT, f"works in {name!r}, which is not ready: {state.reason}".rstrip(":. "))


def _load(agent: Agent, situation: Situation) -> float:
    """Its own executions of those that it may have at once, or the slots in use of its workers: the higher one."""
    serving = situation.serving(agent)
    slots = sum(worker.slots for worker in serving)
    running = sum(worker.running + worker.waiting for worker in serving)
    own = sum(worker.agents.get(agent.agent_id, 0) for worker in situation.workers)
    room = agent.limits.concurrent or slots
    return min(1.0, max(own / room if room else 0.0, running / slots if slots else 0.0))
