"""A gateway in the test's own process, on a port of its own, and what tests say to it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from nats.aio.client import Client
from pydantic import SecretStr

from lamplighter_cli.embedded.servers import free_port
from lamplighter_contracts import streams
from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.app import build
from lamplighter_gateway.catalog.contents import Write
from lamplighter_gateway.catalog.store import Store
from lamplighter_gateway.create_token import create_token
from lamplighter_gateway.settings import Settings
from lamplighter_runtime.messages import Message
from lamplighter_runtime.service import Loops, Server
from lamplighter_runtime.settings import ServiceSettings
from tests.support.waiting import until

KEY = base64.b64encode(bytes(range(32))).decode()
VAULT_KEYS = f"k1:{base64.b64encode(bytes(range(32, 64))).decode()}"

Json = Any


@dataclass
class Running:
    """`http` speaks as an administrator."""

    http: httpx.AsyncClient
    server: Server
    serving: asyncio.Task[None]
    settings: Settings

    @property
    def port(self) -> int:
        return self.settings.port

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.serving

    async def json(self, method: str, path: str, body: Json = None, **headers: str) -> Json:
        """The document of an answer that succeeded."""
        answer = await self.http.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def agent(self, agent_id: str = "idle") -> Json:
        body = {"id": agent_id, "name": agent_id.title(), "runner": {"kind": "noop"}}
        return await self.json("POST", "/agents", body)

    async def job(self, **fields: Json) -> Json:
        return await self.json(
            "POST", "/jobs", {"name": "Nightly report", "prompt": "Report", "agent_id": "idle", **fields}
        )


async def token(nats_url: str, role: Role = Role.ADMIN) -> str:
    return await create_token(ServiceSettings(nats_url=nats_url), f"test {role.value}", role, None)


@asynccontextmanager
async def gateway(nats_url: str, bearer: str, **settings: Any) -> AsyncIterator[Running]:
    """Ready when it is entered, stopped when it is left."""
    keys = {"secret_key": SecretStr(KEY), "vault_keys": SecretStr(VAULT_KEYS), **settings}
    chosen = Settings(nats_url=nats_url, port=free_port(), **keys)
    loops = Loops()
    config = uvicorn.Config(
        build(chosen, loops),
        port=chosen.port,
        lifespan="on",
        log_config=None,
        timeout_graceful_shutdown=5,
        # As in `lamplighter_runtime.service`: uvicorn would believe whatever comes from loopback.
        proxy_headers=False,
    )
    server = Server(config, loops)
    serving = asyncio.create_task(server.serve())
    http = httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{chosen.port}",
        headers={"Authorization": f"Bearer {bearer}"},
        trust_env=False,
        timeout=10,
    )
    async with http:
        running = Running(http, server, serving, chosen)
        await until(lambda: _ready(running), what="a ready gateway")
        try:
            yield running
        finally:
            await running.stop()


async def _ready(running: Running) -> bool:
    if running.serving.done():
        running.serving.result()
        raise AssertionError("the gateway ended")
    try:
        return (await running.http.get("/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def last_sequence(bus: Client, stream: streams.Stream) -> int:
    reply = await bus.request(f"$JS.API.STREAM.INFO.{stream.name}", b"", timeout=3)
    return int(json.loads(reply.data)["state"]["last_seq"])


def before_writing(monkeypatch: pytest.MonkeyPatch, kind: str, act: Callable[[], Awaitable[object]]) -> None:
    """Let `act` happen once, after a gateway has decided to write such an object, and before it does."""
    write, waiting = Store.write, [act]

    async def interrupted(
        self: Store, writes: Sequence[Write], by: Caller, also: Sequence[Message] = ()
    ) -> None:
        if waiting and any(one.key.kind == kind for one in writes):
            await waiting.pop()()
        await write(self, writes, by, also)

    monkeypatch.setattr(Store, "write", interrupted)
