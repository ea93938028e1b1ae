"""Tells the others that this dispatcher is there, what it serves and how busy it is: regularly, and on a change."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.streams import PRESENCE_TTL
from lamplighter_contracts.workers import WorkerState
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import publish

log = get_logger()

BETWEEN_SECONDS = 0.25
"""What changes more often is told once."""
GONE = timedelta(seconds=1)
"""How long the last word of a dispatcher stands: the shortest time that the server knows."""


def worker_name(host: str, pid: int, suffix: str) -> str:
    """One that fits a subject: hosts are often named with dots."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', host)}-{pid}-{suffix}"


class Presence:
    """`state` says how it is at the moment."""

    def __init__(self, client: Client, state: Callable[[], WorkerState], every_seconds: float) -> None:
        self._client = client
        self._state = state
        self._every_seconds = every_seconds
        self._news = asyncio.Event()

    def changed(self) -> None:
        """Tell it soon, not only with the next beat."""
        self._news.set()

    async def tell_for_ever(self) -> None:
        """Until it is cancelled; then its last word is that it takes nothing more, and it is soon forgotten."""
        between = min(BETWEEN_SECONDS, self._every_seconds)
        try:
            while True:
                self._news.clear()
                await self.tell()
                await asyncio.sleep(between)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self._every_seconds - between)
        finally:
            await self._say(self._state().model_copy(update={"draining": True}), GONE)

    async def tell(self) -> None:
        await self._say(self._state(), PRESENCE_TTL)

    async def _say(self, state: WorkerState, ttl: timedelta) -> None:
        message = Message(subjects.worker(state.worker), state.model_dump_json().encode(), ttl=ttl)
        try:
            await publish(self._client, message)
        except BusUnavailable as unavailable:
            # The next one comes in a moment, and until then it is rightly forgotten.
            log.debug("presence.not_told", error=repr(unavailable))
