"""Watches over what runs here: keeps the lease, and stops what is cancelled, superseded, or out of its lease."""

import asyncio
import time
from collections.abc import Sequence

from lamplighter_contracts.executions import ExecutionCancelling
from lamplighter_dispatcher.claims import Hold, Seen, hold
from lamplighter_dispatcher.outcomes import StopReason
from lamplighter_dispatcher.roster import Roster, Running
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_runtime.consuming import quietly
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

_STOPS = {Hold.CANCELLED: StopReason.CANCEL, Hold.SUPERSEDED: StopReason.SUPERSEDED}


class Watch:
    def __init__(self, roster: Roster, statuses: Statuses, worker: str, lease_seconds: float) -> None:
        self._roster = roster
        self._statuses = statuses
        self._worker = worker
        self._lease_seconds = lease_seconds

    async def beat_for_ever(self, every_seconds: float) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(every_seconds)

    async def beat(self) -> None:
        """Say that all are in progress, and see in one read whether all are still ours."""
        # Counted from before anything is sent, so that our own lease is over before the server's.
        began, every = time.monotonic(), list(self._roster)
        for running in every:
            await quietly(running.due.in_progress())
        claimed = [running for running in every if running.sequence is not None]
        try:
            found = await self._statuses.last_of([running.execution_id for running in claimed])
        except BusUnavailable as unavailable:
            log.warning("heartbeat.unanswered", running=len(every), error=repr(unavailable))
            return
        for running in every:
            running.leased_until = began + self._lease_seconds
        self._judge_all(claimed, found)

    async def expire_for_ever(self) -> None:
        """Kill what has lost its lease: another dispatcher may run it by now, and nobody could tell us."""
        while True:
            now = time.monotonic()
            for running in self._roster:
                if running.leased_until <= now and running.stop.reason is not StopReason.LEASE:
                    log.warning("lease.lost", execution_id=running.execution_id, attempt=running.attempt)
                    running.stop.request(StopReason.LEASE)
            await asyncio.sleep(self._until_next(now))

    async def look(self, running: Running) -> Hold:
        """Read its status now, and stop it where that says so. Raises `BusUnavailable`."""
        return self._judge(running, await self._statuses.last(running.execution_id))

    def _judge_all(self, claimed: Sequence[Running], found: dict[str, Seen]) -> None:
        for running in claimed:
            # Those that are at their end write a status of their own.
            if not running.ending:
                self._judge(running, found.get(running.execution_id))

    def _judge(self, running: Running, seen: Seen | None) -> Hold:
        verdict = hold(seen, running.sequence or 0, self._worker, running.attempt)
        if verdict is Hold.CANCELLED and seen is not None and isinstance(seen.event, ExecutionCancelling):
            running.sequence, running.cancelled_by = seen.sequence, seen.event.requested_by
        if verdict is not Hold.OURS:
            log.info(
                "execution.stops", execution_id=running.execution_id, attempt=running.attempt, why=verdict
            )
            running.stop.request(_STOPS[verdict])
        return verdict

    def _until_next(self, now: float) -> float:
        leases = [running.leased_until - now for running in self._roster if running.leased_until > now]
        return min([self._lease_seconds, *leases])
