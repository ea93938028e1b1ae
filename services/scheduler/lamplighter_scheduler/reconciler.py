"""Proves, at start and then regularly, that timers and gates agree with catalog and executions. Repairs and counts."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from nats.aio.client import Client
from nats.errors import Error as NatsError

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import CATALOG, EXECUTIONS, TIMERS
from lamplighter_planning.rulings import Asked, Ended, Situation
from lamplighter_runtime.latest import Last, count_subjects, last_messages, subject_pages
from lamplighter_runtime.logs import get_logger
from lamplighter_scheduler.firings import Clock, Contended, Firings
from lamplighter_scheduler.invariants import Fault, execution_fault, timer_fault, waiting_fault
from lamplighter_scheduler.metrics import RECONCILE_SECONDS, REPAIRS
from lamplighter_scheduler.states import States
from lamplighter_scheduler.stops import Stops
from lamplighter_scheduler.timers import Timers

log = get_logger()

PAGE = 200
"""Jobs looked at together. Firings are decided between two pages."""

Repairs = Counter[Fault]


class Reconciler:
    def __init__(
        self, client: Client, states: States, firings: Firings, timers: Timers, clock: Clock
    ) -> None:
        self._client = client
        self._states = states
        self._firings = firings
        self._timers = timers
        self._stops = Stops(client)
        self._clock = clock

    async def run(self, every_seconds: float) -> None:
        while True:
            try:
                with RECONCILE_SECONDS.time():
                    await self.reconcile()
            except (NatsError, ConnectionError, TimeoutError, Contended) as error:
                log.warning("reconcile.interrupted", error=repr(error))
            await asyncio.sleep(every_seconds)

    async def reconcile(self) -> Repairs:
        """Look at every job, and at timers whose job is gone. Returns what was repaired."""
        repairs: Repairs = Counter()
        timers_left = await count_subjects(self._client, TIMERS.name, subjects.timer("*"))
        async for job_ids in self._pages(CATALOG.name, subjects.catalog("jobs", "*")):
            # Timers before what they are derived from: what changes in between shows as a change, not as a fault.
            timers = await self._timers.seen(job_ids)
            timers_left -= len(timers)
            repairs += await self._check(job_ids, timers)
        if timers_left > 0:
            repairs += await self._disarm_orphans()
        return repairs

    async def _disarm_orphans(self) -> Repairs:
        repairs: Repairs = Counter()
        async for job_ids in self._pages(TIMERS.name, subjects.timer("*")):
            timers = await self._timers.seen(job_ids)
            repairs += await self._check(await self._states.unknown(job_ids), timers)
        return repairs

    async def _pages(self, stream: str, pattern: str) -> AsyncIterator[list[str]]:
        async for page in subject_pages(self._client, stream, pattern, PAGE):
            yield [subject.rsplit(".", 1)[1] for subject in page]

    async def _check(self, job_ids: Sequence[str], timers: Mapping[str, Last]) -> Repairs:
        """Check and repair these. A job that cannot be read is told, and holds up no other."""
        if not job_ids:
            return Counter()
        try:
            return await self._check_together(job_ids, timers)
        except ValueError as error:
            if len(job_ids) == 1:
                log.error("job.unreadable", job_id=job_ids[0], error=str(error))  # noqa: TRY400 - one line is enough
                return Counter()
        half = len(job_ids) // 2
        return await self._check(job_ids[:half], timers) + await self._check(job_ids[half:], timers)

    async def _check_together(self, job_ids: Sequence[str], timers: Mapping[str, Last]) -> Repairs:
        situations = await self._states.of_jobs(job_ids)
        now = self._clock()
        faults = {s.job_id: fault for s in situations if (fault := timer_fault(s, timers.get(s.job_id), now))}
        if faults:
            await self._timers.review(faults)
        waiting = {s.job_id: fault for s in situations if (fault := waiting_fault(s, now))}
        if waiting:
            await self._timers.keep(await self._firings.settle([Asked(job_id) for job_id in waiting]))
        over = await self._end_what_is_over(situations, now)
        return _told(faults.items()) + _told(waiting.items()) + over

    async def _end_what_is_over(self, situations: Sequence[Situation], now: datetime) -> Repairs:
        statuses = await self._statuses([e for situation in situations for e in situation.gate.running])
        repairs: Repairs = Counter()
        for situation in situations:
            over = {
                execution: fault
                for execution, running in situation.gate.running.items()
                if (fault := execution_fault(running.since, statuses.get(execution), now))
            }
            await self._ask_again(situation, over)
            if over:
                ended = tuple(map(Ended, over))
                await self._timers.keep(await self._firings.settle([Asked(situation.job_id, ended=ended)]))
                repairs += _told((situation.job_id, fault) for fault in over.values())
        return repairs

    async def _ask_again(self, situation: Situation, over: Collection[str]) -> None:
        """Of executions that were asked to stop and still run: whoever was asked may not have heard it."""
        stopping = {e: r.stopping for e, r in situation.gate.running.items() if r.stopping and e not in over}
        await self._stops.ask(situation.job_id, stopping.items())

    async def _statuses(self, executions: Sequence[str]) -> dict[str, Last]:
        """The last status message by execution."""
        asked = [subjects.execution_status(execution) for execution in executions]
        found = await last_messages(self._client, EXECUTIONS.name, asked)
        return {subject.split(".")[1]: last for subject, last in found.items()}


def _told(faults: Iterable[tuple[str, Fault]]) -> Repairs:
    """Count and log what was repaired in which jobs: one line a kind, however many they are."""
    by_kind: dict[Fault, list[str]] = defaultdict(list)
    for job_id, fault in faults:
        by_kind[fault].append(job_id)
    for fault, job_ids in by_kind.items():
        REPAIRS.labels(fault.value).inc(len(job_ids))
        log.warning("repaired", fault=fault.value, count=len(job_ids), job_ids=job_ids[:10])
    return Counter({fault: len(job_ids) for fault, job_ids in by_kind.items()})
