"""A dispatcher with the scripted runner, which kills itself where it is told to.

`python -m tests.support.dying [<point>]`. Around a few of its functions stand wrappers; the first that comes past the
point ends the process.
"""

import functools
import runpy
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from os import getpid, kill
from signal import SIGKILL
from typing import Any

from lamplighter_contracts.executions import ExecutionRetrying, ExecutionStarted
from lamplighter_dispatcher import runners
from lamplighter_dispatcher.admission.seating import Seating
from lamplighter_dispatcher.statuses import Statuses
from tests.support.scripted.runner import ENTRY_POINT


class Point(StrEnum):
    """In the order in which an execution passes them that is parked, or retried."""

    BEFORE_PARKING = "before-parking"
    AFTER_PARKING = "after-parking"
    BEFORE_RESUMING = "before-resuming"
    AFTER_RESUMING = "after-resuming"
    BEFORE_GOING_ON = "before-going-on"
    AFTER_GOING_ON = "after-going-on"
    BEFORE_RETRYING = "before-retrying"
    AFTER_RETRYING = "after-retrying"
    SEATED = "seated"
    """It has its seat, and has not claimed."""
    BEFORE_LEAVING = "before-leaving"
    """It has not left its seat."""


def die_at(point: Point) -> None:
    def passing(here: Point) -> None:
        if here is point:
            print(f"died {point}", file=sys.stderr, flush=True)  # noqa: T201 - for the test to read
            kill(getpid(), SIGKILL)

    _around(Statuses, "park", lambda: passing(Point.BEFORE_PARKING), lambda: passing(Point.AFTER_PARKING))
    _around(Statuses, "resume", lambda: passing(Point.BEFORE_RESUMING), lambda: passing(Point.AFTER_RESUMING))
    _around(Seating, "take", _nothing, lambda: passing(Point.SEATED))
    _around(Seating, "leave", lambda: passing(Point.BEFORE_LEAVING), _nothing)
    write = Statuses.write

    async def written(self: Statuses, event: Any, *more: Any) -> Any:
        resumes = isinstance(event, ExecutionStarted) and event.resumed
        retries = isinstance(event, ExecutionRetrying)
        if resumes or retries:
            passing(Point.BEFORE_GOING_ON if resumes else Point.BEFORE_RETRYING)
        verdict = await write(self, event, *more)
        if resumes or retries:
            passing(Point.AFTER_GOING_ON if resumes else Point.AFTER_RETRYING)
        return verdict

    setattr(Statuses, "write", written)  # noqa: B010


def _nothing() -> None:
    pass


def _around(kind: type, name: str, before: Callable[[], None], after: Callable[[], None]) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(kind, name)

    @functools.wraps(real)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        before()
        verdict = await real(*arguments, **named)
        after()
        return verdict

    setattr(kind, name, wrapped)


if __name__ == "__main__":
    setattr(runners, "entry_points", lambda group: [ENTRY_POINT])  # noqa: B010
    if len(sys.argv) > 1:
        die_at(Point(sys.argv[1]))
        del sys.argv[1:]
    runpy.run_module("lamplighter_dispatcher", run_name="__main__")
