"""Output on its way into the log: split into lines, held to its limits, with a word where something is left out."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from lamplighter_contracts.executions import LogStream
from lamplighter_dispatcher.attempt.allowance import END_MARKER, Allowance, Refusal, cost, marker
from lamplighter_dispatcher.attempt.lines import LineSplitter
from lamplighter_dispatcher.attempt.logbook import Logbook
from lamplighter_dispatcher.metrics import LOG_LEFT_OUT
from lamplighter_dispatcher.outcomes import LogEnd

PATIENCE_SECONDS = 5
"""How long a process may be held up while its log cannot be stored. After that its output is left out instead."""
REST_BYTES, REST_SECONDS = 1 << 20, 0.02
"""A rest after so much that is left out: a flood is slowed down, and costs the others little."""


class Censor:
    """Which output of one attempt is kept. Shared by the members of a team."""

    def __init__(self, logbook: Logbook) -> None:
        self.logbook = logbook
        self._allowance = Allowance(time.monotonic())
        self._refusal: Refusal | None = None
        self._lines = 0
        self._size = 0
        self._rest = 0
        self._patient = True

    async def admits(self, size: int) -> bool:
        refusal = self._allowance.admit(size, time.monotonic()) if await self._has_room() else Refusal.STORE
        if refusal is not self._refusal:
            self._say()
            if refusal is Refusal.TOTAL:
                self.logbook.add(LogStream.SYSTEM, [END_MARKER])
        self._refusal = refusal
        return refusal is None

    async def leave_out(self, lines: int, size: int) -> None:
        self._lines += lines
        self._size += size
        self._rest += size
        LOG_LEFT_OUT.inc(lines)
        if self._rest >= REST_BYTES:
            self._rest = 0
            await asyncio.sleep(REST_SECONDS)

    async def close(self, hurry: Callable[[], Coroutine[Any, Any, object]]) -> LogEnd:
        self._say()
        return await self.logbook.close(hurry)

    async def _has_room(self) -> bool:
        if not self.logbook.has_room and self._patient:
            try:
                await asyncio.wait_for(self.logbook.room(), PATIENCE_SECONDS)
            except TimeoutError:
                self._patient = False
        self._patient = self._patient or self.logbook.has_room
        return self.logbook.has_room

    def _say(self) -> None:
        if self._refusal is not None and self._size:
            self.logbook.add(LogStream.SYSTEM, [marker(self._refusal, self._lines, self._size)])
            self._lines = self._size = 0


class Scribe:
    """Takes the output of one run of a runner; `source` names the member of a team."""

    def __init__(self, censor: Censor, source: str = "") -> None:
        self._censor = censor
        self._source = source
        self._splitters = {stream: LineSplitter() for stream in LogStream}

    async def write(self, stream: LogStream, chunk: bytes) -> None:
        """May hold up whoever writes, for `PATIENCE_SECONDS` at most."""
        splitter = self._splitters[stream]
        if await self._censor.admits(cost(chunk)):
            self._censor.logbook.add(stream, splitter.feed(chunk), self._source)
        else:
            await self._censor.leave_out(splitter.skip(chunk), len(chunk))

    def close(self) -> None:
        """The last lines, where they have no end."""
        for stream, splitter in self._splitters.items():
            self._censor.logbook.add(stream, splitter.close(), self._source)
