"""The armed next firing of each job, held by NATS. Timers are only alarm clocks: losable, and derived from job and
gate.

Written with compare-and-set on the timer that was seen *before* job and gate were read, so that an arming made from
an older job loses.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import TIMERS
from lamplighter_planning.agenda import is_timed, next_alarm
from lamplighter_planning.rulings import Situation
from lamplighter_runtime.jetstream import obtain
from lamplighter_runtime.latest import Last, last_messages
from lamplighter_runtime.messages import Conflict
from lamplighter_runtime.publishing import publish
from lamplighter_scheduler import records
from lamplighter_scheduler.firings import Contended, Settled
from lamplighter_scheduler.states import States

_TRIES = 5


class Timers:
    """Arms, re-arms and disarms. Raises `BusUnavailable`, `Contended`, and `ValueError` for unreadable jobs."""

    def __init__(self, client: Client, states: States) -> None:
        self._client = client
        self._states = states

    async def follow(self, settled: Iterable[Settled]) -> None:
        """Arm the next firing of jobs whose timer was just released: NATS deleted it with the tick."""
        ticked = list(settled)
        fresh = await asyncio.gather(*(self._arm_released(one) for one in ticked))
        contested = [one.job_id for one, armed in zip(ticked, fresh, strict=True) if not armed]
        if contested:
            await self.review(contested)

    async def keep(self, settled: Iterable[Settled]) -> None:
        """Review the timers of jobs whose alarm depends on what runs, now that this has changed."""
        timed = [one.job_id for one in settled if is_timed(one.gate)]
        if timed:
            await self.review(timed)

    async def review(self, job_ids: Iterable[str]) -> None:
        """Make the timer of each job what its newest revision and its gate say."""
        left = list(job_ids)
        for _ in range(_TRIES):
            seen = await self.seen(left)
            situations = await self._states.of_jobs(left)
            done = await asyncio.gather(*(self._set(one, seen.get(one.job_id)) for one in situations))
            left = [job_id for job_id, is_set in zip(left, done, strict=True) if not is_set]
            if not left:
                return
        raise Contended(
            f"the timers of {left[:5]} were changed by others {_TRIES} times in a row: trying again later"
        )

    async def seen(self, job_ids: Sequence[str]) -> dict[str, Last]:
        """The armed timers, by job."""
        found = await last_messages(self._client, TIMERS.name, [subjects.timer(job_id) for job_id in job_ids])
        return {subject.rsplit(".", 1)[1]: last for subject, last in found.items()}

    async def _arm_released(self, settled: Settled) -> bool:
        instant = next_alarm(settled.job, settled.gate)
        if instant is None or settled.job is None:
            return True
        return await self._arm(settled.job_id, settled.job.revision, instant, follows=0)

    async def _set(self, situation: Situation, seen: Last | None) -> bool:
        """Whether the timer is now as it should be; False where another wrote it meanwhile."""
        job, instant = situation.job, next_alarm(situation.job, situation.gate)
        if job is not None and instant is not None:
            if seen is not None and seen.headers.get(records.SCHEDULE) == records.at(instant):
                return True
            return await self._arm(job.job_id, job.revision, instant, follows=seen.sequence if seen else 0)
        if seen is not None:
            await self._disarm(situation.job_id, seen.sequence)
        return True

    async def _arm(self, job_id: str, revision: int, instant: datetime, follows: int) -> bool:
        stored = await publish(self._client, records.timer(job_id, revision, instant, follows))
        return not isinstance(stored, Conflict)

    async def _disarm(self, job_id: str, sequence: int) -> None:
        """Remove the timer that was seen, and no later one."""
        what = {"filter": subjects.timer(job_id), "seq": sequence + 1}
        await obtain(self._client, f"STREAM.PURGE.{TIMERS.name}", what)
