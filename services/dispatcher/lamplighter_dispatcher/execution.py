"""One execution from its due event to its end: claimed, run, finished. Whatever happens is one outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, assert_never

from lamplighter_contracts.events import ExecutionFinished
from lamplighter_dispatcher import metrics
from lamplighter_dispatcher.claims import (
    UNTOUCHED,
    Close,
    Decision,
    Hold,
    Leave,
    Over,
    Seen,
    Start,
    on_lost_claim,
    on_redelivery,
)
from lamplighter_dispatcher.outcomes import Fenced, Final, HandedBack, LogEnd, cancelled
from lamplighter_dispatcher.plans import NoPlan, Plan
from lamplighter_dispatcher.roster import Running
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_dispatcher.transitions import finished, started
from lamplighter_dispatcher.watch import Watch
from lamplighter_dispatcher.work import Workshop
from lamplighter_runtime.consuming import quietly
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Conflict, Stored

log = get_logger()

PAUSE_SECONDS = 1.0
MOMENT_SECONDS = 0.1
FINISH_TRIES = 50

T = TypeVar("T")

ReadLogEnd = Callable[[str], Awaitable[LogEnd]]


class Execution:
    """The steps that every execution goes through; one for a process."""

    def __init__(
        self,
        statuses: Statuses,
        watch: Watch,
        workshop: Workshop,
        read_log_end: ReadLogEnd,
        *,
        worker: str,
        most_attempts: int,
        lease_seconds: float,
    ) -> None:
        self._statuses = statuses
        self._watch = watch
        self._workshop = workshop
        self._read_log_end = read_log_end
        self._worker = worker
        self._most_attempts = most_attempts
        self._lease_seconds = lease_seconds
        self.leaving = asyncio.Event()
        """Set when the process has no time left to wait for NATS."""

    async def go(self, running: Running, plan: Plan | NoPlan) -> None:
        """Raises `BusUnavailable` where it could not even be claimed."""
        if self.leaving.is_set():
            await quietly(running.due.give_back())
            return
        if not await self._claim(running, plan):
            return
        outcome, log_end = await self._workshop.do(running, plan)
        match outcome:
            case Final():
                await self._finish(running, outcome, log_end)
            case HandedBack():
                await self._hand_back(running)
            case Fenced():
                self._count_fenced(running)
            case _:
                assert_never(outcome)

    async def _claim(self, running: Running, plan: Plan | NoPlan) -> bool:
        """Whether the execution is this worker's now. Where it is not, its due event has been settled."""
        decision: Decision = UNTOUCHED
        if running.due.deliveries > 1:
            decision = await self._decide(running, on_redelivery)
        while not await self._carry_out(decision, running, plan):
            decision = await self._decide(running, on_lost_claim)
        return isinstance(decision, Start)

    async def _decide(self, running: Running, rule: Callable[[Seen | None, int, int], Decision]) -> Decision:
        seen = await self._statuses.last(running.execution_id)
        return rule(seen, running.due.deliveries, self._most_attempts)

    async def _carry_out(self, decision: Decision, running: Running, plan: Plan | NoPlan) -> bool:
        """False where somebody else wrote first."""
        match decision:
            case Start():
                return await self._start(running, plan, decision)
            case Close():
                return await self._close(running, decision)
            case Over():
                await quietly(running.due.ack())
            case Leave():
                await quietly(running.due.give_back(self._lease_seconds))
            case _:
                assert_never(decision)
        return True

    async def _start(self, running: Running, plan: Plan | NoPlan, start: Start) -> bool:
        due, now = running.due.event, datetime.now(UTC)
        event = started(running.due, start, self._worker, plan, now)
        verdict = await self._statuses.write(event, start.expected, now)
        if isinstance(verdict, Conflict):
            return False
        running.claim, running.sequence = event, verdict.sequence
        if start.attempt == 1:
            metrics.START_DELAY.observe((now - due.decided_at).total_seconds())
        else:
            metrics.REPEATED.inc()
            log.warning("execution.repeated", execution_id=due.execution_id, attempt=start.attempt)
        if running.look:
            await self._watch.look(running)
        return True

    async def _close(self, running: Running, close: Close) -> bool:
        """End what a dead worker left. Its log ends with what it had stored."""
        now, log_end = datetime.now(UTC), await self._read_log_end(running.execution_id)
        event = finished(running.due.event, close.attempt, close.final, log_end, now)
        if isinstance(await self._statuses.write(event, close.expected, now), Conflict):
            return False
        await self._count_and_ack(running, event)
        return True

    async def _finish(self, running: Running, final: Final, log_end: LogEnd) -> None:
        """Write the end, however long NATS is away. Where a cancel came first, that is the end."""
        running.ending = True
        for _ in range(FINISH_TRIES):
            if running.cancelled_by is not None:
                final = cancelled(running.cancelled_by, final.exit_code, final.result)
            now = datetime.now(UTC)
            event = finished(running.due.event, running.attempt, final, log_end, now)
            verdict = await self._insist(partial(self._statuses.write, event, running.sequence or 0, now))
            if isinstance(verdict, Stored):
                await self._count_and_ack(running, event)
                return
            found = await self._insist(partial(self._watch.look, running)) if verdict else None
            if found is None:
                log.warning("execution.not_ended", execution_id=running.execution_id, attempt=running.attempt)
                return
            if found is Hold.SUPERSEDED:
                break
            if found is Hold.OURS:
                # It is not, for something was written after it: a replica has yet to hear of that.
                await asyncio.sleep(MOMENT_SECONDS)
        self._count_fenced(running)

    async def _hand_back(self, running: Running) -> None:
        """Say that this is no death, and give the due event to the next. Unsaid, it counts as one."""
        running.ending = True
        metrics.HANDED_BACK.inc()
        log.info("execution.handed_back", execution_id=running.execution_id, attempt=running.attempt)
        if running.claim is not None:
            event = running.claim.model_copy(update={"handed_back": True})
            try:
                await self._statuses.write(event, running.sequence or 0, datetime.now(UTC))
            except BusUnavailable as unavailable:
                log.warning(
                    "execution.counts_as_death", execution_id=running.execution_id, error=repr(unavailable)
                )
        await quietly(running.due.give_back())

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T | None:
        """Until NATS answers. None where the process has to go first."""
        while True:
            try:
                return await act()
            except BusUnavailable as unavailable:
                log.warning("execution.waits", error=repr(unavailable))
                if self.leaving.is_set():
                    return None
                await asyncio.sleep(PAUSE_SECONDS)

    async def _count_and_ack(self, running: Running, event: ExecutionFinished) -> None:
        metrics.EXECUTIONS.labels(event.outcome, event.reason).inc()
        log.info(
            "execution.finished",
            execution_id=event.execution_id,
            job_id=event.job_id,
            attempt=event.attempt,
            outcome=event.outcome,
            reason=event.reason,
        )
        await quietly(running.due.ack())

    def _count_fenced(self, running: Running) -> None:
        metrics.FENCED.inc()
        log.warning("execution.fenced", execution_id=running.execution_id, attempt=running.attempt)
