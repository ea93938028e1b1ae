"""Whether an environment is ready: as somebody found a moment ago, or by a check that is made now."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from lamplighter_contracts.environments import Environment, Readiness
from lamplighter_contracts.reasons import Blocked
from lamplighter_dispatcher.admission.plans import NoPlan

SLACK = timedelta(seconds=5)
"""What a check may come late without anything being wrong."""


class Checker(Protocol):
    async def check_now(self, environment: Environment) -> Readiness:
        """Make the check, and tell the others how it went."""


def known(environment: Environment, said: Readiness | None, now: datetime) -> Readiness | None:
    """What was said, where it is of this revision and young enough to count."""
    if environment.check is None or said is None or said.revision != environment.revision:
        return None
    seconds = environment.check.every_seconds + environment.check.timeout_seconds
    return said if now - said.checked_at <= timedelta(seconds=seconds) + SLACK else None


def hindrance(readiness: Readiness) -> NoPlan | None:
    if readiness.ready:
        return None
    why = f": {readiness.reason}" if readiness.reason else "."
    return NoPlan(Blocked.ENVIRONMENT, f"The environment {readiness.environment_id!r} is not ready{why}")


class Checks:
    """Of many executions that want the same check now, one makes it."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._under_way: dict[tuple[str, int], asyncio.Task[Readiness]] = {}

    async def hindrance(
        self, environment: Environment, said: Mapping[str, Readiness], now: datetime
    ) -> NoPlan | None:
        """Why nothing may run in it now."""
        if environment.check is None:
            return None
        found = known(environment, said.get(environment.environment_id), now)
        return hindrance(found or await self._check(environment))

    async def _check(self, environment: Environment) -> Readiness:
        key = (environment.environment_id, environment.revision)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._checker.check_now(environment))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(task)
