"""Settles what was asked of jobs: read their state, decide, commit. One atomic batch for many jobs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import Conflict, Message
from lamplighter_runtime.publishing import BATCH_LIMIT, commit
from lamplighter_scheduler.decisions import Asked, Decision, Due, Situation, decide
from lamplighter_scheduler.metrics import LATENESS, OCCURRENCES
from lamplighter_scheduler.records import messages
from lamplighter_scheduler.states import States

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


class Firings:
    """Any number of schedulers may settle the same: the compare-and-set on gates and marks lets one commit."""

    def __init__(self, client: Client, states: States, clock: Clock) -> None:
        self._client = client
        self._states = states
        self._clock = clock

    async def settle(self, asked: Sequence[Asked]) -> list[Settled]:
        """Decide and commit all of it. Asked again, it changes nothing.

        Raises `BusUnavailable`, `Contended`, `MessageTooLarge`, and `ValueError` for a job that cannot be read.
        """
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
        for batch in batches(self._plan(await self._states.of(asked, all_marks=all_marks), asked)):
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
    return Settled(situation.job_id, situation.job, planned.decision.gate or situation.gate)


def _count(planned: Planned) -> None:
    for ruling in planned.decision.rulings:
        occurrence = ruling.occurrence
        outcome = "due" if isinstance(ruling, Due) else ruling.reason.value
        OCCURRENCES.labels(outcome).inc(occurrence.count)
        if isinstance(ruling, Due) and occurrence.firing.kind is TriggerKind.SCHEDULE:
            LATENESS.observe((planned.decided_at - occurrence.firing.nominal_at).total_seconds())
        log.debug(
            "occurrence.decided",
            job_id=planned.situation.job_id,
            execution_id=occurrence.execution_id,
            outcome=outcome,
        )
