"""Hears what a command says: its log goes to the session as it comes, and so does what it reports, in its order."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.executors import Progress, Result
from lamplighter_dispatcher.outcomes import Ended, Exited, Killed
from lamplighter_dispatcher.runners.contract import LimitReached, Session
from lamplighter_dispatcher.runners.launched import reading
from lamplighter_dispatcher.runners.sieve import Piece, Sieve
from lamplighter_dispatcher.runners.telling import Teller, ending

CHUNK = 32 * 1024


class Ear:
    """Of one command."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._teller = Teller(session)
        self._result: Result | None = None
        self._reached: LimitReached | None = None
        self.enough = asyncio.Event()
        """The command is to be ended: it has used what it may, or can be heard no longer."""

    async def stdout(self, pipe: IO[bytes]) -> None:
        sieve = Sieve()
        with reading(pipe) as reader, self._or_enough():
            while chunk := await reader.read(CHUNK):
                await self._hear(sieve.feed(chunk))
            await self._hear(sieve.close())

    async def stderr(self, pipe: IO[bytes]) -> None:
        with reading(pipe) as reader, self._or_enough():
            while chunk := await reader.read(CHUNK):
                await self._session.write(LogStream.STDERR, chunk)

    async def close(self, ended: Ended) -> Ended:
        """How the run ended: by a limit, by the result that the command gave, or as its process did."""
        await self._teller.close()
        if isinstance(ended, Exited | Killed):
            if self._reached is not None:
                return self._reached.unsuccessful(self._text(ended))
            if self._result is not None:
                return self._by_result(ended, self._result)
        return ended

    async def _hear(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            match piece:
                case bytes():
                    await self._session.write(LogStream.STDOUT, piece)
                case Progress() | Result():
                    await self._report(piece)

    async def _report(self, report: Progress | Result) -> None:
        try:
            if isinstance(report, Result):
                self._result = report
                await self._teller.spend(report.usage)
            else:
                await self._teller.progress(report)
        except LimitReached as reached:
            self._reached = self._reached or reached
            self.enough.set()

    def _text(self, ended: Exited | Killed) -> str:
        return ended.result if self._result is None else self._session.mask(self._result.result)

    def _by_result(self, ended: Exited | Killed, result: Result) -> Ended:
        """Its word that it failed outweighs its exit code, which says less; its word that it did not does not."""
        if isinstance(ended, Killed):
            return Killed(ended.number, self._text(ended))
        if result.outcome == "failed":
            return ending(result, self._session.mask)
        return Exited(ended.code, self._text(ended))

    @contextmanager
    def _or_enough(self) -> Iterator[None]:
        """A command that nobody hears would wait for its pipe for ever."""
        try:
            yield
        except Exception:
            self.enough.set()
            raise
