"""What this dispatcher can run agents with, and what it says of a plan that needs something else. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.reasons import Blocked
from lamplighter_contracts.runners import CommandRunner
from lamplighter_dispatcher.admission.plans import NoPlan, Plan


@dataclass(frozen=True, slots=True)
class Equipment:
    runners: Collection[str]
    """The kinds of runner that it has."""
    sandbox: bool
    """Whether bubblewrap works here."""

    def lack(self, plan: Plan) -> NoPlan | None:
        """What the plan needs and is not here."""
        for agent in plan.everyone:
            if lack := self._lack_of(agent):
                return lack
        return None

    def _lack_of(self, agent: Agent) -> NoPlan | None:
        kind = agent.runner.kind
        if kind not in self.runners:
            has = ", ".join(sorted(self.runners))
            needs = f"The agent {agent.agent_id!r} needs the runner {kind!r}"
            return NoPlan(Blocked.AGENT, f"{needs}, and the dispatcher of its queue has only: {has}.")
        if (
            isinstance(agent.runner, CommandRunner)
            and agent.runner.sandbox == "required"
            and not self.sandbox
        ):
            where = "bubblewrap does not work where the dispatcher of its queue runs"
            return NoPlan(
                Blocked.SANDBOX, f"The agent {agent.agent_id!r} must run in a sandbox, and {where}."
            )
        return None
