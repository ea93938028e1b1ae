"""Any order of events, with repeats, cut into any batches, makes the same documents in a real MongoDB."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.database import Database

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.reasons import Blocked
from lamplighter_history.filters import executions, occurrences
from lamplighter_history.fold import Folded, fold, may_have_been_blocked, may_have_waited
from lamplighter_history.folds.executions import waited_in_vain
from lamplighter_history.folds.occurrences import never_began
from lamplighter_history.store import operation
from lamplighter_history.writes import Collection, Entry, Retention, Upsert, Write
from tests.support.happenings import (
    NOON,
    answered,
    backfill,
    backfilled,
    blocked,
    cancelling,
    chosen,
    decided,
    delivery_id,
    due,
    effects,
    execution,
    filtered,
    finished,
    forwarded,
    log_batch,
    posted,
    queued,
    retrying,
    skipped,
    started,
    step,
    waiting,
)

KEPT = Retention(*(timedelta(days=days) for days in (365, 365, 30, 20)))

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
    queued(3),
    due(3, payload={"a": 1}),
    started(3),
    queued(4),
    skipped(4, reason=SkipReason.REPLACED),
    queued(5),
    queued(6),
    finished(6, attempt=0, outcome=ExecutionStatus.CANCELLED),
    skipped(6, reason=SkipReason.CANCELLED),
    backfill("started"),
    backfilled(7),
    backfill("completed"),
    # Published once more, after what followed it.
    queued(3),
    queued(4),
    backfill("started"),
    # Who does it, what it waits for, that it fails and is tried again, what it did.
    due(8),
    forwarded(8),
    chosen(1, of=8),
    decided(2, of=8),
    decided(201, of=8),
    decided(41, of=8, attempt=2),
    started(8, environment="far", policy_hash="feed"),
    effects("shell", of=8),
    waiting(8),
    answered(8),
    started(8, resumed=True, worker="other"),
    effects("shell", "http", of=8),
    retrying(8),
    started(8, attempt=2, agent_id="second"),
    step(1, "finished", of=8, kind="tool", source="writer", arguments="{}", result="x", failed=True),
    waiting(9),
    # Those that never began, of which one had waited for its turn.
    due(10, payload={"a": 1}),
    blocked(10),
    due(11),
    blocked(11, Blocked.POLICY),
    queued(12),
    due(12),
    waiting(12, attempt=0),
    blocked(12, Blocked.APPROVAL),
    # Whose due event history never sees.
    blocked(13),
    # Deliveries: one that led to an execution, one that became part of it, and two of which nothing came.
    posted(1),
    posted(15, replay_of=delivery_id(1), replayed_by="ada", group="main"),
    skipped(15, reason=SkipReason.COALESCED).model_copy(update={"into": execution(1)}),
    posted(3, body=b"", reference=BodyReference(name="large", size=300_000, sha256="00" * 32), size=300_000),
    filtered(14),
]
"""Their places in the list stand for their sequences."""

ENTRIES = [Entry(event, sequence, NOON) for sequence, event in enumerate(LIFE, 1)]


@pytest.fixture(scope="module")
def mongo(mongod_server: Any) -> Iterator[Mongo]:
    with MongoClient[dict[str, Any]](mongod_server.url, tz_aware=True) as client:
        yield client["permutations"]


def cleared(mongo: Mongo) -> None:
    for collection in Collection:
        mongo[collection.value].delete_many({})


def stored(mongo: Mongo) -> dict[str, list[dict[str, Any]]]:
    return {collection.value: list(mongo[collection.value].find().sort("_id")) for collection in Collection}


def write_one(mongo: Mongo, write: Write) -> None:
    """As the store does it, but for an insert that is there already."""
    place = mongo[write.collection.value]
    if isinstance(write, Upsert) or place.find_one({"_id": write.document_id}) is None:
        place.bulk_write([operation(write)], ordered=False)


def ends(mongo: Mongo, batch: list[Entry[Folded]]) -> list[Write]:
    """Of those in the batch that waited in vain, by what the ledger has now."""
    wanted = occurrences.in_vain(may_have_waited(batch))
    found = list(mongo["occurrences"].find(wanted, occurrences.RULED))
    return [waited_in_vain(one, KEPT.executions) for one in found]


def rulings(mongo: Mongo, batch: list[Entry[Folded]]) -> list[Write]:
    """On those in the batch that never began, by what both collections have now."""
    wanted = executions.blocked(may_have_been_blocked(batch))
    ended = {one["_id"]: one["state"] for one in mongo["executions"].find(wanted, executions.ENDED)}
    fired = mongo["occurrences"].find(occurrences.fired(list(ended)))
    return [never_began(one, ended[one["_id"]], KEPT.occurrences) for one in fired]


def written(mongo: Mongo, batches: list[list[Entry[Folded]]]) -> dict[str, list[dict[str, Any]]]:
    """What is stored after these batches."""
    cleared(mongo)
    for batch in batches:
        for write in fold(batch, KEPT):
            write_one(mongo, write)
        for write in [*ends(mongo, batch), *rulings(mongo, batch)]:
            write_one(mongo, write)
    return stored(mongo)


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


def test_what_the_events_come_to(mongo: Mongo) -> None:
    documents = written(mongo, [[entry] for entry in ENTRIES])
    states = {one["_id"]: one["state"] for one in documents["executions"]}
    assert {number: states[execution(number)]["status"] for number in (0, 1, 3, 4, 5, 6)} == {
        0: "completed",
        1: "running",
        3: "running",
        4: "cancelled",
        5: "queued",
        6: "cancelled",
    }
    assert execution(2) not in states, "what was skipped at once never was an execution"
    assert (states[execution(4)]["reason"], states[execution(6)]["exit_code"]) == ("replaced", 0)
    outcomes = {one["_id"]: one["ruling"]["outcome"] for one in documents["occurrences"]}
    assert [outcomes[execution(number)] for number in range(7)] == [
        *("fired", "fired", "skipped", "fired", "skipped", "queued", "skipped")
    ]
    assert [outcomes[execution(number)] for number in (8, 10, 11, 12)] == [
        *("fired", "blocked", "skipped", "skipped")
    ]
    assert execution(13) not in outcomes
    assert [one["state"]["phase"] for one in documents["backfills"]] == ["completed"]
    [much] = [one for one in documents["executions"] if one["_id"] == execution(8)]
    assert (much["state"]["status"], much["by"]["agent_id"], much["environment"]) == (
        *("running", "second", "default"),
    )
    assert (set(much["attempts"]), set(much["failures"]), much["resumptions"]["1"]["worker"]) == (
        *({"1", "2"}, {"1"}, "other"),
    )
    assert much["usage"]["input_tokens"] == 100
    assert [one["name"] for one in much["effects"]["all"]] == ["shell", "http"]
    assert (set(much["decisions"]), set(much["decisions_beyond"])) == ({"1-2"}, {"1", "2"})


WAITS, SKIPPED = ENTRIES[LIFE.index(queued(4))], ENTRIES[LIFE.index(skipped(4, reason=SkipReason.REPLACED))]


@pytest.mark.parametrize("places", combinations(range(7), 3))
@pytest.mark.parametrize("ledger_first", [True, False])
def test_one_that_waited_in_vain_ends_however_two_replicas_interleave(
    mongo: Mongo, places: tuple[int, ...], ledger_first: bool
) -> None:
    """One replica has the event that it waits, the other the one that it is skipped: each takes its own steps in
    order, and `places` are those of the second among the steps of both."""
    cleared(mongo)
    one = replica(mongo, [WAITS], ledger_first)
    other = replica(mongo, [SKIPPED], ledger_first)
    for step_number in range(7):
        next(other if step_number in places else one)()
    [record] = stored(mongo)["executions"]
    assert (record["state"]["status"], record["queued"]["detail"]) == (
        "cancelled",
        "waits for the end of the one before",
    )


DUE, BLOCKED = ENTRIES[LIFE.index(due(10, payload={"a": 1}))], ENTRIES[LIFE.index(blocked(10))]


@pytest.mark.parametrize("places", combinations(range(7), 3))
@pytest.mark.parametrize("ledger_first", [True, False])
def test_the_ledger_says_that_it_never_began_however_two_replicas_interleave(
    mongo: Mongo, places: tuple[int, ...], ledger_first: bool
) -> None:
    """One has the due event: two writes, the question, the ruling. The other has the end: one write, and the same."""
    cleared(mongo)
    one, other = replica(mongo, [DUE], ledger_first), replica(mongo, [BLOCKED], ledger_first)
    for step_number in range(7):
        next(other if step_number in places else one)()
    [record] = stored(mongo)["occurrences"]
    assert (record["ruling"]["outcome"], record["ruling"]["reason"]) == ("blocked", "blocked")
    assert record["ruling"]["firing"]["payload"] == '{"a":1}'


def replica(mongo: Mongo, batch: list[Entry[Folded]], ledger_first: bool) -> Iterator[Callable[[], object]]:
    """Its steps, each to be taken when its turn comes: every write of the batch, then the question, then the ends."""
    found: list[Write] = []
    writes = sorted(fold(batch, KEPT), key=lambda write: write.collection.value, reverse=ledger_first)
    for write in writes:
        yield partial(write_one, mongo, write)
    yield lambda: found.extend([*ends(mongo, batch), *rulings(mongo, batch)])
    yield lambda: list(map(partial(write_one, mongo), found))


def test_the_highest_sequence_wins_whichever_comes_last(mongo: Mongo) -> None:
    low: Entry[Folded] = Entry(started(), 2**31 - 1, NOON)
    high: Entry[Folded] = Entry(finished(), 2**40, NOON)
    for order in ([low, high], [high, low]):
        [document] = written(mongo, [[entry] for entry in order])["executions"]
        assert document["state"]["status"] == "completed", "a 32-bit and a 64-bit sequence compare as numbers"
