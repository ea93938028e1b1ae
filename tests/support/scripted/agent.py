"""An agent behind an address, on a loopback port: it answers what a test says, piece by piece, and may break off."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

CUT: Final = "cut"
"""As a part: the connection breaks here."""


class Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


Part = bytes | asyncio.Event | str
"""What is sent; an event is waited for, or until the client is gone."""


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Sequence[Part] = ()
    """Sent as they are, in chunks."""


def document(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status, {"content-type": "application/json", **(headers or {})}, [json.dumps(value).encode()]
    )


def text(words: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"content-type": "text/plain", **(headers or {})}, [words.encode()])


def events(*said: Any) -> Answer:
    """An event stream: each an object, or a part as it is."""
    parts = [one if isinstance(one, Part) else f"data: {json.dumps(one)}\n\n".encode() for one in said]
    return Answer(200, {"content-type": "text/event-stream"}, parts)


def lines(*said: Any) -> Answer:
    """NDJSON."""
    parts = [one if isinstance(one, Part) else json.dumps(one).encode() + b"\n" for one in said]
    return Answer(200, {"content-type": "application/x-ndjson"}, parts)


@dataclass
class ScriptedAgent:
    """For each method and path its answers in order; the last one stays."""

    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Which server names TLS asked for."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """A client left before its answer was whole."""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    host: str = ""
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def script(self, method: str, path: str, *answers: Answer) -> None:
        self.answers[method, path] = list(answers)

    def requests(self, method: str) -> list[Request]:
        return [request for request in self.asked if request.method == method]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                self.asked.append(request)
                self.came.set()
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """False where the connection is over."""
        script = self.answers.get((request.method, request.path), [text("There is nothing here.", 404)])
        answer = script.pop(0) if len(script) > 1 else script[0]
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        writer.write(
            f"HTTP/1.1 {answer.status} Scripted\r\n{head}transfer-encoding: chunked\r\n\r\n".encode()
        )
        for part in answer.parts:
            if isinstance(part, asyncio.Event):
                if not await self._wait(part, reader):
                    return False
            elif isinstance(part, str):
                await writer.drain()
                writer.transport.abort()
                return False
            elif part:
                writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _wait(self, event: asyncio.Event, reader: asyncio.StreamReader) -> bool:
        gone, go_on = asyncio.ensure_future(reader.read(1)), asyncio.ensure_future(event.wait())
        await asyncio.wait([gone, go_on], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        go_on.cancel()
        if event.is_set():
            return True
        self.hung_up.set()
        return False


@asynccontextmanager
async def scripted_agent(
    host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedAgent]:
    agent = ScriptedAgent()
    if tls is not None:
        tls.sni_callback = lambda _, name, __: agent.names.append(name or "")
    server = await asyncio.start_server(agent.serve, host, port, ssl=tls)
    agent.host, agent.port = server.sockets[0].getsockname()[:2]
    agent.scheme = "http" if tls is None else "https"
    try:
        yield agent
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)
