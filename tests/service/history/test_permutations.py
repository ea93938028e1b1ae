"""Any order of events, with repeats, cut into any batches, makes the same documents in a real MongoDB."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.database import Database

from lamplighter_history.fold import Folded, fold
from lamplighter_history.store import operation
from lamplighter_history.writes import Collection, Entry, Retention
from tests.support.happenings import NOON, cancelling, due, finished, log_batch, skipped, started, step

KEPT = Retention(*(timedelta(days=days) for days in (365, 365, 30)))

Mongo = Database[dict[str, Any]]

LIFE: list[Folded] = [
    due(payload={"a": 1}),
    started(attempt=1),
    step(1, "started"),
    step(1, "finished"),
    log_batch("a", "b"),
    started(attempt=2),
    step(501),
    step(503),
    cancelling(attempt=2),
    finished(attempt=2),
    due(1),
    started(1),
    skipped(2),
]
"""Their places in the list stand for their sequences."""

ENTRIES = [Entry(event, sequence, NOON) for sequence, event in enumerate(LIFE, 1)]


@pytest.fixture(scope="module")
def mongo(mongod_server: Any) -> Iterator[Mongo]:
    with MongoClient[dict[str, Any]](mongod_server.url, tz_aware=True) as client:
        yield client["permutations"]


def written(mongo: Mongo, batches: list[list[Entry[Folded]]]) -> dict[str, list[dict[str, Any]]]:
    """What is stored after these batches, each written as the store does it but for what is there already."""
    for collection in Collection:
        mongo[collection.value].delete_many({})
    for batch in batches:
        for write in fold(batch, KEPT):
            place = mongo[write.collection.value]
            if (
                place.find_one({"_id": write.document_id}) is None
                or write.collection is Collection.EXECUTIONS
            ):
                place.bulk_write([operation(write)], ordered=False)
    return {collection.value: list(mongo[collection.value].find().sort("_id")) for collection in Collection}


@st.composite
def histories(draw: st.DrawFn) -> list[list[Entry[Folded]]]:
    repeats = draw(st.lists(st.sampled_from(ENTRIES), max_size=8))
    order = draw(st.permutations(ENTRIES + repeats))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=8)))
    return [order[start:end] for start, end in pairwise([0, *cuts, len(order)])]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=histories())
def test_any_permutation_with_repeats_gives_the_same_documents(
    mongo: Mongo, batches: list[list[Entry[Folded]]]
) -> None:
    in_order = written(mongo, [[entry] for entry in ENTRIES])
    assert written(mongo, batches) == in_order


def test_the_highest_sequence_wins_whichever_comes_last(mongo: Mongo) -> None:
    low: Entry[Folded] = Entry(started(), 2**31 - 1, NOON)
    high: Entry[Folded] = Entry(finished(), 2**40, NOON)
    for order in ([low, high], [high, low]):
        [document] = written(mongo, [[entry] for entry in order])["executions"]
        assert document["state"]["status"] == "completed", "a 32-bit and a 64-bit sequence compare as numbers"
