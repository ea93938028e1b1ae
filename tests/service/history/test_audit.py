"""The chain of the audit: one record of each change and deed, whoever writes at once, whatever is killed meanwhile."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.audit import AuditEvent
from lamplighter_contracts.queries import (
    AuditAnswer,
    AuditPage,
    AuditRecord,
    AuditVerdict,
    GetAudit,
    ListAudit,
    VerifyAudit,
)
from lamplighter_contracts.streams import HISTORY_AUDIT, HISTORY_CATALOG, PRESENCE
from lamplighter_history.chain.anchors import Anchors
from lamplighter_history.chain.chain import Chain
from lamplighter_history.chain.links import Tail
from lamplighter_history.chain.verification import Verification
from lamplighter_history.database import Database
from lamplighter_history.writes import Collection
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.publishing import commit, publish
from tests.service.history.conftest import History, has_reached_mongodb, running_history
from tests.support.happenings import NOON, job
from tests.support.processes import Child
from tests.support.servers import Server
from tests.support.waiting import until

AUTHOR = {"Lamplighter-By": "grace", "Lamplighter-Role": "editor", "Lamplighter-From": "192.0.2.7"}


def change(object_id: str, name: str = "", project: str = "default", kind: str = "jobs") -> Message:
    """A put of a job, or its end where it has no name."""
    headers = {**AUTHOR, "Lamplighter-Project": project}
    body = job(job_id=object_id, name=name, project=project).model_dump_json().encode() if name else b""
    if not name:
        headers["KV-Operation"] = "DEL"
    return Message(subjects.catalog(kind, object_id), body, headers, message_id=uuid4().hex)


def deed(action: str = "execution.cancel", **fields: Any) -> Message:
    event = AuditEvent.model_validate(
        {"audit_id": uuid4().hex, "at": NOON, "actor": "ci", "action": action, **fields}
    )
    headers = envelope.headers(event, event_id=event.audit_id, source="/lamplighter/gateway", time=NOON)
    return Message(subjects.audit(event.audit_id), envelope.body(event), headers, message_id=event.audit_id)


async def happen(bus: Client, *messages: Message) -> None:
    for message in messages:
        await publish(bus, message)


async def listed(history: History, **query: Any) -> list[AuditRecord]:
    page = await history.asked(ListAudit.model_validate({"oldest_first": True, **query}), AuditPage)
    return list(page.records)


async def record(history: History, number: int) -> AuditRecord | None:
    return (await history.asked(GetAudit(number=number), AuditAnswer)).record


async def there(history: History, number: int) -> AuditRecord:
    found = await record(history, number)
    assert found is not None
    return found


async def verdict(history: History) -> AuditVerdict:
    """Of the whole chain."""
    after = Tail(0, "")
    while True:
        query = VerifyAudit(after_number=after.number, after_hash=after.hash)
        said = await history.asked(query, AuditVerdict)
        if not said.more:
            return said
        after = Tail(said.last_number, said.last_hash)


async def test_changes_and_deeds_stand_in_one_chain(history: History) -> None:
    await happen(history.bus, change("a", "First"), change("b", "Other"), change("a", "Second"))
    await history.until_all_is_recorded()
    await happen(history.bus, deed(kind="jobs", object_id="a"))
    await history.until_all_is_recorded()
    await happen(history.bus, change("a"))
    await history.until_all_is_recorded()

    records = await listed(history)
    assert [(r.number, r.action, r.object_id) for r in records] == [
        (1, "job.change", "a"),
        (2, "job.change", "b"),
        (3, "job.change", "a"),
        (4, "execution.cancel", "a"),
        (5, "job.delete", "a"),
    ]
    assert {(r.actor, r.role, r.address, r.project) for r in records if r.number != 4} == {
        ("grace", "editor", "192.0.2.7", "default")
    }
    said = await verdict(history)
    assert (said.broken_at, said.last_number, said.last_hash) == (None, 5, records[-1].hash)
    assert (said.anchor_number, said.anchor_hash) == (5, records[-1].hash)


async def test_a_record_tells_what_was_there_before(history: History) -> None:
    await happen(history.bus, change("a", "First"), change("b", "Other"), change("a", "Second"), change("a"))
    await history.until_all_is_recorded()
    first, other, second, end = [await there(history, number) for number in range(1, 5)]
    assert (first.before, other.before) == (None, None)
    assert (second.before_number, second.before) == (1, first.after)
    assert (end.before_number, end.before, end.after) == (3, second.after, None)
    assert await record(history, 5) is None


async def test_two_large_objects_do_not_fit_into_one_reply_and_one_does(history: History) -> None:
    text = b'\\"' * 150_000
    for name in (b"First", b"Second"):
        await happen(
            history.bus, Message("$KV.catalog.jobs.a", b'{"name":"%b","text":"%b"}' % (name, text), AUTHOR)
        )
    await history.until_all_is_recorded()
    second = await record(history, 2)
    assert second is not None
    assert (second.before_number, second.before) == (1, None)
    assert second.after is not None
    assert "Second" in second.after
    assert len(await listed(history)) == 1, "the other is on the next page"


@pytest.fixture
async def some(history: History) -> History:
    await happen(
        history.bus,
        change("a", "First"),
        change("p", "Paid", project="payments"),
        deed(object_id="e1", kind="executions", project="payments"),
        deed("GET /api/v1/jobs", outcome="denied", actor="anonymous", at="2026-07-02T00:00:00Z"),
    )
    await history.until_all_is_recorded()
    return history


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 4),
        ({"actor": "grace"}, 2),
        ({"action": "execution.cancel"}, 1),
        ({"kind": "jobs", "object_id": "p"}, 1),
        ({"outcome": "denied"}, 1),
        ({"outcome": "done"}, 3),
        ({"projects": ("payments",)}, 2),
        ({"projects": ("payments", "default")}, 3),
        ({"projects": ("*",)}, 4),
        ({"projects": ()}, 0),
        ({"from_at": "2026-07-02T00:00:00Z", "until_at": "2026-07-02T00:00:00.001Z"}, 1),
        ({"from_at": NOON, "until_at": "2026-07-02T00:00:00Z", "actor": "ci"}, 1),
    ],
)
async def test_filters(some: History, query: dict[str, Any], count: int) -> None:
    assert len(await listed(some, **query)) == count


@pytest.mark.parametrize("oldest_first", [True, False])
async def test_pages(history: History, oldest_first: bool) -> None:
    await happen(history.bus, *(change(f"j{n}", "Job") for n in range(7)))
    await history.until_all_is_recorded()
    numbers, cursor = [], None
    while True:
        query = ListAudit(limit=3, oldest_first=oldest_first, cursor=cursor)
        page = await history.asked(query, AuditPage)
        numbers += [r.number for r in page.records]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert numbers == (list(range(1, 8)) if oldest_first else list(range(7, 0, -1)))


@pytest.mark.parametrize("body", [b'{"cursor": "nonsense"}', b'{"cursor": "AAAA"}'])
async def test_a_cursor_that_is_none(history: History, body: bytes) -> None:
    assert (await history.refusal(ListAudit.subject, body)).kind == "invalid"


async def test_what_comes_again_is_recorded_once(bus: Client, nats_server: Server, mongodb_url: str) -> None:
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await happen(bus, *(change(f"j{n}", "Job") for n in range(20)))
        await history.until_all_is_recorded()
        before = history.documents()["audit_chain"]
    assert len(before) == 20
    await bus.jetstream().delete_consumer(HISTORY_CATALOG.stream.name, HISTORY_CATALOG.durable)
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await history.until_all_is_recorded()
        assert history.documents()["audit_chain"] == before


async def test_a_thousand_changes_take_seconds(history: History) -> None:
    for start in range(0, 1_000, 500):
        await commit(history.bus, [change(f"j{n}", "Job") for n in range(start, start + 500)])
    await history.until_all_is_recorded(seconds=10)
    assert len(history.documents()["audit_chain"]) == 1_000
    assert (await verdict(history)).broken_at is None


async def test_what_is_recorded_leaves_the_bus(history: History) -> None:
    await happen(history.bus, deed(), deed())
    await history.until_all_is_recorded()

    async def is_empty() -> bool:
        return (await history.bus.jetstream().stream_info(HISTORY_AUDIT.stream.name)).state.messages == 0

    await until(is_empty, what="an empty stream")
    assert len(await listed(history)) == 2


class Forgetful(Anchors):
    """Dies, as it were, between the writing of links and the moving of the anchor."""

    async def move(self, to: Tail) -> None:
        raise BusUnavailable("gone")


@pytest.fixture
async def database(mongodb_url: str) -> AsyncIterator[Database]:
    opened = Database(mongodb_url)
    yield opened
    await opened.close()


def drafts(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {"at": NOON, "actor": "ada", "action": "job.change", "count": 1, "source": f"KV_catalog/t/{n:06}"}
        for n in range(first, first + count)
    ]


async def whole(database: Database, anchors: Anchors, **query: Any) -> AuditVerdict:
    return await Verification(database, anchors).verify(VerifyAudit(limit=5_000, **query))


async def test_killed_between_the_links_and_the_anchor(bus: Client, database: Database) -> None:
    anchors = Anchors(lambda: _now(bus))
    await Chain(database, anchors).append(drafts(3))
    with pytest.raises(BusUnavailable):
        await Chain(database, Forgetful(lambda: _now(bus))).append(drafts(5))
    unanchored = await whole(database, anchors)
    assert (unanchored.broken_at, unanchored.anchor_number) == (4, 3)
    assert "stands after the end" in unanchored.problem

    await Chain(database, anchors).append(drafts(5))
    said = await whole(database, anchors)
    assert (said.broken_at, said.last_number, said.anchor_number) == (None, 5, 5)


async def test_many_who_append_at_once(bus: Client, database: Database) -> None:
    """All of them the same, and each some of its own. No index helps them: it is not made here."""
    anchors = Anchors(lambda: _now(bus))
    chains = [Chain(database, anchors) for _ in range(4)]
    for first in range(0, 200, 20):
        same, own = drafts(5, first), [drafts(3, first + 5 + 3 * place) for place in range(4)]
        await asyncio.gather(*(chain.append([*same, *mine]) for chain, mine in zip(chains, own, strict=True)))
    said = await whole(database, anchors)
    assert (said.broken_at, said.checked, said.anchor_number) == (None, 170, 170)


async def _now(bus: Client) -> Client:
    return bus


async def test_two_replicas_at_once(bus: Client, nats_server: Server, mongodb_url: str) -> None:
    async with AsyncExitStack() as stack:
        history, _ = [
            await stack.enter_async_context(running_history(bus, nats_server.url, mongodb_url))
            for _ in range(2)
        ]
        await until(lambda: has_reached_mongodb(history), what="the first answer of MongoDB")
        for start in range(0, 600, 100):
            await happen(bus, *(deed() for _ in range(10)))
            await commit(bus, [change(f"j{n}", "Job") for n in range(start, start + 100)])
        await history.until_all_is_recorded()
        links = history.documents()["audit_chain"]
        assert [link["_id"] for link in links] == list(range(1, 661))
        assert len({link["source"] for link in links}) == 660
        assert (await verdict(history)).broken_at is None


async def test_replicas_that_are_killed_over_and_over(
    bus: Client, nats_server: Server, mongodb_url: str, tmp_path: Path
) -> None:
    environment = {"NATS_URL": nats_server.url, "MONGODB_URL": mongodb_url, "LAMPLIGHTER_PORT": "0"}
    arguments = (sys.executable, "-m", "lamplighter_history")
    replicas = [Child(f"history-{n}", arguments, environment, tmp_path / f"{n}.log") for n in range(2)]
    for child in replicas:
        child.start()
    database = Database(mongodb_url)
    try:
        for number in range(4):
            for start in range(number * 200, number * 200 + 200, 50):
                await commit(bus, [change(f"j{n}", "Job") for n in range(start, start + 50)])
            await until(partial(_more_than, database, number * 150), seconds=40, what="some records")
            victim = replicas[number % 2]
            victim.kill()
            victim.start()
    finally:
        for child in replicas:
            child.kill()
        await database.close()
    async with running_history(bus, nats_server.url, mongodb_url) as history:
        await history.until_all_is_recorded(seconds=60)
        links = history.documents()["audit_chain"]
        assert [link["_id"] for link in links] == list(range(1, 801))
        assert len({link["object_id"] for link in links}) == 800
        said = await verdict(history)
        assert (said.broken_at, said.anchor_number) == (None, 800)


async def _more_than(database: Database, count: int) -> bool:
    return await database[Collection.CHAIN].count_documents({}) > count


async def test_the_anchor_only_goes_forward(bus: Client) -> None:
    anchors = Anchors(lambda: _now(bus))
    assert await anchors.read() is None
    await asyncio.gather(*(anchors.move(Tail(n, f"{n}")) for n in (3, 9, 5, 7)))
    assert await anchors.read() == Tail(9, "9")
    last = await last_message(bus, PRESENCE.name, subjects.AUDIT_HEAD)
    assert last is not None
