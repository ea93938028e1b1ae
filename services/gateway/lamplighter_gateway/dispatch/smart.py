"""Whom a smart job would be given to, by what is known here of agents, workers and policies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from lamplighter_choosing import Contender, Scorer, Wish, choose, contenders
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.choices import Choice, Filter
from lamplighter_contracts.environments import DEFAULT_QUEUE, Environment
from lamplighter_contracts.events import TriggerKind, Trust
from lamplighter_contracts.policies import (
    Effect,
    EnvironmentFacts,
    JobFacts,
    PolicyAction,
    PolicyInput,
    TriggerFacts,
    UsageFacts,
    Verdict,
)
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.jobs.cautions import Situation
from lamplighter_gateway.jobs.situations import in_force
from lamplighter_gateway.policing.tokens import tokens_of
from lamplighter_policies import PolicyBook
from lamplighter_policies.facts import executor_facts, trust_of


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be given to somebody, and what brought it about."""

    wish: Wish
    trigger: TriggerKind | None = TriggerKind.MANUAL
    job_id: str = ""
    job_name: str = ""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses as a dispatcher would, without asking a model. `opened` makes one for as long as it is needed."""

    agents: tuple[Agent, ...]
    environments: dict[str, Environment]
    situation: Situation
    book: PolicyBook
    scorer: Scorer
    now: datetime

    async def choose(self, case: Case) -> Choice:
        workers = self.situation.workers or ()
        found = contenders(self.agents, self.environments, self.situation.readiness, workers, case.wish)
        left = await asyncio.gather(*(self._judged(case, one) for one in found))
        if self.scorer.method == "bm25":
            return choose(case.wish, left, self.scorer)
        # A model on this machine takes its time, the first time above all.
        return await asyncio.to_thread(choose, case.wish, left, self.scorer)

    async def _judged(self, case: Case, one: Contender) -> Contender:
        """Without those to whom policies would not let it go."""
        if one.removed_by is not None or self.book.is_empty:
            return one
        document = self._document(case, one.agent)
        verdict = await self.book.decide(document)
        if verdict.effect is not Effect.DENY:
            return one
        by = Filter.TRUST if await self._only_from_outside(document) else Filter.POLICY
        return one.without(by, f"is kept from it by a policy: {verdict.reason}".rstrip("."))

    async def _only_from_outside(self, document: PolicyInput) -> bool:
        """Whether it would be allowed, had it not come from outside."""
        if document.trigger.trust is Trust.INTERNAL:
            return False
        trusted = document.trigger.model_copy(update={"trust": Trust.INTERNAL})
        inside: Verdict = await self.book.decide(document.model_copy(update={"trigger": trusted}))
        return inside.effect is not Effect.DENY

    def _document(self, case: Case, agent: Agent) -> PolicyInput:
        name = case.wish.environment or agent.environment
        environment = self.environments.get(name)
        queue = environment.queue if environment else DEFAULT_QUEUE
        return PolicyInput(
            action=PolicyAction.START,
            at=self.now,
            at_ns=int(self.now.timestamp()) * 1_000_000_000 + self.now.microsecond * 1_000,
            job=JobFacts(
                job_id=case.job_id, project=case.wish.project, name=case.job_name, prompt=case.wish.prompt
            ),
            trigger=TriggerFacts(kind=case.trigger, trust=trust_of(case.trigger)),
            executor=executor_facts("smart", [agent]),
            environment=EnvironmentFacts(environment_id=name, queue=queue),
            usage=UsageFacts(max_tokens=agent.limits.tokens, max_cost=agent.limits.cost),
        )


@asynccontextmanager
async def opened(gateway: Gateway) -> AsyncIterator[Chooser]:
    """One that sees all as it is now, however often it is asked."""
    policies = in_force(gateway)
    book = PolicyBook(policies, tokens_of(gateway, policies).get)
    environments = {one.environment_id: one for one in gateway.catalog.all(Environment)}
    agents = tuple(gateway.catalog.all(Agent))
    try:
        yield Chooser(agents, environments, gateway.presences.situation, book, gateway.scorer, gateway.now())
    finally:
        await book.close()
