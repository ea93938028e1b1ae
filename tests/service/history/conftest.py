"""The history service inside the test's own loop, on a real NATS and a real MongoDB."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from faststream.asgi import AsgiFastStream
from nats.aio.client import Client
from nats.errors import NoRespondersError
from pydantic import SecretStr
from pymongo import MongoClient

from lamplighter_contracts.fields import Model
from lamplighter_contracts.queries import ExecutionAnswer, ExecutionRecord, GetExecution, Query, QueryFailed
from lamplighter_history.app import AUDITED, FEEDS, build
from lamplighter_history.settings import Settings
from lamplighter_runtime.service import Loops
from tests.support import servers
from tests.support.consumers import unsettled
from tests.support.waiting import until

A = TypeVar("A", bound=Model)

Documents = dict[str, Any]


@dataclass
class History:
    bus: Client
    mongodb_url: str

    async def asked(self, query: Query, answer: type[A]) -> A:
        reply = await self.bus.request(query.subject, query.model_dump_json().encode(), timeout=5)
        assert not json.loads(reply.data).get("failed"), reply.data
        return answer.model_validate_json(reply.data)

    async def refusal(self, subject: str, body: bytes, **headers: str) -> QueryFailed:
        reply = await self.bus.request(subject, body, timeout=5, headers=headers or None)
        return QueryFailed.model_validate_json(reply.data)

    async def execution(self, execution_id: str) -> ExecutionRecord | None:
        return (await self.asked(GetExecution(execution_id=execution_id), ExecutionAnswer)).execution

    async def until_all_is_recorded(self, seconds: float = 15) -> None:
        await until(self._nothing_left, seconds=seconds, what="the recording of every event")

    async def _nothing_left(self) -> bool:
        return not any([await unsettled(self.bus, consumer) for consumer, _, _ in (*FEEDS, *AUDITED)])

    def meddle(self, which: Documents, change: Documents) -> None:
        """With a record of the audit, past the service."""
        with MongoClient[Documents](self.mongodb_url) as client:
            client.get_database()["audit_chain"].update_one(which, change)

    def documents(self) -> dict[str, list[Documents]]:
        """All that is stored, by collection."""
        with MongoClient[Documents](self.mongodb_url, tz_aware=True) as client:
            database = client.get_database()
            return {
                name: list(database[name].find().sort("_id"))
                for name in sorted(database.list_collection_names())
            }


@asynccontextmanager
async def running_history(bus: Client, nats_url: str, mongodb_url: str) -> AsyncIterator[History]:
    loops = Loops()
    app = build(Settings(nats_url=nats_url, mongodb_url=SecretStr(mongodb_url)), loops)
    ready, leave = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(_serve(app, ready, leave))
    try:
        await asyncio.wait([serving, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield History(bus, mongodb_url)
    finally:
        leave.set()
        await asyncio.wait_for(serving, 15)


async def _serve(app: AsgiFastStream, ready: asyncio.Event, leave: asyncio.Event) -> None:
    async with app.start_lifespan_context():
        ready.set()
        await leave.wait()


@pytest.fixture
async def history(bus: Client, nats_server: servers.Server, mongodb_url: str) -> AsyncIterator[History]:
    async with running_history(bus, nats_server.url, mongodb_url) as running:
        await until(lambda: has_reached_mongodb(running), what="the first answer of MongoDB")
        yield running


async def has_reached_mongodb(running: History) -> bool:
    query = GetExecution(execution_id="none")
    try:
        reply = await running.bus.request(query.subject, query.model_dump_json().encode(), timeout=5)
    except NoRespondersError:
        return False
    return b'"execution"' in reply.data
