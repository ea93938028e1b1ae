"""Settles what was asked of jobs: read their state, decide, commit. One atomic batch for many jobs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from nats.aio.client import Client

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Decision, Due, Queued, Ruling, Situation, Skipped
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import Conflict, Message
from lamplighter_runtime.publishing import BATCH_LIMIT, commit
from lamplighter_scheduler.metrics import LATENESS, OCCURRENCES
from lamplighter_scheduler.records import messages
from lamplighter_scheduler.states import States
from lamplighter_scheduler.stops import Stops

log = get_logger()

BATCH_BYTES = 8 << 20
TRIES_TOGETHER = 2
TRIES_ALONE = 5

Clock = Callable[[], datetime]


class Contended(ConnectionError):
    """The gate of one job changed under every try. The messages come again, and with them the next try: however
    often that is, it is nobody's poison."""


@dataclass(frozen=True)
class Planned:
    """One job's share of a batch."""

    asked: Asked
    situation: Situation
    decision: Decision
    messages: list[Message]
    decided_at: datetime

    @property
    def size(self) -> int:
        return sum(len(message.body) for message in self.messages)


@dataclass(frozen=True)
class Settled:
    """A job and its gate after everything asked of it was decided."""

    job_id: str
    job: Job | None
    gate: Gate
    unfinished: bool = False


class Firings:
    """Any number of schedulers may settle the same: the compare-and-set on gates and marks lets one commit."""

    def __init__(self, client: Client, states: States, clock: Clock) -> None:
        self._client = client
        self._states = states
        self._stops = Stops(client)
        self._clock = clock

    async def settle(self, asked: Sequence[Asked]) -> list[Settled]:
        """Decide and commit all of it, in several batches where one is too small. Asked again, it changes nothing.

        Raises `BusUnavailable`, `Contended`, `MessageTooLarge`, and `ValueError` for a job that cannot be read.
        """
        settled: dict[str, Settled] = {}
        left = list(asked)
        while left:
            now_settled = await self._settle_once(left)
            settled |= {one.job_id: one for one in now_settled}
            left = [Asked(one.job_id) for one in now_settled if one.unfinished]
        return list(settled.values())

    async def _settle_once(self, asked: Sequence[Asked]) -> list[Settled]:
        settled: list[Settled] = []
        left = list(asked)
        for attempt in range(TRIES_TOGETHER):
            left = await self._try(left, settled, all_marks=attempt > 0)
            if not left:
                return settled
        contended = [one.job_id for one in left if not await self._settle_alone(one, settled)]
        if contended:
            raise Contended(
                f"{contended[:5]} were decided by others {TRIES_ALONE} times in a row: trying again later"
            )
        return settled

    async def _settle_alone(self, one: Asked, settled: list[Settled]) -> bool:
        for _ in range(TRIES_ALONE):
            if not await self._try([one], settled, all_marks=True):
                return True
        return False

    async def _try(self, asked: Sequence[Asked], settled: list[Settled], *, all_marks: bool) -> list[Asked]:
        """Settle what can be. Returns what conflicted: others have decided meanwhile."""
        lost: list[Asked] = []
        situations = await self._states.of(asked, self._clock(), all_marks=all_marks)
        for batch in batches(self._plan(situations, asked)):
            if await self._commit(batch):
                settled += map(_settled, batch)
            else:
                lost += [planned.asked for planned in batch]
        return lost

    def _plan(self, situations: Sequence[Situation], asked: Sequence[Asked]) -> Iterator[Planned]:
        for situation, one in zip(situations, asked, strict=True):
            now = self._clock()
            decision = decide(situation, one, now)
            yield Planned(one, situation, decision, messages(situation, decision, now), now)

    async def _commit(self, batch: Sequence[Planned]) -> bool:
        together = [message for planned in batch for message in planned.messages]
        if together and isinstance(await commit(self._client, together), Conflict):
            return False
        for planned in batch:
            _count(planned)
            if planned.decision.stops:
                await self._stops.ask(planned.asked.job_id, _stopping(planned))
        return True


def batches(planned: Iterable[Planned]) -> Iterator[list[Planned]]:
    """In shares that one atomic batch can carry. What one job is asked at a time fits: see the handlers."""
    batch: list[Planned] = []
    count = size = 0
    for one in planned:
        if batch and (count + len(one.messages) > BATCH_LIMIT or size + one.size > BATCH_BYTES):
            yield batch
            batch, count, size = [], 0, 0
        batch.append(one)
        count += len(one.messages)
        size += one.size
    if batch:
        yield batch


def _settled(planned: Planned) -> Settled:
    situation = planned.situation
    gate = planned.decision.gate or situation.gate
    return Settled(situation.job_id, situation.job, gate, planned.decision.unfinished)


def _stopping(planned: Planned) -> list[tuple[str, str]]:
    assert planned.decision.gate is not None
    running = planned.decision.gate.running
    return [(execution_id, running[execution_id].stopping) for execution_id in planned.decision.stops]


def _count(planned: Planned) -> None:
    for ruling in planned.decision.rulings:
        occurrence, outcome = ruling.occurrence, _outcome(ruling)
        OCCURRENCES.labels(outcome).inc(ruling.count if isinstance(ruling, Skipped) else 1)
        firing = occurrence.firing
        if isinstance(ruling, Due) and firing.kind is TriggerKind.SCHEDULE and not firing.caught_up:
            effective = firing.effective_at or firing.nominal_at
            LATENESS.observe((planned.decided_at - effective).total_seconds())
        log.debug(
            "occurrence.decided",
            job_id=planned.situation.job_id,
            execution_id=occurrence.execution_id,
            outcome=outcome,
        )


def _outcome(ruling: Ruling) -> str:
    match ruling:
        case Due():
            return "due"
        case Queued():
            return "queued"
        case Skipped(reason=reason):
            return reason.value
        case _:
            assert_never(ruling)
