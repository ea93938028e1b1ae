"""The real scheduler, which kills itself where it is told to: `python -m tests.support.crashing <point> <pass>`.

Around a few of its functions stand wrappers that count how often a point in the way of a firing is passed. Without
arguments it lives. What a killed scheduler had taken comes again after a second.
"""

import runpy
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from os import getpid, kill
from signal import SIGKILL
from typing import Any

from nats.aio.client import Client
from pytest import MonkeyPatch  # noqa: PT013 - this is no test: what is replaced stays so until the process ends

from lamplighter_contracts.streams import JOBS, stream_of
from lamplighter_planning.rulings import Asked, Situation
from lamplighter_runtime import publishing
from lamplighter_runtime.consuming import Received
from lamplighter_runtime.messages import Conflict, Message, Stored
from lamplighter_scheduler import app, firings, timers
from lamplighter_scheduler.firings import Settled
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers
from tests.support.waiting import heard

QUICK = tuple(replace(consumer, ack_wait=timedelta(seconds=1)) for consumer in app.CONSUMERS)


class Point(StrEnum):
    """In the order in which a firing passes them."""

    BEFORE_READING = "before-reading"
    BEFORE_COMMIT = "before-commit"
    COMMIT_UNANSWERED = "commit-unanswered"
    """Sent, and known to nobody whether it was done."""
    AFTER_COMMIT = "after-commit"
    BEFORE_ARMING = "before-arming"
    AMID_ARMING = "amid-arming"
    """Passed once a timer; those before are for firings together, these for each."""
    AFTER_ARMING = "after-arming"
    BEFORE_ACK = "before-ack"
    """Passed once a tick."""


class Crash:
    """Ends the process at the given pass of a point."""

    def __init__(self, point: Point, at_pass: int, replaced: MonkeyPatch) -> None:
        self._point = point
        self._left = at_pass
        self._replaced = replaced

    def lay(self) -> None:
        self._around_reading()
        self._around_the_commit()
        self._before_the_answer()
        self._around_arming()
        self._amid_arming()
        self._before_acknowledging()

    def _passing(self, point: Point) -> bool:
        """Whether this is the pass to die at."""
        self._left -= point is self._point
        return point is self._point and self._left == 0

    def _pass(self, point: Point) -> None:
        if self._passing(point):
            self._die()

    def _die(self) -> None:
        print(f"died {self._point}", file=sys.stderr, flush=True)  # noqa: T201 - for the test to read
        kill(getpid(), SIGKILL)

    def _around_reading(self) -> None:
        real = States.of

        async def of(
            states: States, asked: Sequence[Asked], now: datetime, *, all_marks: bool = False
        ) -> list[Situation]:
            if any(one.ticked for one in asked):
                self._pass(Point.BEFORE_READING)
            return await real(states, asked, now, all_marks=all_marks)

        self._replaced.setattr(States, "of", of)

    def _around_the_commit(self) -> None:
        real = publishing.commit

        async def commit(client: Client, messages: Sequence[Message]) -> Stored | Conflict:
            self._pass(Point.BEFORE_COMMIT)
            verdict = await real(client, messages)
            if isinstance(verdict, Stored):
                self._pass(Point.AFTER_COMMIT)
            return verdict

        self._replaced.setattr(firings, "commit", commit)

    def _before_the_answer(self) -> None:
        real = publishing._request

        async def request(client: Client, subject: str, body: bytes, headers: Mapping[str, str]) -> Any:
            if stream_of(subject) is JOBS and self._passing(Point.COMMIT_UNANSWERED):
                await client.publish(subject, body, reply=client.new_inbox(), headers=dict(headers))
                await heard(client)
                self._die()
            return await real(client, subject, body, dict(headers))

        self._replaced.setattr(publishing, "_request", request)

    def _around_arming(self) -> None:
        real = Timers.follow

        async def follow(armed: Timers, settled: Iterable[Settled]) -> None:
            self._pass(Point.BEFORE_ARMING)
            await real(armed, settled)
            self._pass(Point.AFTER_ARMING)

        self._replaced.setattr(Timers, "follow", follow)

    def _amid_arming(self) -> None:
        real = publishing.publish

        async def publish(client: Client, message: Message) -> Stored | Conflict:
            verdict = await real(client, message)
            self._pass(Point.AMID_ARMING)
            return verdict

        self._replaced.setattr(timers, "publish", publish)

    def _before_acknowledging(self) -> None:
        real = Received.ack

        async def ack(received: Received[Any]) -> None:
            if received.subject.startswith("tick."):
                self._pass(Point.BEFORE_ACK)
            await real(received)

        self._replaced.setattr(Received, "ack", ack)


if __name__ == "__main__":
    patches = MonkeyPatch()
    patches.setattr(app, "CONSUMERS", QUICK)
    if len(sys.argv) > 1:
        Crash(Point(sys.argv[1]), int(sys.argv[2]), patches).lay()
    runpy.run_module("lamplighter_scheduler", run_name="__main__")
