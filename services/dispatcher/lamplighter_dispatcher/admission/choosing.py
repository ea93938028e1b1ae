"""Chooses an agent for a smart job: filters, policies, a score; and a model, where that is not clear."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lamplighter_choosing import BM25, Contender, Scorer, Wish, choose, contenders, settle
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.choices import Choice, Filter
from lamplighter_contracts.environments import DEFAULT_QUEUE
from lamplighter_contracts.events import JobDue, Trust
from lamplighter_contracts.jobs import SmartExecutor
from lamplighter_contracts.policies import Effect, Verdict
from lamplighter_contracts.runners import LlmRunner
from lamplighter_dispatcher.admission.checks import known
from lamplighter_dispatcher.admission.facts import as_from_inside, of_start
from lamplighter_dispatcher.admission.plans import Catalog, Plan, environment_of, resolve
from lamplighter_dispatcher.admission.policing import Policing
from lamplighter_dispatcher.admission.questions import answer_in, question
from lamplighter_runtime.logs import get_logger

log = get_logger()


class Ask(Protocol):
    async def __call__(self, agent: Agent, prompt: str) -> str | None:
        """What the agent, on a language model and without tools, answers. None where it does not."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A policy could not be asked about one of them, so nobody is chosen now."""

    verdict: Verdict


class Choosing:
    """`chooser` names the agent that is asked where the score leaves it open; empty: nobody is."""

    def __init__(
        self, policing: Policing, chooser: str = "", ask: Ask | None = None, scorer: Scorer | None = None
    ) -> None:
        self._policing = policing
        self._chooser = chooser
        self._ask = ask
        self._scorer = scorer or BM25()

    async def choose(self, due: JobDue, known_now: Catalog, now: datetime) -> Choice | Unanswered:
        """Among all agents, which `known_now` has, with environments, their readiness, and workers."""
        assert isinstance(due.job.executor, SmartExecutor)
        wish = Wish.of(due.job, due.job.executor, due.asked)
        agents = [agent for agent in known_now.agents.values() if agent is not None]
        environments = {key: env for key, env in known_now.environments.items() if env is not None}
        fresh = {
            key: said
            for key, said in known_now.readiness.items()
            if key in environments and known(environments[key], said, now)
        }
        found = contenders(agents, environments, fresh, known_now.workers, wish)
        judged = await asyncio.gather(*(self._judge(due, one, known_now, now) for one in found))
        left: list[Contender] = []
        for one in judged:
            if isinstance(one, Unanswered):
                return one
            left.append(one)
        choice = await self._scored(wish, left)
        return choice if choice.confident else await self._by_model(choice, wish, known_now)

    async def _scored(self, wish: Wish, left: list[Contender]) -> Choice:
        if self._scorer.method == "bm25":
            return choose(wish, left, self._scorer)
        # A model on this machine takes its time, the first time above all.
        return await asyncio.to_thread(choose, wish, left, self._scorer)

    async def _judge(
        self, due: JobDue, contender: Contender, known_now: Catalog, now: datetime
    ) -> Contender | Unanswered:
        """Without those to whom policies would not let it go."""
        if contender.removed_by is not None or self._policing.has_none:
            return contender
        given = given_to(due, Choice(chosen=contender.agent.agent_id, how="only", reason=""), known_now)
        plan = resolve(given.job, known_now, given.choice)
        if not isinstance(plan, Plan):
            return contender
        document = of_start(given, plan, now, ready=None)
        verdict = await self._policing.decide(document)
        if verdict.failed:
            return Unanswered(verdict)
        if verdict.effect is not Effect.DENY:
            return contender
        why = f"is kept from it by a policy: {verdict.reason}"
        if document.trigger.trust is Trust.EXTERNAL:
            inside = await self._policing.decide(as_from_inside(document))
            if not inside.failed and inside.effect is not Effect.DENY:
                return contender.without(Filter.TRUST, why)
        return contender.without(Filter.POLICY, why)

    async def _by_model(self, choice: Choice, wish: Wish, known_now: Catalog) -> Choice:
        """The same choice where no model is configured, or it does not name one of those that are left."""
        left = [one.agent_id for one in choice.candidates if one.removed_by is None]
        chooser = known_now.agents.get(self._chooser)
        if self._ask is None or not left or chooser is None or not chooser.active:
            return choice
        if not isinstance(chooser.runner, LlmRunner):
            log.warning("chooser.no_model", agent_id=self._chooser, runner=chooser.runner.kind)
            return choice
        known_agents = [agent for key in left if (agent := known_now.agents.get(key)) is not None]
        answer = await self._ask(chooser, question(wish.words, known_agents))
        named = answer_in(answer, left) if answer else None
        if named is None:
            log.warning("chooser.no_answer", agent_id=self._chooser)
            return choice
        return settle(choice, named.agent_id, named.reason)


def given_to(due: JobDue, choice: Choice, catalog: Catalog) -> JobDue:
    """The due event as it is for whoever was chosen: in that agent's environment, unless the job names one."""
    agent = catalog.agents.get(choice.chosen)
    if agent is None:
        return due.model_copy(update={"choice": choice})
    environment_id = agent.environment if due.job.inherits_environment else due.job.environment
    job = due.job.model_copy(update={"environment": environment_id})
    environment = environment_of(job, catalog.environments)
    queue = environment.queue if environment else DEFAULT_QUEUE
    return due.model_copy(update={"choice": choice, "job": job.model_copy(update={"queue": queue})})
