"""The work of one attempt: its agents at work, their output in one log, and one outcome."""

import asyncio
import time
import traceback
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.aio.client import Client
from pydantic import JsonValue

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.executions import ExecutionEffects, ExecutionStatus
from lamplighter_contracts.jobs import LONGEST_RUN
from lamplighter_contracts.policies import PolicyAction
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.admission.plans import Plan
from lamplighter_dispatcher.approvals import ApprovalBook
from lamplighter_dispatcher.attempt.budget import Budget
from lamplighter_dispatcher.attempt.journal import Journal
from lamplighter_dispatcher.attempt.logbook import Logbook
from lamplighter_dispatcher.attempt.payloads import Payload, Payloads
from lamplighter_dispatcher.attempt.scribe import Censor
from lamplighter_dispatcher.attempt.session import Desk, RunSession
from lamplighter_dispatcher.attempt.teams import run_plan
from lamplighter_dispatcher.claims import Start
from lamplighter_dispatcher.outcomes import (
    Broken,
    Ended,
    LogEnd,
    NotStarted,
    Outcome,
    Parked,
    StopReason,
    Unsuccessful,
    Waits,
    outcome,
)
from lamplighter_dispatcher.parking import Interim
from lamplighter_dispatcher.retries import told_one
from lamplighter_dispatcher.roster import Running
from lamplighter_dispatcher.runners import Runners
from lamplighter_dispatcher.runners.contract import Delegate, Work
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_dispatcher.stops import Stop
from lamplighter_runtime.logs import get_logger
from lamplighter_vault import Masker

log = get_logger()

MOST_WAITING, LEAST_WAITING = 1 << 20, 128 << 10
ALL_WAITING = 32 << 20
"""What all logs of a dispatcher together may hold while they cannot be stored."""
FOREVER = LONGEST_RUN.total_seconds() * 2
LONGEST_WAIT = timedelta(hours=70)
"""From when it became due: a due event lives for 72 hours."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an attempt came to, and what is told with it."""

    outcome: Outcome
    log_end: LogEnd
    desk: Desk
    ran_seconds: float


class Workshop:
    """What claimed executions are worked on with; one for a process."""

    def __init__(self, client: Client, statuses: Statuses, runners: Runners, slots: int) -> None:
        self._client = client
        self._statuses = statuses
        self._runners = runners
        self._payloads = Payloads(client)
        self._most_waiting = max(LEAST_WAITING, min(MOST_WAITING, ALL_WAITING // slots))

    async def do(
        self, running: Running, plan: Plan, start: Start, effects: ExecutionEffects | None, state: JsonValue
    ) -> Done:
        """Never raises: what goes wrong is an outcome."""
        desk = self._desk(running, plan, start, effects)
        attempt = Attempt(self._runners, running, desk)
        seconds = attempt.seconds(start.carried.ran_seconds)
        timer = asyncio.get_running_loop().call_later(
            max(0.0, seconds - start.carried.ran_seconds), running.stop.request, StopReason.TIMEOUT
        )
        try:
            if not start.resumed:
                await _tell(desk)
            payload = await self._payloads.of(running.due.event.firing, plan)
            result = (
                await attempt.go(payload.value, state, seconds)
                if isinstance(payload, Payload)
                else outcome(payload, running.stop.reason, int(seconds))
            )
        except Exception as fault:  # noqa: BLE001 - an outcome, whatever it is
            # A runner may break over a secret, and say so.
            mask = desk.masker.text
            log.error(  # noqa: TRY400 - its traceback is masked
                "execution.broken",
                execution_id=running.execution_id,
                attempt=running.attempt,
                exception=mask(traceback.format_exc()),
            )
            result = outcome(Broken(mask(repr(fault))), running.stop.reason, int(seconds))
        finally:
            timer.cancel()
        log_end = await desk.censor.close(running.stop.at_once)
        await desk.journal.close()
        ran = (datetime.now(UTC) - desk.began_at).total_seconds()
        return Done(result, log_end, desk, ran)

    def _desk(self, running: Running, plan: Plan, start: Start, effects: ExecutionEffects | None) -> Desk:
        due, carried, now = running.due.event, start.carried, datetime.now(UTC)
        logbook = Logbook(
            self._client,
            running.execution_id,
            running.attempt,
            self._most_waiting,
            lines=carried.log_lines,
            batches=carried.log_batches,
        )
        return Desk(
            due=due,
            plan=plan,
            journal=Journal(self._statuses, running.execution_id, start, effects),
            censor=Censor(logbook),
            masker=Masker(plan.secrets),
            book=ApprovalBook(running.execution_id, carried.approvals),
            budget=Budget(plan.limits, "This execution", used=carried.usage),
            began_at=now - timedelta(seconds=carried.ran_seconds),
            deadline=due.decided_at + LONGEST_WAIT,
        )


class Attempt:
    """The agents of one attempt."""

    def __init__(self, runners: Runners, running: Running, desk: Desk) -> None:
        self._runners = runners
        self._running = running
        self._desk = desk
        self._seconds = 0.0
        self._payload: Any = None

    def seconds(self, ran: float) -> float:
        """How long the execution may take in all: the job's own bound, or a shorter one of its plan."""
        own = float(self._desk.due.job.limits.timeout_seconds)
        bound = self._desk.plan.limits.seconds
        return own if bound is None else min(own, float(bound))

    async def go(self, payload: Any, state: JsonValue, seconds: float) -> Outcome:
        self._payload, self._seconds = payload, seconds
        return await run_plan(self._desk.plan, self._desk.due.asked, self.run, state)

    async def run(
        self, agent: Agent, prompt: str, state: JsonValue = None, *, leads: bool = False
    ) -> Outcome:
        """One of the plan's agents; of a team each has a step of its own."""
        journal, plan = self._desk.journal, self._desk.plan
        if plan.team is None:
            return outcome(
                await self._run(agent, prompt, state, "", {}), self._running.stop.reason, int(self._seconds)
            )
        number = await journal.begin("member", agent.agent_id, agent.agent_id)
        ended = outcome(
            await self._run(agent, prompt, state, agent.agent_id, self._delegates() if leads else {}),
            self._running.stop.reason,
            int(self._seconds),
        )
        await self._end_step(number, ended)
        return ended

    async def ask(self, agent: Agent, task: str, state: JsonValue) -> Ended:
        """A member, on behalf of its leader."""
        number = await self._desk.journal.begin("member", agent.agent_id, agent.agent_id)
        ended = await self._run(agent, task, state, agent.agent_id, {})
        await self._end_step(number, outcome(ended, self._running.stop.reason, int(self._seconds)))
        return ended

    async def _run(
        self, agent: Agent, prompt: str, state: JsonValue, source: str, delegates: dict[str, Delegate]
    ) -> Ended:
        try:
            runner = await self._runners.load(agent.runner.kind)
        except LookupError as missing:
            return NotStarted(str(missing.args[0]))
        before, began = Interim.of(state), time.monotonic()
        session = RunSession(self._desk, agent, source, before.used)
        work = self._work(agent, prompt, before.state, delegates)
        with self._running.stop.part() as stop:
            timer = _after((agent.limits.seconds or FOREVER) - before.seconds, stop)
            try:
                ended = await runner.run(agent.runner, work, session, stop)
            finally:
                timer.cancel()
                await session.close()
        if stop.reason is StopReason.TIMEOUT and self._running.stop.reason is None:
            return _too_long(agent, ended)
        if isinstance(ended, Waits):
            ran = before.seconds + time.monotonic() - began
            return replace(ended, state=Interim(ended.state, session.used, ran).as_json)
        return ended

    def _work(self, agent: Agent, prompt: str, state: JsonValue, delegates: dict[str, Delegate]) -> Work:
        due, plan = self._desk.due, self._desk.plan
        return Work(
            execution_id=due.execution_id,
            job_id=due.job_id,
            attempt=self._running.attempt,
            prompt=prompt,
            payload=self._payload,
            variables=plan.variables(agent),
            agent=agent,
            secrets=plan.runner_secrets(agent),
            network=plan.environment.network,
            seconds=self._seconds,
            done=tuple(told_one(e) for e in self._desk.journal.effects if e.attempt < self._running.attempt),
            delegates=delegates,
            state=state,
        )

    def _delegates(self) -> dict[str, Delegate]:
        return {agent.agent_id: Asked(agent, self) for agent in self._desk.plan.members}

    async def _end_step(self, number: int, ended: Outcome) -> None:
        match ended:
            case Parked():
                return
            case _:
                status = getattr(ended, "status", ExecutionStatus.CANCELLED)
                detail = getattr(ended, "detail", "") or status.value
                failed = status is not ExecutionStatus.COMPLETED
                await self._desk.journal.end(number, detail=detail, failed=failed)


async def _tell(desk: Desk) -> None:
    """Why it is this plan."""
    if desk.plan.choice is not None:
        await desk.journal.chosen(desk.plan.choice)
    if desk.plan.verdict is not None:
        await desk.journal.decided(PolicyAction.START, desk.plan.verdict)


def _after(seconds: float, stop: Stop) -> asyncio.TimerHandle:
    """Its agent's own bound. Where there is none the whole execution's is still there."""
    return asyncio.get_running_loop().call_later(max(0.0, seconds), stop.request, StopReason.TIMEOUT)


def _too_long(agent: Agent, ended: Ended) -> Unsuccessful:
    detail = f"The agent {agent.agent_id!r} may take {agent.limits.seconds} seconds, and took longer."
    return Unsuccessful(Failed.TIMEOUT.value, detail, getattr(ended, "result", ""))


@dataclass(frozen=True, slots=True)
class Asked:
    """A `Delegate`."""

    agent: Agent
    attempt: Attempt

    async def ask(self, task: str, state: JsonValue = None) -> Ended:
        return await self.attempt.ask(self.agent, task, state)
