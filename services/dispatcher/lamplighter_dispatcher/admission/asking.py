"""Asks an agent on a language model one question, without tools: whom to choose, where a score leaves it open."""

import asyncio
from collections.abc import Mapping

from nats.aio.client import Client
from pydantic import JsonValue

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent
from lamplighter_contracts.environments import Environment, NetworkRules, SealedSecret
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.streams import CATALOG
from lamplighter_contracts.tools import Tools
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.admission.credentials import Ring
from lamplighter_dispatcher.attempt.budget import Budget
from lamplighter_dispatcher.outcomes import Completed, StopReason
from lamplighter_dispatcher.runners import Runners
from lamplighter_dispatcher.runners.contract import Permission, Refused, Work
from lamplighter_dispatcher.stops import Stop
from lamplighter_policies.facts import runner_secret_names
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.latest import last_messages
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_vault import CannotOpen, Masker

log = get_logger()

SECONDS = 30.0


class Asking:
    def __init__(self, client: Client, runners: Runners, ring: Ring) -> None:
        self._client = client
        self._runners = runners
        self._ring = ring

    async def __call__(self, agent: Agent, prompt: str) -> str | None:
        """None where it has no answer, for whatever reason."""
        stop = Stop()
        timer = asyncio.get_running_loop().call_later(SECONDS, stop.request, StopReason.TIMEOUT)
        try:
            runner = await self._runners.load(agent.runner.kind)
            work = await self._work(agent.model_copy(update={"tools": Tools()}), prompt)
            ended = await runner.run(agent.runner, work, _Question(agent, Masker(work.secrets)), stop)
        except (LookupError, CannotOpen, BusUnavailable) as failure:
            log.warning("chooser.fails", agent_id=agent.agent_id, error=str(failure)[:300])
            return None
        finally:
            timer.cancel()
        if isinstance(ended, Completed):
            return ended.result
        log.warning("chooser.fails", agent_id=agent.agent_id, error=getattr(ended, "detail", "")[:300])
        return None

    async def _work(self, agent: Agent, prompt: str) -> Work:
        keys = {name: f"secrets.{agent.environment}.{name}" for name in runner_secret_names(agent)}
        place = f"environments.{agent.environment}"
        wanted = [subjects.catalog(*key.split(".", 1)) for key in (place, *keys.values())]
        found = await last_messages(self._client, CATALOG.name, wanted)
        environment = read_item(Environment, found.get(wanted[0]))
        if environment is not None and environment.project != agent.project:
            raise LookupError(
                f"the environment {agent.environment!r} is not of the project {agent.project!r}"
            )
        secrets = {}
        for name, subject in zip(keys, wanted[1:], strict=True):
            sealed = read_item(SealedSecret, found.get(subject))
            if sealed is not None:
                secrets[name] = self._ring.open(agent.environment, name, sealed.sealed)
        return Work(
            execution_id="",
            job_id="",
            attempt=1,
            prompt=prompt,
            payload=None,
            variables={},
            agent=agent,
            secrets=secrets,
            seconds=SECONDS,
            network=environment.network if environment else NetworkRules(),
        )


class _Question:
    """A `Session` that nobody reads: all that counts is the answer."""

    def __init__(self, agent: Agent, masker: Masker) -> None:
        self._masker = masker
        self._budget = Budget(agent.limits, f"The agent {agent.agent_id!r}")
        self.result = ""

    async def write(self, stream: LogStream, chunk: bytes) -> None:
        pass

    def mask(self, text: str) -> str:
        return self._masker.text(text)

    async def begin(self, kind: str, name: str, *, arguments: str = "", detail: str = "") -> int:
        return 0

    async def end(
        self,
        number: int,
        *,
        result: str = "",
        detail: str = "",
        failed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        pass

    async def effect(self, name: str, detail: str = "", *, done: bool = True) -> None:
        pass

    async def spend(self, usage: Usage) -> None:
        self._budget.spend(usage)

    def offers(self, tool: str) -> bool:
        return False

    async def may(self, tool: str, arguments: Mapping[str, JsonValue], *, has_effect: bool) -> Permission:
        return Refused("there are no tools here")
