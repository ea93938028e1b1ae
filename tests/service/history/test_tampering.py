"""Whatever is done to the chain in MongoDB is found, and where: a bit flipped in any place of 10,000 records, one
removed, added or swapped, and the end cut off."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lamplighter_contracts.chain import link_hash
from lamplighter_contracts.queries import AuditVerdict, VerifyAudit
from lamplighter_history.chain.anchors import Anchors
from lamplighter_history.chain.chain import Chain
from lamplighter_history.chain.links import Tail, plain
from lamplighter_history.chain.verification import Verification
from lamplighter_history.database import Database
from lamplighter_history.writes import Collection
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.provisioning import provision_streams
from lamplighter_runtime.settings import ServiceSettings
from tests.support.happenings import NOON
from tests.support.servers import Server

RECORDS = 10_000
EXAMPLES = 60

LENIENT: CodecOptions[dict[str, Any]] = CodecOptions(unicode_decode_error_handler="replace")
Documents = dict[str, Any]


class Bench:
    """A chain, hands that meddle with it in MongoDB, and an eye that verifies it."""

    def __init__(self, runner: asyncio.Runner, mongodb_url: str, nats_url: str) -> None:
        self._run = runner.run
        self._broker = open_broker(ServiceSettings(nats_url=nats_url), "test")
        client: Client = self._run(self._broker.connect())
        self._run(provision_streams(client))
        self.anchors = Anchors(self._broker.connect)
        self.database: Database = self._run(_opened(mongodb_url))
        self._mongodb = MongoClient[Documents](mongodb_url, tz_aware=True)
        self.links = self._mongodb.get_default_database()[Collection.CHAIN.value]
        self._raw: MongoClient[RawBSONDocument] = MongoClient(mongodb_url, document_class=RawBSONDocument)
        self.raw = self._raw.get_default_database()[Collection.CHAIN.value]

    def append(self, drafts: list[Documents]) -> None:
        self._run(Chain(self.database, self.anchors).append(drafts))

    def anchor(self) -> Tail | None:
        return self._run(self.anchors.read())

    def verdict(self) -> AuditVerdict:
        return self._run(self._verify())

    async def _verify(self) -> AuditVerdict:
        after = Tail(0, "")
        while True:
            query = VerifyAudit(after_number=after.number, after_hash=after.hash, limit=5_000)
            said = await Verification(self.database, self.anchors).verify(query)
            if not said.more:
                return said
            after = Tail(said.last_number, said.last_hash)

    def close(self) -> None:
        self._mongodb.close()
        self._raw.close()
        self._run(self.database.close())
        self._run(self._broker.stop())


async def _opened(url: str) -> Database:
    return Database(url)


def drafts(first: int, count: int) -> list[Documents]:
    return [
        {
            "at": NOON.replace(microsecond=number % 1_000 * 1_000),
            "actor": f"token-{number % 7}",
            "actor_name": "Grüße",
            "role": "editor",
            "address": "192.0.2.7",
            "project": "default",
            "action": "job.change",
            "kind": "jobs",
            "object_id": f"job-{number % 50}",
            "outcome": "done",
            "count": 1,
            "after": f'{{"name": "Job {number}", "enabled": true}}',
            "source": f"KV_catalog/2026-07-01T12:00:00.000000Z/{number}",
        }
        for number in range(first, first + count)
    ]


@pytest.fixture
def bench(nats_server: Server, mongodb_url: str) -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        made = Bench(runner, mongodb_url, nats_server.url)
        yield made
        made.close()


@contextmanager
def restored(bench: Bench, *numbers: int) -> Iterator[None]:
    """Afterwards the records are as they were, and no others are there."""
    kept = list(bench.raw.find({"_id": {"$in": list(numbers)}}))
    try:
        yield
    finally:
        bench.links.delete_many({"_id": {"$in": list(numbers)}})
        bench.links.delete_many({"_id": {"$not": {"$type": "number"}}})
        bench.raw.insert_many(kept)


def flipped(document: bytes, bit: int) -> bytes:
    changed = bytearray(document)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_any_flipped_bit_in_ten_thousand_records_is_found(bench: Bench) -> None:
    for start in range(1, RECORDS + 1, 500):
        bench.append(drafts(start, 500))
    said = bench.verdict()
    assert (said.broken_at, said.last_number) == (None, RECORDS)
    stored = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(st.integers(1, RECORDS), st.data())
    def flip(number: int, data: st.DataObject) -> None:
        nonlocal stored
        (whole,) = bench.raw.find({"_id": number})
        bit = data.draw(st.integers(4 * 8, len(whole.raw) * 8 - 9), label="bit")
        try:
            meddled = RawBSONDocument(flipped(bytes(whole.raw), bit))
            other: object = bson.decode(meddled.raw, LENIENT).get("_id")
        except (BSONError, ValueError, OverflowError):
            assume(False)
        with restored(bench, number, *([other] if isinstance(other, int) else [])):
            bench.links.delete_one({"_id": number})
            try:
                bench.raw.insert_one(meddled)
            except (PyMongoError, BSONError):
                assume(False)
            stored += 1
            said = bench.verdict()
            assert said.broken_at == number, said
            assert said.last_number == number - 1

    flip()
    assert stored >= EXAMPLES // 2, "MongoDB has taken what was flipped"
    assert bench.verdict().broken_at is None, "all is as it was"


FIELDS = sorted(drafts(1, 1)[0].keys() | {"previous", "hash"})


@pytest.mark.parametrize("field", FIELDS)
def test_a_flipped_bit_in_any_field(bench: Bench, field: str) -> None:
    bench.append(drafts(1, 20))
    (link,) = bench.links.find({"_id": 7})
    value = link[field]
    match value:
        case str():
            other: Any = flipped(value.encode(), 0).decode()
        case int():
            other = value ^ 1
        case _:
            other = value.replace(microsecond=value.microsecond ^ 8_000)
    bench.links.update_one({"_id": 7}, {"$set": {field: other}})
    assert bench.verdict().broken_at == 7


def swap(bench: Bench) -> None:
    third, eighth = list(bench.links.find({"_id": {"$in": [3, 8]}}).sort("_id"))
    bench.links.replace_one({"_id": 3}, {**eighth, "_id": 3})
    bench.links.replace_one({"_id": 8}, {**third, "_id": 8})


def add_between(bench: Bench) -> None:
    (third,) = bench.links.find({"_id": 3})
    bench.links.insert_one({**third, "_id": 3.5, "source": "other"})


def replace_with_its_own_hash(bench: Bench) -> None:
    rewrite(bench, 5, 5)


def rewrite(bench: Bench, first: int, last: int) -> None:
    """As somebody would who knows how: each hash is made anew."""
    (previous,) = bench.links.find({"_id": first - 1})
    for link in list(bench.links.find({"_id": {"$gte": first, "$lte": last}}).sort("_id")):
        link |= {"actor": "nobody", "previous": previous["hash"]}
        link["hash"] = link_hash(plain(link))
        bench.links.replace_one({"_id": link["_id"]}, link)
        previous = link


def add_after(bench: Bench) -> None:
    (last,) = bench.links.find().sort("_id", -1).limit(1)
    link = {**last, "_id": last["_id"] + 1, "source": "other", "previous": last["hash"]}
    bench.links.insert_one({**link, "hash": link_hash(plain({k: v for k, v in link.items() if k != "hash"}))})


@pytest.mark.parametrize(
    ("meddle", "broken_at"),
    [
        pytest.param(lambda bench: bench.links.delete_one({"_id": 5}), 5, id="one removed"),
        pytest.param(lambda bench: bench.links.delete_one({"_id": 1}), 1, id="the first removed"),
        pytest.param(lambda bench: bench.links.delete_many({}), 1, id="all removed"),
        pytest.param(lambda bench: bench.links.delete_one({"_id": 20}), 20, id="the last removed"),
        pytest.param(lambda bench: bench.links.delete_many({"_id": {"$gt": 12}}), 13, id="the end cut off"),
        pytest.param(lambda bench: bench.links.insert_one({"_id": "x"}), 0, id="one without a number"),
        pytest.param(lambda bench: bench.links.insert_one({"_id": 0, "source": "0"}), 0, id="one before all"),
        pytest.param(add_between, 4, id="one added between"),
        pytest.param(add_after, 21, id="one added at the end, with a hash of its own"),
        pytest.param(swap, 3, id="two swapped"),
        pytest.param(replace_with_its_own_hash, 6, id="one rewritten, with a hash of its own"),
        pytest.param(lambda bench: rewrite(bench, 5, 20), 20, id="rewritten to the end"),
    ],
)
def test_meddling(bench: Bench, meddle: Callable[[Bench], object], broken_at: int) -> None:
    bench.append(drafts(1, 20))
    assert bench.verdict().broken_at is None
    meddle(bench)
    said = bench.verdict()
    assert said.broken_at == broken_at, said
    assert said.problem


@pytest.mark.parametrize(
    ("meddle", "broken_at"),
    [
        pytest.param(lambda bench: bench.links.delete_many({"_id": {"$gt": 12}}), 13, id="cut off"),
        pytest.param(lambda bench: rewrite(bench, 5, 20), 21, id="rewritten"),
    ],
)
def test_what_was_done_to_the_end_stays_to_be_seen_when_the_chain_goes_on(
    bench: Bench, meddle: Callable[[Bench], object], broken_at: int
) -> None:
    bench.append(drafts(1, 20))
    meddle(bench)
    for number in (21, 22):
        bench.append(drafts(number, 1))
        said = bench.verdict()
        assert (said.broken_at, said.anchor_number) == (broken_at, number), said


def test_without_an_anchor_the_end_cannot_be_checked_and_it_says_so(bench: Bench) -> None:
    assert bench.verdict().anchor_number is None
    bench.append(drafts(1, 3))
    assert bench.verdict().anchor_number == 3
