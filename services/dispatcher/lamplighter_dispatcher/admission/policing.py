"""Asks the policies that are in force, which are those of the catalog at the moment of asking."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from lamplighter_contracts.environments import SealedSecret
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.policies import Opa, PolicyInput, ToolFacts, UsageFacts, Verdict
from lamplighter_dispatcher.admission.credentials import Ring
from lamplighter_dispatcher.admission.directory import Directory
from lamplighter_dispatcher.admission.facts import Call, of_call
from lamplighter_dispatcher.admission.governed import bound, failure, refusal_of_removed
from lamplighter_dispatcher.admission.plans import Judge, Plan
from lamplighter_dispatcher.admission.references import secret_key
from lamplighter_policies import PolicyBook
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.tasks import end
from lamplighter_vault import CannotOpen

log = get_logger()


CLOSE_SECONDS = 60.0
"""After so long nobody waits for an answer any more that was asked by policies of before."""


class Policing:
    """One for a process. Before `decide` the directory needs a fence; what `judge` gives sees to that itself."""

    def __init__(self, directory: Directory, ring: Ring) -> None:
        self._directory = directory
        self._ring = ring
        self._tokens: dict[str, str] = {}
        self._book = PolicyBook((), self._tokens.get)
        self._version = directory.policies_version
        self._old: dict[asyncio.Task[None], PolicyBook] = {}

    async def close(self) -> None:
        """Let go of the servers that were asked."""
        books = [self._book, *self._old.values()]
        await end(list(self._old))
        for book in books:
            await book.close()

    @property
    def keys(self) -> set[str]:
        """Of the catalog: the secrets that policies need to ask their server."""
        return {secret_key(*place) for place in self._wanted()}

    def learn(self, secrets: Mapping[tuple[str, str], SealedSecret | None]) -> None:
        """The newest of those secrets. One that cannot be opened is none: the policy fails, and says so."""
        self._tokens.clear()
        wanted = self._wanted()
        for (environment_id, name), secret in secrets.items():
            if secret is not None and (environment_id, name) in wanted:
                try:
                    opened = self._ring.open(environment_id, name, secret.sealed)
                    self._tokens[f"{environment_id}.{name}"] = opened
                except CannotOpen as cannot:
                    log.warning("policy.token", name=name, error=str(cannot))

    def _wanted(self) -> set[tuple[str, str]]:
        """By environment and name. A policy has those of the environment of its project's own name, unless another
        project has made that one."""
        environments = self._directory.catalog.environments
        wanted = set()
        for policy in self._directory.policies:
            token = policy.engine.token if isinstance(policy.engine, Opa) else None
            made = environments.get(policy.project)
            if token and (policy.project not in environments or (made and made.project == policy.project)):
                wanted.add((policy.project, token))
        return wanted

    @property
    def has_none(self) -> bool:
        return self._in_force().is_empty and not self._directory.unreadable_policies

    async def decide(self, document: PolicyInput) -> Verdict:
        unreadable = self._directory.unreadable_policies
        if unreadable:
            return failure(unreadable, f"this dispatcher is too old to read the policy {unreadable[0]!r}")
        return await self._in_force().decide(document)

    def judge(self, due: JobDue, plan: Plan) -> Judge:
        """What policies say to the calls of tools of that execution, also those that are made while it runs."""

        async def ask(tool: ToolFacts, usage: UsageFacts, agent_id: str) -> Verdict:
            refused = refusal_of_removed(tool.name, plan.verdict)
            if refused is not None:
                return refused
            try:
                await self._directory.fence(["policies"])
            except BusUnavailable as unavailable:
                log.warning("policies.unknown", execution_id=due.execution_id, error=repr(unavailable))
                return failure([""], "NATS is out of reach, and so nobody knows which policies there are")
            if self.has_none:
                return Verdict()
            said = await self.decide(of_call(due, plan, datetime.now(UTC), Call(tool, usage, agent_id)))
            return bound(said, tool.name, usage)

        return ask

    def _in_force(self) -> PolicyBook:
        if self._version != self._directory.policies_version:
            self._version = self._directory.policies_version
            self._retire(self._book)
            self._book = PolicyBook(self._directory.policies, self._tokens.get)
        return self._book

    def _retire(self, book: PolicyBook) -> None:
        if not book.is_empty:
            task = asyncio.create_task(_close_later(book))
            self._old[task] = book
            task.add_done_callback(lambda done: self._old.pop(done, None))


async def _close_later(book: PolicyBook) -> None:
    await asyncio.sleep(CLOSE_SECONDS)
    await book.close()
