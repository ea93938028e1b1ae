"""How one agent's run is told and bounded: its output, steps and effects masked, its spending and its tools checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.events import JobDue
from lamplighter_contracts.executions import Approval, ApprovalState, LogStream
from lamplighter_contracts.policies import Effect, PolicyAction, ToolFacts, UsageFacts, Verdict
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.admission.tool_names import matches
from lamplighter_dispatcher.approvals import ApprovalBook, Asked, refusal, tool_action
from lamplighter_dispatcher.attempt.budget import Budget
from lamplighter_dispatcher.attempt.ending import Ending
from lamplighter_dispatcher.attempt.journal import Journal
from lamplighter_dispatcher.attempt.scribe import Censor, Scribe
from lamplighter_dispatcher.runners.contract import Allowed, NeedsApproval, Permission, Refused
from lamplighter_vault import Masker

TEXT_LIMIT = 4_000
SUMMARY_LIMIT = 160


@dataclass(frozen=True, slots=True)
class Desk:
    """What all agents of one attempt share."""

    due: JobDue
    plan: Plan
    journal: Journal
    censor: Censor
    masker: Masker
    book: ApprovalBook
    budget: Budget
    began_at: datetime
    """As if it had run in one go."""
    deadline: datetime
    """The latest instant until which something may wait for an approval."""


class RunSession:
    """A `Session` of one agent; `source` names the member of a team. `used` is what it used before it was parked."""

    def __init__(self, desk: Desk, agent: Agent, source: str = "", used: Usage | None = None) -> None:
        self._desk = desk
        self._agent = agent
        self._source = source
        whose = f"The agent {agent.agent_id!r}"
        self._budget = Budget(agent.limits, whose, desk.budget, used)
        self._scribe = Scribe(desk.censor, source)
        self._ending = Ending()
        self._ended = b""
        """Output that is in the result already and not yet in the log."""
        self._masked = {stream: desk.masker.stream() for stream in (LogStream.STDOUT, LogStream.STDERR)}

    # Output

    async def write(self, stream: LogStream, chunk: bytes) -> None:
        await self._pass_on(stream, self._masked[stream].feed(chunk) if stream in self._masked else chunk)

    async def close(self) -> None:
        for stream, masked in self._masked.items():
            await self._pass_on(stream, masked.flush())
        self._scribe.close()

    async def _pass_on(self, stream: LogStream, masked: bytes) -> None:
        if stream is LogStream.STDOUT:
            self._ending.feed(masked)
            masked, self._ended = self._ended + masked, b""
        if masked:
            await self._scribe.write(stream, masked)

    @property
    def result(self) -> str:
        """With a last line that has no end: it is over now, as far as secrets go."""
        rest = self._masked[LogStream.STDOUT].flush()
        self._ending.feed(rest)
        self._ended += rest
        return self._ending.text()

    def mask(self, text: str) -> str:
        return self._desk.masker.text(text)

    # Steps

    async def begin(
        self,
        kind: Literal["tool", "model", "progress", "effect", "approval"],
        name: str,
        *,
        arguments: str = "",
        detail: str = "",
    ) -> int:
        return await self._desk.journal.begin(
            kind,
            self._short(name),
            self._source,
            arguments=self._short(arguments),
            detail=self._short(detail),
        )

    async def end(
        self,
        number: int,
        *,
        result: str = "",
        detail: str = "",
        failed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        await self._desk.journal.end(
            number, result=self._short(result), detail=self._short(detail), failed=failed, usage=usage
        )

    async def effect(self, name: str, detail: str = "", *, done: bool = True) -> None:
        await self._desk.journal.effect(self._short(name), self._short(detail)[:SUMMARY_LIMIT], done=done)

    # Bounds

    @property
    def used(self) -> Usage:
        return self._budget.used

    async def spend(self, usage: Usage) -> None:
        self._budget.spend(usage)

    def offers(self, tool: str) -> bool:
        allowed = self._desk.plan.environment.tools
        removed = self._desk.plan.verdict.constraints.remove_tools if self._desk.plan.verdict else ()
        return (allowed is None or matches(tool, allowed)) and not matches(tool, removed)

    async def may(self, tool: str, arguments: Mapping[str, JsonValue], *, has_effect: bool) -> Permission:
        if not self.offers(tool):
            return Refused(f"the tool {tool!r} is not allowed here")
        action = tool_action(self._desk.due.execution_id, self._agent.agent_id, tool, arguments)
        given = self._desk.book.use(action)
        if given is not None and given.state is not ApprovalState.APPROVED:
            return Refused(refusal(given))
        verdict = await self._judged(ToolFacts(name=tool, arguments=dict(arguments), has_effect=has_effect))
        if verdict is not None and verdict.effect is Effect.DENY:
            return Refused(f"a policy denies it: {verdict.reason}")
        if given is None and (why := self._wants_approval(tool, verdict)):
            return NeedsApproval(self._ask(action, tool, arguments, why))
        self._budget.call()
        return Allowed()

    async def _judged(self, facts: ToolFacts) -> Verdict | None:
        judge = self._desk.plan.judge
        if judge is None:
            return None
        verdict = await judge(facts, self._used(), self._agent.agent_id)
        if verdict.effect is Effect.ALLOW and not verdict.policy_hash:
            # There was no policy to ask.
            return None
        told, who = self._without_secrets(verdict), self._agent.agent_id
        await self._desk.journal.decided(PolicyAction.TOOL, told, facts.name, who)
        return verdict

    def _wants_approval(self, tool: str, verdict: Verdict | None) -> str:
        """Why; empty where it needs none."""
        if verdict is not None and verdict.effect is Effect.APPROVAL:
            return verdict.reason
        if matches(tool, self._agent.tools.approval):
            return f"the agent {self._agent.agent_id!r} asks before it uses {tool!r}"
        return ""

    def _ask(self, action: str, tool: str, arguments: Mapping[str, JsonValue], why: str) -> Approval:
        now = datetime.now(UTC)
        shown = self.mask(json.dumps(dict(arguments), ensure_ascii=False))
        wait = timedelta(seconds=self._desk.due.job.approvals.wait_seconds)
        asked = Asked(
            action, f"{tool} {shown}"[:SUMMARY_LIMIT], self.mask(why), tool, shown, self._agent.agent_id
        )
        return self._desk.book.ask(asked, now, min(now + wait, self._desk.deadline))

    def _used(self) -> UsageFacts:
        whole = self._desk.budget
        return UsageFacts(
            tokens=whole.used.tokens,
            cost=whole.used.cost,
            tool_calls=whole.used.tool_calls,
            seconds=(datetime.now(UTC) - self._desk.began_at).total_seconds(),
            max_tokens=whole.limits.tokens,
            max_cost=whole.limits.cost,
        )

    def _without_secrets(self, verdict: Verdict) -> Verdict:
        applied = tuple(one.model_copy(update={"message": self.mask(one.message)}) for one in verdict.applied)
        return verdict.model_copy(update={"applied": applied})

    def _short(self, text: str) -> str:
        masked = self.mask(text)
        return masked if len(masked) <= TEXT_LIMIT else f"{masked[:TEXT_LIMIT]} [cut]"
