"""When each token was last used: told on the bus now and then, and never while somebody waits."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.tokens import TokenUse
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import publish

log = get_logger()

EVERY_SECONDS = 60.0
MOST_REMEMBERED = 10_000


class Uses:
    """`run` runs as long as the gateway does."""

    def __init__(
        self, client: Client, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._now, self._clock = client, now, clock
        self._told_at: dict[str, float] = {}
        self._waiting: dict[str, TokenUse] = {}
        self._news = asyncio.Event()

    def note(self, token_id: str, address: str) -> None:
        """It was just used. What was told of it within the minute is not told again."""
        at = self._clock()
        if at - self._told_at.get(token_id, -EVERY_SECONDS) < EVERY_SECONDS:
            return
        if len(self._told_at) >= MOST_REMEMBERED:
            self._told_at = {one: told for one, told in self._told_at.items() if at - told < EVERY_SECONDS}
        self._told_at[token_id] = at
        self._waiting[token_id] = TokenUse(token_id=token_id, used_at=self._now(), address=address)
        self._news.set()

    async def run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            waiting, self._waiting = self._waiting, {}
            for use in waiting.values():
                await self._tell(use)

    async def _tell(self, use: TokenUse) -> None:
        message = Message(subjects.token_use(use.token_id), use.model_dump_json().encode())
        try:
            await publish(self._client, message)
        except BusUnavailable as unavailable:
            # It is used again, or it does not matter.
            log.debug("token.use", token_id=use.token_id, error=str(unavailable))
