"""The wish that a run ends before its own end."""

import asyncio

from lamplighter_dispatcher.outcomes import StopReason


class Stop:
    """The first reason stays, unless a later one leaves no grace."""

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self._requested = asyncio.Event()
        self._at_once = asyncio.Event()

    def request(self, reason: StopReason) -> None:
        if self.reason is None or (reason.at_once and not self.reason.at_once):
            self.reason = reason
        self._requested.set()
        if reason.at_once:
            self._at_once.set()

    async def requested(self) -> None:
        await self._requested.wait()

    async def at_once(self) -> None:
        await self._at_once.wait()
