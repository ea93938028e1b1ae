"""A read model in memory, kept by following a stream: and made exact, by waiting until it has heard of a change."""

import asyncio
from collections.abc import Callable, Sequence

from nats.aio.client import Client

from lamplighter_runtime.tails import Entry, Tail


class Following:
    """Gives `learn` the last message on each subject first, then all that follow. `follow` runs as long as the
    process does; what cannot be read is `learn`'s own affair, for an exception there ends it."""

    def __init__(
        self,
        client: Client,
        stream: str,
        filters: Sequence[str],
        learn: Callable[[Entry], None],
        on_caught_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._stream = stream
        self._filters = filters
        self._learn = learn
        self._on_caught_up = on_caught_up
        self._heard = 0
        self._news = asyncio.Event()
        self.caught_up = False
        """Whether everything that was there at the beginning has been read."""

    async def follow(self) -> None:
        tail = Tail(self._client, self._stream, self._filters)
        await tail.open()
        try:
            while True:
                if tail.behind == 0 and not self.caught_up:
                    self.caught_up = True
                    self._on_caught_up()
                for entry in await tail.take():
                    self._learn(entry)
                    self._heard = entry.sequence
                self._news.set()
                self._news.clear()
        finally:
            await tail.close()

    async def hear(self, sequence: int) -> None:
        """Wait until the changes up to that one are known, whoever made them."""
        while self._heard < sequence:
            await self._news.wait()
