"""A server of Open Policy Agent on a loopback port: it answers what a test says, as late as it says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

PATH = "/v1/data/lamplighter"


@dataclass
class ScriptedOpa:
    """`answer` is the status and the body; a body that is no text is sent as JSON. It waits for `gate`."""

    answer: tuple[int, Any] = (200, {})
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    """Path, headers and document of each question."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.asked.append((first.split()[1], headers, body))
        self.arrived.set()
        await self.gate.wait()
        status, said = self.answer
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        told = {"Content-Type": "application/json", "Content-Length": str(len(content)), **self.headers}
        rows = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {status} Told\r\n{rows}\r\n".encode() + content)
        await writer.drain()


@asynccontextmanager
async def scripted_opa(*, at_once: bool = True) -> AsyncIterator[ScriptedOpa]:
    """`at_once`: it answers without waiting for its gate."""
    opa = ScriptedOpa()
    if at_once:
        opa.gate.set()
    server = await asyncio.start_server(opa.serve, "127.0.0.1", 0)
    opa.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{PATH}"
    try:
        yield opa
    finally:
        opa.gate.set()
        server.close()
