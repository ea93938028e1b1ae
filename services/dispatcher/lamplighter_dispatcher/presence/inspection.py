"""Keeps an eye on the environments that this dispatcher serves: each is checked in its interval, by one of them all."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import random
from typing import Protocol

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.environments import Environment, Readiness
from lamplighter_contracts.streams import CATALOG
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.following import Following
from lamplighter_runtime.latest import Last
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.tails import Entry
from lamplighter_runtime.tasks import end

log = get_logger()

FRESH = 0.9
"""Of the interval: what was found so lately, by whoever it was, is not looked for again."""
AT_ONCE = 4
"""Checks that this dispatcher makes at the same time."""


class Checker(Protocol):
    async def check_now(self, environment: Environment) -> Readiness: ...


def seconds_left(environment: Environment, last: Readiness | None, now: datetime, chance: float) -> float:
    """Until the check is due; 0 where it is. `chance`, from 0 to 1, keeps dispatchers from all being first."""
    if environment.check is None or last is None or last.revision != environment.revision:
        return 0
    interval = timedelta(seconds=environment.check.every_seconds)
    if now - last.checked_at >= interval * FRESH:
        return 0
    due_at = last.checked_at + interval * (FRESH + (1 - FRESH) * chance)
    # A clock that is ahead of this one must not keep it waiting.
    return min((due_at - now).total_seconds(), interval.total_seconds())


@dataclass(eq=False)
class Inspection:
    """`follow` runs as long as the dispatcher does: it hears of each change of an environment, and checks at once.

    `said` gives the last word on each environment, whose ever it was.
    """

    client: Client
    queues: Collection[str]
    checker: Checker
    said: Callable[[], Mapping[str, Readiness]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: Callable[[], float] = random
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _rounds: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def follow(self) -> None:
        environments = subjects.catalog("environments", "*")
        try:
            await Following(self.client, CATALOG.name, [environments], self._learn).follow()
        finally:
            await end(self._tasks)

    def _learn(self, entry: Entry) -> None:
        environment_id = entry.subject.rpartition(".")[2]
        before = self._rounds.pop(environment_id, None)
        if before is not None:
            before.cancel()
        try:
            environment = read_item(
                Environment, Last(entry.subject, entry.sequence, entry.headers, entry.body)
            )
        except ValidationError as invalid:
            log.warning("catalog.unreadable", subject=entry.subject, error=str(invalid)[:300])
            return
        if environment is not None and environment.check is not None and environment.queue in self.queues:
            task = asyncio.create_task(self._round(environment))
            self._rounds[environment_id] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _round(self, environment: Environment) -> None:
        own: Readiness | None = None
        while True:
            left = self._left(environment, own)
            if left > 0:
                await asyncio.sleep(left)
                continue
            async with self._room:
                # Somebody else may have looked while this one waited for room.
                if self._left(environment, own) == 0:
                    own = await self.checker.check_now(environment)

    def _left(self, environment: Environment, own: Readiness | None) -> float:
        said = self.said().get(environment.environment_id)
        known = [one for one in (own, said) if one is not None and one.revision == environment.revision]
        last = max(known, key=lambda one: one.checked_at, default=None)
        return seconds_left(environment, last, self.now(), self.chance())
