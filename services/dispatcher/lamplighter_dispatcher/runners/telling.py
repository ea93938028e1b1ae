"""Passes on to a session what a command or an executor reports of its work."""

import asyncio
from collections.abc import Callable

from lamplighter_contracts.executors import Progress, Result
from lamplighter_contracts.reasons import Failed
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Completed, Unsuccessful
from lamplighter_dispatcher.runners.contract import Session
from lamplighter_runtime.messages import BusUnavailable

MOST_OPEN = 200
"""Steps of one run that have begun and are not over. Of any more the begin is also the end."""
PAUSE_SECONDS = 0.5


class Teller:
    """What one run reports, in its order. `close` when it is over."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._open: dict[str, int] = {}

    async def progress(self, progress: Progress) -> None:
        """Raises `LimitReached` where the run has used more than it may."""
        if progress.effect:
            await self._effect(progress)
        if progress.step:
            await self._step(progress)
        await self.spend(progress.usage)

    async def spend(self, usage: Usage | None) -> None:
        """Raises `LimitReached`."""
        if usage is not None:
            await self._session.spend(usage)

    async def close(self) -> None:
        for number in self._open.values():
            await self._session.end(number, detail="It was not over when the run was.")
        self._open.clear()

    async def _effect(self, progress: Progress) -> None:
        """It has happened, so it has to be stored: whoever reports it is held up until it is."""
        while True:
            try:
                return await self._session.effect(progress.effect, progress.detail)
            except BusUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _step(self, progress: Progress) -> None:
        name, detail = progress.step, progress.detail
        if progress.phase == "started" and name not in self._open and len(self._open) < MOST_OPEN:
            self._open[name] = await self._session.begin("progress", name, detail=detail)
            return
        number = self._open.pop(name, None)
        if number is None:
            number = await self._session.begin("progress", name)
        await self._session.end(number, detail=detail)


def ending(result: Result, mask: Callable[[str], str]) -> Completed | Unsuccessful:
    """How a run ended, by its own word."""
    text = mask(result.result)
    if result.outcome == "completed":
        return Completed(text)
    said, detail = mask(result.reason.strip()), mask(result.detail.strip())
    if said in set(Failed):
        return Unsuccessful(said, detail or f"It says that it failed: {said}.", text)
    sentence = ": ".join(part for part in (said, detail) if part)
    return Unsuccessful(Failed.AGENT_ERROR, sentence or "It says that it failed.", text)
