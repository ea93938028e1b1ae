"""Gives work to any process on the bus that takes an offer of it, and hears how it goes. See docs/executors.md."""

import asyncio
from typing import assert_never

from nats.aio.msg import Msg

from lamplighter_contracts import runners
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.executors import Instruction, Log, Progress, Result
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Ended, StopReason, Unsuccessful
from lamplighter_dispatcher.runners.contract import LimitReached, Outfit, Session, Work
from lamplighter_dispatcher.runners.line import Line
from lamplighter_dispatcher.runners.offering import offer
from lamplighter_dispatcher.runners.saying import RESULT_LIMIT, read_message
from lamplighter_dispatcher.runners.telling import Teller, ending
from lamplighter_dispatcher.stops import Stop

_WHY = {
    StopReason.TIMEOUT: "it took longer than it may",
    StopReason.CANCEL: "it was cancelled",
    StopReason.SUPERSEDED: "another attempt has begun",
    StopReason.LEASE: "another attempt may have begun",
    StopReason.SHUTDOWN: "its dispatcher leaves, and another makes the next attempt",
}


class BusRunner:
    def __init__(self, outfit: Outfit) -> None:
        self._client = outfit.client
        self._grace_seconds = outfit.grace_seconds

    async def run(self, specification: runners.BusRunner, work: Work, session: Session, stop: Stop) -> Ended:
        stopping, leaving = asyncio.create_task(stop.requested()), asyncio.create_task(stop.at_once())
        try:
            line = await offer(self._client, specification, work, stopping)
            if not isinstance(line, Line):
                return line
            course = Course(line, session, specification, self._grace_seconds)
            try:
                return await course.follow(stop, stopping, leaving)
            finally:
                await course.close()
        finally:
            stopping.cancel()
            leaving.cancel()


class Course:
    """How the work goes at the executor that took it."""

    def __init__(
        self, line: Line, session: Session, specification: runners.BusRunner, grace_seconds: float
    ) -> None:
        self._line = line
        self._session = session
        self._teller = Teller(session)
        self._specification = specification
        self._grace_seconds = grace_seconds
        self._now = asyncio.get_running_loop().time
        self._heard_at = self._now()
        self._coming = asyncio.create_task(line.next())
        self._reached: LimitReached | None = None
        self._why = ""
        """It has been told to stop, and why."""
        self._told_at = 0.0

    async def follow(self, stop: Stop, stopping: asyncio.Task[None], leaving: asyncio.Task[None]) -> Ended:
        while True:
            wishes = [leaving] if self._why else [stopping, leaving]
            await asyncio.wait(
                [self._coming, *wishes], timeout=self._patience(), return_when=asyncio.FIRST_COMPLETED
            )
            if stopping.done() and not self._why and stop.reason is not None:
                await self._tell_to_stop(_WHY[stop.reason])
            if leaving.done():
                return self._lost("It was told to stop, and nobody waited for its answer.")
            ended = await (self._hear(leaving) if self._coming.done() else self._in_silence())
            if ended is not None:
                return ended

    async def close(self) -> None:
        self._coming.cancel()
        await self._line.close()
        await self._teller.close()

    async def _hear(self, leaving: asyncio.Task[None]) -> Ended | None:
        message = self._coming.result()
        self._coming = asyncio.create_task(self._line.next())
        taking = asyncio.create_task(self._take(message))
        await asyncio.wait([taking, leaving], return_when=asyncio.FIRST_COMPLETED)
        if not taking.done():
            taking.cancel()
            return None
        return taking.result()

    async def _take(self, message: Msg) -> Ended | None:
        kind = message.subject.rpartition(".")[2]
        if kind == "stop":
            # What it is told itself comes here too, and is no sign of its life.
            return None
        said = read_message(kind, message.data)
        ended, complaint = None, ""
        if isinstance(said, str):
            complaint = said
            await self._session.write(LogStream.SYSTEM, f"{self._session.mask(complaint)}\n".encode())
        else:
            ended = await self._deal_with(said)
        await self._line.answer(message, Instruction(stop=bool(self._why), reason=self._why or complaint))
        # Now, and not when it came: what was said meanwhile waits to be heard.
        self._heard_at = self._now()
        return ended

    async def _deal_with(self, said: Progress | Log | Result) -> Ended | None:
        try:
            match said:
                case Log(text=text, stream=stream):
                    line = text if text.endswith("\n") else f"{text}\n"
                    await self._session.write(LogStream(stream), line.encode(errors="replace"))
                case Progress():
                    await self._teller.progress(said)
                case Result():
                    await self._teller.spend(said.usage)
                    return self._end(said)
                case _:
                    assert_never(said)
        except LimitReached as reached:
            self._reached = self._reached or reached
            if isinstance(said, Result):
                return self._end(said)
            await self._tell_to_stop(reached.detail)
        return None

    def _end(self, result: Result) -> Ended:
        kept = result.model_copy(update={"result": result.result[:RESULT_LIMIT]})
        if self._reached is not None:
            return self._reached.unsuccessful(self._session.mask(kept.result))
        return ending(kept, self._session.mask)

    async def _in_silence(self) -> Ended | None:
        now, seconds = self._now(), self._specification.silence_seconds
        if not self._line.is_up:
            # It is not the executor that is silent.
            self._heard_at = now
        if self._why and now >= self._told_at + self._grace_seconds:
            return self._lost(f"It was told to stop, and did not within {self._grace_seconds:g} seconds.")
        if now < self._heard_at + seconds:
            return None
        await self._tell_to_stop(f"it has said nothing for {seconds} seconds")
        return self._lost(
            f"The executor {self._specification.executor!r} said nothing for {seconds} seconds."
        )

    def _lost(self, detail: str) -> Ended:
        return self._reached.unsuccessful() if self._reached else Unsuccessful(Failed.LOST, detail)

    async def _tell_to_stop(self, why: str) -> None:
        if not self._why:
            self._why, self._told_at = why, self._now()
            await self._line.tell_to_stop(why)

    def _patience(self) -> float:
        until = self._heard_at + self._specification.silence_seconds
        if self._why:
            until = min(until, self._told_at + self._grace_seconds)
        return max(0, until - self._now())
