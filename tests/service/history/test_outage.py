"""MongoDB killed, paused, absent: nothing is lost, nothing is buried, and every question is answered."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from nats.aio.client import Client
from pymongo import MongoClient

from lamplighter_contracts.queries import ListExecutions, QueryFailed
from lamplighter_contracts.streams import DEAD
from tests.service.history.conftest import Documents, History, has_reached_mongodb, running_history
from tests.support.happenings import NOON, due, execution, finished, happen, started
from tests.support.servers import EmbeddedMongo, Server
from tests.support.waiting import until


@pytest.fixture
def own_mongod(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    """One that may be killed, and that looks for what has expired each second."""
    (tmp_path / "mongo").mkdir()
    mongod = EmbeddedMongo(tmp_path / "mongo")
    mongod.child.arguments = (*mongod.child.arguments, "--setParameter", "ttlMonitorSleepSecs=1")
    mongod.start()
    yield mongod
    mongod.child.kill()


@pytest.fixture
async def history(bus: Client, nats_server: Server, own_mongod: EmbeddedMongo) -> AsyncIterator[History]:
    async with running_history(bus, nats_server.url, own_mongod.url) as running:
        await until(lambda: has_reached_mongodb(running), what="the first answer of MongoDB")
        yield running


async def recorded(history: History, wanted: int) -> bool:
    def count() -> int:
        with MongoClient[Documents](history.mongodb_url) as client:
            return client.get_database()["executions"].count_documents({"state.status": "completed"})

    return await asyncio.to_thread(count) == wanted


async def some_executions(bus: Client, numbers: range) -> None:
    await happen(bus, *(due(n) for n in numbers))
    await happen(bus, *(event for n in numbers for event in (started(n), finished(n))))


async def refused(history: History) -> QueryFailed:
    return await history.refusal(ListExecutions.subject, b"{}")


async def test_a_kill_in_the_middle_of_the_stream_loses_nothing(
    history: History, own_mongod: EmbeddedMongo
) -> None:
    await some_executions(history.bus, range(300))
    await until(lambda: recorded(history, 300), what="the first executions")
    await some_executions(history.bus, range(300, 600))
    own_mongod.child.kill()
    await some_executions(history.bus, range(600, 900))
    assert (await refused(history)).kind == "unavailable"
    await asyncio.to_thread(own_mongod.start)

    await until(lambda: recorded(history, 900), seconds=30, what="the recording of what came meanwhile")
    await history.until_all_is_recorded(seconds=30)
    assert (await history.bus.jetstream().stream_info(DEAD.name)).state.messages == 0
    documents = history.documents()
    assert [d["_id"] for d in documents["occurrences"]] == [execution(n) for n in range(900)]
    assert all(d["job_name"] and d["attempts"]["1"] for d in documents["executions"])


async def test_nothing_is_acknowledged_before_it_is_durable(
    history: History, own_mongod: EmbeddedMongo
) -> None:
    own_mongod.child.kill()
    await some_executions(history.bus, range(50))
    await until(lambda: _has_come_twice(history.bus), seconds=20, what="a redelivery")
    info = await history.bus.jetstream().consumer_info("JOBS", "history-jobs")
    assert info.ack_floor is not None
    assert info.ack_floor.stream_seq == 0


async def _has_come_twice(bus: Client) -> bool:
    info = await bus.jetstream().consumer_info("JOBS", "history-jobs")
    return bool(info.delivered and info.delivered.consumer_seq > 50)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "paused"])
async def test_questions_in_an_outage_are_refused_in_time(
    history: History, own_mongod: EmbeddedMongo, number: signal.Signals
) -> None:
    await some_executions(history.bus, range(1))
    await until(lambda: recorded(history, 1), what="the first execution")
    own_mongod.child.signal(number)
    for refusal in await asyncio.gather(*(refused(history) for _ in range(50))):
        assert (refusal.failed, refusal.kind) == (True, "unavailable")
        assert refusal.retry_after_seconds > 0


async def test_a_pause_is_caught_up(history: History, own_mongod: EmbeddedMongo) -> None:
    await some_executions(history.bus, range(10))
    await until(lambda: recorded(history, 10), what="the first executions")
    own_mongod.child.signal(signal.SIGSTOP)
    await some_executions(history.bus, range(10, 200))
    await refused(history)
    own_mongod.child.signal(signal.SIGCONT)
    await until(lambda: recorded(history, 200), seconds=30, what="the recording of what came meanwhile")


async def test_what_is_final_expires_and_nothing_else(history: History, own_mongod: EmbeddedMongo) -> None:
    await some_executions(history.bus, range(2))
    await happen(history.bus, due(2), due(3))
    await happen(history.bus, started(3))
    await until(lambda: recorded(history, 2), what="the executions")
    await history.until_all_is_recorded()
    with MongoClient[Documents](own_mongod.url) as client:
        executions = client.get_database()["executions"]
        # The clock cannot be turned forward a year, so the end of one is moved back.
        executions.update_one({"_id": execution(0)}, {"$set": {"state.expires_at": NOON - timedelta(days=1)}})
        await until(lambda: _without(history, execution(0)), seconds=30, what="the expiry of the first")
    assert [d["_id"] for d in history.documents()["executions"]] == [execution(n) for n in (1, 2, 3)]


async def _without(history: History, execution_id: str) -> bool:
    return await history.execution(execution_id) is None
