"""The service as its own process: ready, red while MongoDB is away, green again, and gone when told."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from nats.aio.client import Client

from lamplighter_cli.embedded.servers import free_port
from tests.support.happenings import due, happen
from tests.support.processes import Child
from tests.support.servers import EmbeddedMongo, Server
from tests.support.waiting import until


@asynccontextmanager
async def a_process(folder: Path, **environment: str) -> AsyncIterator[Child]:
    child = Child(
        "history", (sys.executable, "-m", "lamplighter_history"), environment, folder / "history.log"
    )
    child.start()
    try:
        yield child
    finally:
        if child.alive:
            child.kill()


async def test_readiness_follows_mongodb(bus: Client, nats_server: Server, tmp_path: Path) -> None:
    (tmp_path / "mongo").mkdir()
    mongod, port = EmbeddedMongo(tmp_path / "mongo"), free_port()
    environment = {"NATS_URL": nats_server.url, "MONGODB_URL": mongod.url, "LAMPLIGHTER_PORT": str(port)}
    async with a_process(tmp_path, **environment) as child, httpx.AsyncClient(trust_env=False) as http:

        async def ready() -> dict[str, str] | None:
            try:
                answer = await http.get(f"http://127.0.0.1:{port}/readyz")
            except httpx.HTTPError:
                return None
            problems: dict[str, str] = answer.json().get("problems", {})
            return problems

        async def is_ready() -> bool:
            return await ready() == {}

        async def misses_mongodb() -> bool:
            return "mongodb" in (await ready() or {})

        await until(misses_mongodb, what="a start without MongoDB")
        await asyncio.to_thread(mongod.start)
        await until(is_ready, seconds=20, what="readiness")
        await happen(bus, due())
        mongod.child.kill()
        await until(misses_mongodb, what="the notice that MongoDB is gone")
        await asyncio.to_thread(mongod.start)
        await until(is_ready, seconds=20, what="readiness again")

        metrics = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
        assert 'lamplighter_history_lag_seconds_count{consumer="history-jobs"}' in metrics
        await asyncio.to_thread(child.stop)
        assert not child.alive
        assert "Traceback" not in child.output()
    mongod.child.kill()


async def test_wrong_settings_end_it_with_a_line_that_names_them(tmp_path: Path) -> None:
    async with a_process(tmp_path, LAMPLIGHTER_LOG_DAYS="1") as child:
        assert child.process is not None
        assert await asyncio.to_thread(child.process.wait, 20) == 1
    assert "LAMPLIGHTER_LOG_DAYS: Input should be greater than or equal to 2" in child.output()
