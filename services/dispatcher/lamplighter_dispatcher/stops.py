"""The wish that a run ends before its own end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from lamplighter_dispatcher.outcomes import StopReason


class Stop:
    """The first reason stays, unless a later one leaves no grace."""

    def __init__(self) -> None:
        self.reason: StopReason | None = None
        self._requested = asyncio.Event()
        self._at_once = asyncio.Event()
        self._parts: list[Stop] = []

    def request(self, reason: StopReason) -> None:
        if self.reason is None or (reason.at_once and not self.reason.at_once):
            self.reason = reason
        self._requested.set()
        if reason.at_once:
            self._at_once.set()
        for part in self._parts:
            part.request(reason)

    @contextmanager
    def part(self) -> Iterator["Stop"]:
        """The stop of a part of the run, which ends with the whole and may end before it."""
        part = Stop()
        if self.reason is not None:
            part.request(self.reason)
        self._parts.append(part)
        try:
            yield part
        finally:
            self._parts.remove(part)

    async def requested(self) -> None:
        await self._requested.wait()

    async def at_once(self) -> None:
        await self._at_once.wait()
