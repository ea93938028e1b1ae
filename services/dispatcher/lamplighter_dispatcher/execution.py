"""One execution from the message that brings it up to its end: admitted, claimed, run, finished.

Whatever happens is one outcome, and every write on its status says which status it follows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar, assert_never

from pydantic import JsonValue

from lamplighter_contracts.executions import Approval, ApprovalState, ExecutionEffects, ExecutionFinished
from lamplighter_contracts.policies import PolicyAction
from lamplighter_contracts.reasons import Blocked as Reason
from lamplighter_dispatcher import metrics
from lamplighter_dispatcher.admission.admitting import (
    Admission,
    Admitted,
    Blocked,
    Forward,
    Later,
    NeedsApproval,
)
from lamplighter_dispatcher.admission.lineup import Full
from lamplighter_dispatcher.admission.plans import NoPlan, Plan
from lamplighter_dispatcher.admission.seating import Seating
from lamplighter_dispatcher.admission.seats import places
from lamplighter_dispatcher.answering import record
from lamplighter_dispatcher.answers import on_silence
from lamplighter_dispatcher.approvals import ApprovalBook, Asked, refusal, start_action
from lamplighter_dispatcher.attempt.journal import Journal
from lamplighter_dispatcher.attempt.work import LONGEST_WAIT, Done, Workshop
from lamplighter_dispatcher.claims import (
    UNTOUCHED,
    Bringer,
    Close,
    Decision,
    Expire,
    Hold,
    Leave,
    Over,
    Seen,
    Start,
    on_lost_claim,
    on_taken,
)
from lamplighter_dispatcher.outcomes import (
    Fenced,
    Final,
    HandedBack,
    LogEnd,
    Parked,
    blocked,
    cancelled,
    failed,
)
from lamplighter_dispatcher.parking import pack, unpack
from lamplighter_dispatcher.retries import Again, after_death, follow_up
from lamplighter_dispatcher.roster import Running
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_dispatcher.transitions import Account, finished, retrying, started, waiting
from lamplighter_dispatcher.watch import Watch
from lamplighter_runtime.consuming import quietly
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Conflict, Stored
from lamplighter_runtime.tasks import end

log = get_logger()

PAUSE_SECONDS = 1.0
MOMENT_SECONDS = 0.1
FINISH_TRIES = 50
CROWDED_SECONDS = 5.0
"""How long one that finds no room even to wait stays away."""

T = TypeVar("T")

ReadLogEnd = Callable[[str], Awaitable[LogEnd]]
Rule = Callable[[Seen | None, Bringer, int, datetime], Decision]
Ending = Final | Again | Parked


@dataclass(frozen=True, slots=True)
class Claimed:
    """It is this worker's: what to run, and what is known of what was before."""

    start: Start
    plan: Plan
    effects: ExecutionEffects | None
    state: JsonValue


class Execution:
    """The steps that every execution goes through; one for a process."""

    def __init__(
        self,
        statuses: Statuses,
        watch: Watch,
        admission: Admission,
        seating: Seating,
        workshop: Workshop,
        read_log_end: ReadLogEnd,
        *,
        worker: str,
        most_deaths: int,
        lease_seconds: float,
    ) -> None:
        self._statuses = statuses
        self._watch = watch
        self._admission = admission
        self._seating = seating
        self._workshop = workshop
        self._read_log_end = read_log_end
        self._worker = worker
        self._most_deaths = most_deaths
        self._lease_seconds = lease_seconds
        self.leaving = asyncio.Event()
        """Set when the process has no time left to wait for NATS."""

    async def go(self, running: Running) -> None:
        """Raises `BusUnavailable` where it could not even be claimed."""
        if self.leaving.is_set():
            await quietly(running.due.give_back())
            return
        try:
            claimed = await self._claim(running)
            if claimed is not None:
                await self._work(running, claimed)
        finally:
            if running.places:
                await self._seating.leave(running.execution_id, running.places)

    # Until it is claimed

    async def _claim(self, running: Running) -> Claimed | None:
        """None where it is not this worker's; then its message has been settled."""
        decision: Decision = UNTOUCHED
        if not running.bringer.is_new:
            decision = await self._decide(running, on_taken)
        while True:
            if isinstance(decision, Start):
                settled = await self._start(running, decision)
                if not isinstance(settled, Conflict):
                    return settled
            elif await self._settle(running, decision):
                return None
            decision = await self._decide(running, on_lost_claim)

    async def _decide(self, running: Running, rule: Rule) -> Decision:
        seen = await self._statuses.last(running.execution_id)
        return rule(seen, running.bringer, self._most_deaths, datetime.now(UTC))

    async def _settle(self, running: Running, decision: Close | Expire | Over | Leave) -> bool:
        """False where somebody else wrote first."""
        now = datetime.now(UTC)
        match decision:
            case Close():
                return await self._close(running, decision)
            case Expire(waiting=event, expected=expected):
                expired, due = on_silence(event, expected, now), running.due.event
                if isinstance(await record(self._statuses, expired, now, due), Conflict):
                    return False
                await quietly(running.due.ack())
            case Over():
                await quietly(running.due.ack())
            case Leave(until=until):
                if until is None:
                    # The seats are for whoever has claimed it.
                    running.places = ()
                seconds = self._lease_seconds if until is None else _until(until, now)
                await quietly(running.due.give_back(seconds))
            case _:
                assert_never(decision)
        return True

    async def _start(self, running: Running, start: Start) -> Claimed | Conflict | None:
        """None where it does not begin, and that is settled."""
        effects = await self._effects(running, start)
        if start.repeats and effects is not None:
            final = after_death(effects.effects, running.due.event.job.retry)
            if final is not None:
                close = Close(start.attempt - 1, start.expected, final, start.carried)
                return (
                    None
                    if await self._close(running, close)
                    else Conflict("the end of a dead worker's attempt")
                )
        try:
            state = await self._state(running, start)
        except ValueError as gone:
            final = failed("lost", f"It cannot go on: {gone}.")
            close = Close(start.attempt, start.expected, final, start.carried)
            return None if await self._close(running, close) else Conflict("that it cannot go on")
        admitted = await self._seated(running, start)
        if not isinstance(admitted, Admitted):
            return admitted
        lost = await self._write_claim(running, start, admitted.plan)
        return lost or Claimed(start, admitted.plan, effects, state)

    async def _seated(self, running: Running, start: Start) -> Admitted | Conflict | None:
        """Admitted, with a seat at every agent and environment that takes only so many at once. While it waits for
        one it takes no slot; and whoever gets one is admitted anew, for much may have changed."""
        while True:
            admitted = await self._admitted(running, start)
            if not isinstance(admitted, Admitted):
                return admitted
            running.places = places(admitted.plan)
            full = await self._seating.take(running.execution_id, running.places)
            if full is None:
                return admitted
            running.places = ()
            if self._seating.is_crowded or not await self._turn(running, full):
                await quietly(running.due.give_back(CROWDED_SECONDS))
                return None
            running.surroundings = await self._admission.prepare([running.due.event])

    async def _turn(self, running: Running, full: Full) -> bool:
        """Whether its turn comes before it has to stop."""
        async with running.slots.lent():
            turn = asyncio.create_task(self._seating.wait(running.execution_id, full))
            stop = asyncio.create_task(running.stop.requested())
            try:
                await asyncio.wait([turn, stop], return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end([turn, stop])
        return running.stop.reason is None

    async def _effects(self, running: Running, start: Start) -> ExecutionEffects | None:
        first = start.attempt == 1 and not start.resumed
        return None if first else await self._statuses.effects_of(running.execution_id)

    async def _state(self, running: Running, start: Start) -> JsonValue:
        """What its runner left when it was parked. Raises `ValueError` where it is not there any more."""
        if not start.resumed:
            return None
        pieces = await self._statuses.parked(running.execution_id, range(1, start.carried.pieces + 1))
        return unpack(pieces)

    async def _admitted(self, running: Running, start: Start) -> Admitted | Conflict | None:
        """None where it does not begin, and that is settled."""
        verdict = await self._admission.admit(running.due.event, running.surroundings, running.due.deliveries)
        match verdict:
            case Admitted(due=due):
                running.due = replace(running.due, event=due)
                return verdict
            case Blocked():
                return await self._block(running, start, verdict)
            case NeedsApproval(due=due):
                running.due = replace(running.due, event=due)
                return await self._word(running, start, verdict)
            case Forward(due=due):
                await self._statuses.forward(due)
                await quietly(running.due.ack())
            case Later(seconds=seconds, detail=detail):
                log.info("execution.later", execution_id=running.execution_id, detail=detail)
                await quietly(running.due.give_back(seconds))
            case _:
                assert_never(verdict)
        return None

    async def _block(self, running: Running, start: Start, why: Blocked) -> Conflict | None:
        attempt = start.last_attempt
        await self._tell(running, attempt, why)
        close = Close(attempt, start.expected, blocked(why.why.reason, why.why.detail), start.carried)
        return None if await self._close(running, close) else Conflict("that it is blocked")

    async def _tell(self, running: Running, attempt: int, why: Blocked) -> None:
        """What was decided on the way: whom it might have been given to, what policies said."""
        journal = Journal(self._statuses, running.execution_id, Start(attempt, 0))
        if why.choice is not None:
            await journal.chosen(why.choice)
        if why.verdict is not None:
            await journal.decided(PolicyAction.START, why.verdict)
        await journal.close()

    async def _word(self, running: Running, start: Start, needs: NeedsApproval) -> Admitted | Conflict | None:
        """Somebody has to approve that it begins at all."""
        due, now = running.due.event, datetime.now(UTC)
        book = ApprovalBook(due.execution_id, start.carried.approvals)
        # With their revisions: what somebody approved is what there was to see.
        executor: JsonValue = [[agent.agent_id, agent.revision] for agent in needs.plan.everyone]
        environment = needs.plan.environment
        where = f"{environment.environment_id} {environment.revision}"
        action = start_action(due.job_id, due.job.revision, due.asked, executor, where, due.firing)
        given = book.find(action)
        if given is not None and given.state is ApprovalState.APPROVED:
            return Admitted(needs.plan, due)
        if given is not None:
            no_plan = NoPlan(Reason.APPROVAL, f"It did not begin: {refusal(given)}.")
            return await self._block(running, start, Blocked(no_plan, needs.plan.choice, needs.verdict))
        wait = timedelta(seconds=due.job.approvals.wait_seconds)
        deadline = min(now + wait, due.decided_at + LONGEST_WAIT)
        asked = Asked(action, f"the whole execution of {due.job.name!r}", needs.verdict.reason)
        approval = book.ask(asked, now, deadline)
        account = _account_before(start, book.all)
        # One that was parked before keeps what it left then.
        pieces = [] if start.resumed else pack(due, account.attempt)
        event = waiting(due, account, approval.deadline_at, len(pieces) or start.carried.pieces, now)
        if isinstance(await self._statuses.park(event, pieces, start.expected, now), Conflict):
            return Conflict("that it waits for an approval")
        metrics.PARKED.inc()
        await quietly(running.due.give_back(_until(approval.deadline_at, now)))
        return None

    async def _write_claim(self, running: Running, start: Start, plan: Plan) -> Conflict | None:
        due, now = running.due.event, datetime.now(UTC)
        event = started(due, start, running.due.deliveries, self._worker, plan, now)
        verdict = await self._statuses.write(event, start.expected, now)
        if isinstance(verdict, Conflict):
            return verdict
        running.claim, running.sequence = event, verdict.sequence
        if start.attempt == 1 and not start.resumed:
            metrics.START_DELAY.observe((now - due.decided_at).total_seconds())
        elif start.repeats:
            metrics.REPEATED.inc()
            log.warning("execution.repeated", execution_id=due.execution_id, attempt=start.attempt)
        if running.look:
            await self._watch.look(running)
        return None

    async def _close(self, running: Running, close: Close) -> bool:
        """End what nobody runs. Its log ends with what was stored of it."""
        now = datetime.now(UTC)
        log_end = await self._read_log_end(running.execution_id) if close.attempt else LogEnd()
        account = Account(close.attempt, close.carried.usage, close.carried.approvals, log_end)
        event = finished(running.due.event, account, close.final, now)
        if isinstance(await self._statuses.write(event, close.expected, now), Conflict):
            return False
        await self._count_and_ack(running, event)
        return True

    # From the claim on

    async def _work(self, running: Running, claimed: Claimed) -> None:
        done = await self._workshop.do(running, claimed.plan, claimed.start, claimed.effects, claimed.state)
        match done.outcome:
            case Final() as final:
                start, job = claimed.start, running.due.event.job
                failures = start.attempt - start.deaths
                ending = follow_up(final, job.retry, failures, done.desk.journal.effects, datetime.now(UTC))
                await self._end(running, claimed.start, done, ending)
            case Parked() as parked:
                await self._end(running, claimed.start, done, parked)
            case HandedBack():
                await self._hand_back(running)
            case Fenced():
                self._count_fenced(running)
            case _:
                assert_never(done.outcome)

    async def _end(self, running: Running, start: Start, done: Done, ending: Ending) -> None:
        """Write how it ends, or that it goes on later, however long NATS is away. Where a cancel came first, that is
        the end."""
        running.ending = True
        account = _account(start, done)
        for _ in range(FINISH_TRIES):
            if running.cancelled_by is not None:
                ending = _cancelled(running.cancelled_by, ending)
            verdict = await self._insist(partial(self._write_end, running, account, ending))
            if isinstance(verdict, Final):
                ending = verdict
                continue
            if isinstance(verdict, Stored):
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

    async def _write_end(
        self, running: Running, account: Account, ending: Ending
    ) -> Stored | Conflict | Final:
        """A `Final` instead where what would have to be kept of it cannot be."""
        due, now, expected = running.due.event, datetime.now(UTC), running.sequence or 0
        match ending:
            case Final():
                event = finished(due, account, ending, now)
                verdict = await self._statuses.write(event, expected, now)
                if isinstance(verdict, Stored):
                    await self._count_and_ack(running, event)
            case Again():
                verdict = await self._statuses.write(
                    retrying(due, account, ending, self._worker, now), expected, now
                )
                if isinstance(verdict, Stored):
                    metrics.RETRIED.inc()
                    await self._come_back(running, ending.not_before, "execution.retries")
            case Parked():
                deadline = min(approval.deadline_at for approval in ending.approvals)
                try:
                    pieces = pack(due, account.attempt, ending.state)
                    event_ = waiting(due, account, deadline, len(pieces), now)
                    verdict = await self._statuses.park(event_, pieces, expected, now)
                except (ValueError, TypeError) as unfit:
                    # Too large, or not what a runner may leave.
                    return failed("runner", f"It cannot wait for an approval: {unfit}.")
                if isinstance(verdict, Stored):
                    metrics.PARKED.inc()
                    await self._come_back(running, deadline, "execution.parked")
            case _:
                assert_never(ending)
        return verdict

    async def _come_back(self, running: Running, at: datetime, what: str) -> None:
        """JetStream keeps the message until then."""
        log.info(what, execution_id=running.execution_id, attempt=running.attempt, until=at.isoformat())
        await quietly(running.due.give_back(_until(at, datetime.now(UTC))))

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
        metrics.EXECUTIONS.labels(event.outcome, metrics.word(event.reason)).inc()
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


def _account_before(start: Start, approvals: tuple[Approval, ...]) -> Account:
    """Of what was before this start."""
    carried = start.carried
    return Account(
        start.last_attempt,
        carried.usage,
        approvals,
        LogEnd(carried.log_lines, carried.log_sequence, batches=carried.log_batches),
        carried.steps,
        carried.decisions,
        carried.ran_seconds,
        start.deaths,
        start.part,
    )


def _account(start: Start, done: Done) -> Account:
    desk = done.desk
    return Account(
        start.attempt,
        desk.budget.used,
        desk.book.all,
        done.log_end,
        desk.journal.steps,
        desk.journal.decisions,
        done.ran_seconds,
        start.deaths,
        start.part,
    )


def _cancelled(by: str, ending: Ending) -> Final:
    """With what it had produced."""
    final = ending.final if isinstance(ending, Again) else ending
    return cancelled(by, final.exit_code, final.result) if isinstance(final, Final) else cancelled(by)


def _until(at: datetime, now: datetime) -> float:
    """Seconds, a moment more rather than less: what comes too early has to be given back once more."""
    return max(MOMENT_SECONDS, (at - now).total_seconds() + MOMENT_SECONDS)
