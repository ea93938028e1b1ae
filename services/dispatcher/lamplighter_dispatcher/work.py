"""The work of one attempt: its members in order, their output in one log, and one outcome."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

from nats.aio.client import Client

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.events import ExecutionStatus, ExecutionStep
from lamplighter_dispatcher.handover import prompt_after
from lamplighter_dispatcher.logbook import Logbook
from lamplighter_dispatcher.outcomes import (
    Broken,
    Final,
    LogEnd,
    Outcome,
    StopReason,
    failed,
    of_member,
    outcome,
)
from lamplighter_dispatcher.plans import NoPlan, Plan
from lamplighter_dispatcher.roster import Running
from lamplighter_dispatcher.runners import Runners
from lamplighter_dispatcher.runners.contract import Work
from lamplighter_dispatcher.scribe import Censor, Scribe
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

MOST_WAITING, LEAST_WAITING = 1 << 20, 128 << 10
ALL_WAITING = 32 << 20
"""What all logs of a dispatcher together may hold while they cannot be stored."""


class Workshop:
    """What a claimed execution is worked on with."""

    def __init__(self, client: Client, statuses: Statuses, runners: Runners, slots: int) -> None:
        self._client = client
        self._statuses = statuses
        self._runners = runners
        self._most_waiting = max(LEAST_WAITING, min(MOST_WAITING, ALL_WAITING // slots))

    async def do(self, running: Running, plan: Plan | NoPlan) -> tuple[Outcome, LogEnd]:
        """Never raises: what goes wrong is an outcome."""
        if isinstance(plan, NoPlan):
            return failed(plan.reason, plan.detail), LogEnd()
        timeout = running.due.event.job.limits.timeout_seconds
        timer = asyncio.get_running_loop().call_later(timeout, running.stop.request, StopReason.TIMEOUT)
        logbook = Logbook(self._client, running.execution_id, running.attempt, self._most_waiting)
        censor = Censor(logbook)
        try:
            result = await self._members(running, plan, censor)
        except Exception as fault:
            log.exception("execution.broken", execution_id=running.execution_id, attempt=running.attempt)
            result = outcome(Broken(repr(fault)), running.stop.reason, timeout)
        finally:
            timer.cancel()
        return result, await censor.close(running.stop.at_once)

    async def _members(self, running: Running, plan: Plan, censor: Censor) -> Outcome:
        asked, result = running.due.event.asked, Final(ExecutionStatus.COMPLETED)
        prompt, total = asked, len(plan.members)
        for number, agent in enumerate(plan.members, 1):
            if plan.team_id:
                await self._step(running, number, agent, "started")
            ended = await self._run(running, plan, agent, prompt, censor)
            if not isinstance(ended, Final):
                return ended
            if plan.team_id:
                await self._step(running, number, agent, "finished", ended.detail or ended.status)
            if ended.status is not ExecutionStatus.COMPLETED:
                return of_member(ended, agent.agent_id, number, total) if plan.team_id else ended
            result, prompt = ended, prompt_after(asked, agent.agent_id, ended.result)
        return result

    async def _run(self, running: Running, plan: Plan, agent: Agent, prompt: str, censor: Censor) -> Outcome:
        due = running.due.event
        work = Work(
            due.execution_id, due.job_id, running.attempt, prompt, due.firing.payload, plan.variables(agent)
        )
        scribe = Scribe(censor, source=agent.agent_id if plan.team_id else "")
        ended = await self._runners[agent.runner.kind].run(agent.runner, work, scribe, running.stop)
        scribe.close()
        return outcome(ended, running.stop.reason, due.job.limits.timeout_seconds)

    async def _step(
        self,
        running: Running,
        number: int,
        agent: Agent,
        phase: Literal["started", "finished"],
        detail: str = "",
    ) -> None:
        event = ExecutionStep(
            execution_id=running.execution_id,
            attempt=running.attempt,
            number=number,
            name=agent.agent_id,
            phase=phase,
            at=datetime.now(UTC),
            detail=detail,
        )
        try:
            await self._statuses.step(event)
        except BusUnavailable as unavailable:
            # A step is for the eye; the work does not wait for NATS.
            log.warning(
                "step.lost", execution_id=running.execution_id, number=number, error=repr(unavailable)
            )
