"""What a delivery means, as writes; what is asked for it; and what its documents are told as."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import Outcome, SkipReason
from lamplighter_contracts.queries import ListDeliveries
from lamplighter_history.cursors import InvalidQuery, Place, cursor_after_place
from lamplighter_history.delivery_records import delivery_record
from lamplighter_history.filters.deliveries import listed
from lamplighter_history.fold import fold
from lamplighter_history.writes import Collection, Document, Entry, Insert, Retention
from tests.support.happenings import JOB, NOON, at, delivery_id, execution, filtered, posted

KEPT = Retention(*(timedelta(days=days) for days in (365, 300, 30, 20)))
REFERENCE = BodyReference(name="large", size=300_000, sha256="00" * 32)


def documents(event: DeliveryReceived, kept: Retention = KEPT) -> dict[Collection, Document]:
    writes = fold([Entry(event, 5, NOON)], kept)
    assert all(isinstance(write, Insert) for write in writes)
    return {write.collection: write.document for write in writes if isinstance(write, Insert)}


def test_a_delivery_is_a_record_and_a_body() -> None:
    found = documents(posted(1, body=b"\x00\xff"))
    assert found[Collection.DELIVERIES] == {
        "_id": delivery_id(1),
        "job_id": JOB,
        "project": "default",
        "outcome": "accepted",
        "delivery": {"provider": "github", "delivery_id": "guid-1", "event": "push"},
        "headers": '{"x-github-event":"push","x.$odd":"1"}',
        "execution_id": execution(1),
        "key": "1",
        "address": "192.0.2.7",
        "path": "/deploy",
        "content_type": "application/json",
        "size": 2,
        "received_at": at(1),
        "expires_at": NOON + KEPT.occurrences,
        "body_expires_at": NOON + KEPT.bodies,
    }
    assert found[Collection.BODIES] == {
        "_id": delivery_id(1),
        "body": b"\x00\xff",
        "expires_at": NOON + KEPT.bodies,
    }


def test_no_body_outlives_its_record() -> None:
    short = Retention(*(timedelta(days=days) for days in (365, 7, 30, 20)))
    found = documents(posted(), short)
    assert found[Collection.BODIES]["expires_at"] == NOON + short.occurrences
    assert found[Collection.DELIVERIES]["body_expires_at"] == NOON + short.occurrences


def test_a_large_body_is_referred_to() -> None:
    found = documents(posted(body=b"", reference=REFERENCE, size=300_000))
    assert found.keys() == {Collection.DELIVERIES}
    assert found[Collection.DELIVERIES]["reference"] == REFERENCE.model_dump()


def told(event: DeliveryReceived, **joined: Any) -> Document:
    """As MongoDB would have it joined, with its body."""
    made = documents(event)
    bodies = [made[Collection.BODIES]] if Collection.BODIES in made else []
    return {**made[Collection.DELIVERIES], "bodies": bodies, "replays": [], "occurrences": [], **joined}


@pytest.mark.parametrize(
    "event",
    [
        posted(1),
        filtered(2),
        posted(3, outcome=DeliveryOutcome.PING, execution_id="", body=b""),
        posted(4, body=b"", reference=REFERENCE, size=300_000),
        posted(5, project="payments", replay_of=delivery_id(1), replayed_by="ada", group="main"),
    ],
)
def test_what_was_received_is_told_as_it_was(event: DeliveryReceived) -> None:
    record = delivery_record(told(event))
    assert record.received == event
    assert (record.became, record.into, record.replays) == (None, "", ())
    assert record.body_expires_at == NOON + KEPT.bodies


def occurrence(outcome: Outcome, rank: int = 1, **said: Any) -> Document:
    return {"_id": execution(1), "ruling": {"seq": [rank, 9], "outcome": outcome.value, **said}}


OWN, OTHER = execution(1), execution(0)


@pytest.mark.parametrize(
    ("found", "into"),
    [
        (occurrence(Outcome.FIRED), OWN),
        (occurrence(Outcome.COALESCED, reason="coalesced", into=OTHER), OTHER),
        (occurrence(Outcome.SKIPPED, reason="overlap"), ""),
        (occurrence(Outcome.BLOCKED, reason="blocked"), ""),
        (occurrence(Outcome.BLOCKED, 2, reason="blocked"), OWN),
        (occurrence(Outcome.QUEUED, 0) | {"queued": {"seq": 8}}, OWN),
        (occurrence(Outcome.SKIPPED, reason="cancelled") | {"queued": {"seq": 8}}, OWN),
    ],
)
def test_what_became_of_it_is_what_the_ledger_says(found: Document, into: str) -> None:
    replays = [{"_id": delivery_id(7)}, {"_id": delivery_id(6)}]
    record = delivery_record(told(posted(1), occurrences=[found], replays=replays))
    assert record.became == found["ruling"]["outcome"]
    assert record.reason == (SkipReason(found["ruling"]["reason"]) if "reason" in found["ruling"] else None)
    assert record.into == into
    assert record.replays == (delivery_id(7), delivery_id(6))


def test_without_its_body_it_is_a_record_still() -> None:
    record = delivery_record(told(posted(1), bodies=[]))
    assert (record.received.body, record.received.size) == ("", 8)
    assert record.received.headers["x-github-event"] == "push"


def test_a_page_goes_on_after_its_cursor_and_within_its_range() -> None:
    cursor = cursor_after_place(Place(at(5), delivery_id(5)))
    query = ListDeliveries(projects=("a", "b"), job_id=JOB, from_at=at(1), until_at=at(9), cursor=cursor)
    assert listed(query) == {
        "project": {"$in": ["a", "b"]},
        "job_id": JOB,
        "received_at": {"$gte": at(1), "$lt": at(9), "$lte": at(5)},
        "$nor": [{"received_at": at(5), "_id": {"$gte": delivery_id(5)}}],
    }


def test_those_that_led_to_an_execution_are_its_own_and_the_gathered() -> None:
    wanted = listed(ListDeliveries(execution_id=OWN), [OTHER])
    assert wanted == {"execution_id": {"$in": [OWN, OTHER]}}


def test_a_range_without_an_inside_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="has to come after"):
        listed(ListDeliveries(from_at=at(1), until_at=at(1)))


def test_a_body_is_kept_as_bytes() -> None:
    assert delivery_record(told(posted(1, body=b"\xff"))).received.body == b64encode(b"\xff").decode()
