"""A network in front of a server that can fail: what goes through it is passed on, swallowed, or refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Partition:
    """Listens on a port of its own. Others who speak to the server directly notice nothing."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._links: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self.url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"nats://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._links, return_exceptions=True)

    def blackhole(self) -> None:
        """Nothing arrives any more, and nobody is told."""
        self._open.clear()

    def cut(self) -> None:
        """Connections break, and new ones are refused."""
        self._refusing = True
        for link in self._links:
            link.cancel()

    def heal(self) -> None:
        self._refusing = False
        self._open.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.close()
            return
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        link = asyncio.create_task(self._link((reader, there_writer), (there_reader, writer)))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        pumps = [asyncio.create_task(self._pump(*way)) for way in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for _, writer in ways:
                writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def partition(target: str) -> AsyncIterator[Partition]:
    between = Partition(target)
    await between.start()
    try:
        yield between
    finally:
        await between.stop()
