"""Deliveries on record: with what became of them, without their bodies in lists, forgotten when it is time."""

from base64 import b64encode
from typing import Any

from pymongo import MongoClient

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import Outcome, SkipReason
from lamplighter_contracts.queries import (
    DeliveryAnswer,
    DeliveryPage,
    DeliveryRecord,
    GetDelivery,
    ListDeliveries,
)
from tests.service.history.conftest import History
from tests.support.happenings import (
    JOB,
    at,
    blocked,
    delivery_id,
    due,
    execution,
    filtered,
    happen,
    posted,
    queued,
    skipped,
)


async def delivery(history: History, of: str) -> DeliveryRecord:
    found = (await history.asked(GetDelivery(delivery_id=of), DeliveryAnswer)).delivery
    assert found is not None
    return found


async def listed(history: History, **asked: Any) -> list[str]:
    """All of them, over pages of two."""
    query, found = ListDeliveries(**{"limit": 2} | asked), list[str]()
    while True:
        page = await history.asked(query, DeliveryPage)
        found += [record.received.delivery_id for record in page.deliveries]
        if page.next_cursor is None:
            return found
        query = query.model_copy(update={"cursor": page.next_cursor})


async def test_one_is_told_as_it_was_with_all_its_bytes(history: History) -> None:
    largest = posted(1, body=bytes(range(256)) * 1_024)
    await happen(history.bus, largest)
    await history.until_all_is_recorded()
    found = await delivery(history, delivery_id(1))
    assert found.received == largest
    assert found.body_expires_at is not None


async def test_a_list_has_no_headers_and_no_bodies(history: History) -> None:
    await happen(history.bus, *(posted(n, body=b"x" * 200_000) for n in range(2)))
    await happen(history.bus, *(posted(n, body=b"x" * 200_000) for n in range(2, 4)))
    await history.until_all_is_recorded()
    query = ListDeliveries(limit=50)
    reply = await history.bus.request(query.subject, query.model_dump_json().encode(), timeout=5)
    assert len(reply.data) < 10_000
    page = DeliveryPage.model_validate_json(reply.data)
    assert [one.received for one in page.deliveries] == [
        posted(n, body=b"x" * 200_000).model_copy(update={"body": "", "headers": {}}) for n in (3, 2, 1, 0)
    ]


async def test_what_became_of_each_is_told_with_it(history: History) -> None:
    gathered = skipped(2, reason=SkipReason.COALESCED).model_copy(update={"into": execution(1)})
    refused = skipped(4).model_copy(update={"detail": "it is paused"})
    await happen(
        history.bus, *(posted(n) for n in range(1, 7)), filtered(7), posted(8, replay_of=delivery_id(1))
    )
    await happen(history.bus, due(1), gathered, queued(3), refused, due(5))
    await happen(history.bus, blocked(5))
    await history.until_all_is_recorded()

    page = await history.asked(ListDeliveries(), DeliveryPage)
    became = {one.received.key: (one.became, one.reason, one.into) for one in page.deliveries}

    assert became == {
        "1": (Outcome.FIRED, None, execution(1)),
        "2": (Outcome.COALESCED, SkipReason.COALESCED, execution(1)),
        "3": (Outcome.QUEUED, None, execution(3)),
        "4": (Outcome.SKIPPED, SkipReason.OVERLAP, ""),
        "5": (Outcome.BLOCKED, SkipReason.BLOCKED, execution(5)),
        "6": (None, None, ""),
        "7": (None, None, ""),
        "8": (None, None, ""),
    }
    one = await delivery(history, delivery_id(1))
    assert (one.became, one.into, one.replays) == (Outcome.FIRED, execution(1), (delivery_id(8),))
    assert (await delivery(history, delivery_id(4))).became_detail == "it is paused"


async def test_the_filters(history: History) -> None:
    other = posted(
        5,
        "other-1",
        project="payments",
        delivery={"provider": "stripe", "delivery_id": "evt", "event": "paid"},
    )
    gathered = skipped(2, reason=SkipReason.COALESCED).model_copy(update={"into": execution(1)})
    await happen(
        history.bus,
        *(posted(n) for n in range(1, 4)),
        filtered(4),
        DeliveryReceived.model_validate(other.model_dump()),
    )
    await happen(history.bus, due(1), gathered, due(3))
    await history.until_all_is_recorded()
    ours, others = [delivery_id(n) for n in (4, 3, 2, 1)], [delivery_id(5, "other-1")]
    for asked, wanted in (
        ({}, others + ours),
        ({"projects": ("default",)}, ours),
        ({"projects": ("payments", "none")}, others),
        ({"projects": ()}, []),
        ({"job_id": JOB}, ours),
        ({"job_id": JOB, "projects": ("payments",)}, []),
        ({"outcomes": ("filtered", "ping")}, ours[:1]),
        ({"producer": "stripe"}, others),
        ({"event": "push"}, ours),
        ({"execution_id": execution(1)}, [delivery_id(2), delivery_id(1)]),
        ({"execution_id": execution(3)}, [delivery_id(3)]),
        ({"from_at": at(2), "until_at": at(4)}, [delivery_id(3), delivery_id(2)]),
    ):
        assert await listed(history, **asked) == wanted, asked


async def test_pages_of_one_instant_have_neither_gaps_nor_repeats(history: History) -> None:
    at_once = [posted(n, received_at=at(0)) for n in range(7)]
    await happen(history.bus, *at_once)
    await history.until_all_is_recorded()
    assert sorted(await listed(history)) == sorted(one.delivery_id for one in at_once)


async def test_a_body_is_forgotten_before_its_record(history: History) -> None:
    reference = BodyReference(name="large", size=300_000, sha256="00" * 32)
    await happen(history.bus, posted(1), posted(2, body=b"", reference=reference, size=300_000))
    await history.until_all_is_recorded()
    documents = history.documents()
    [body] = documents["delivery_bodies"]
    assert (body["_id"], body["body"]) == (delivery_id(1), b'{"a": 1}')
    with MongoClient[dict[str, Any]](history.mongodb_url) as client:
        client.get_database()["delivery_bodies"].delete_many({})

    found = await delivery(history, delivery_id(1))

    assert (found.received.body, found.received.size) == ("", 8)
    assert found.body_expires_at == body["expires_at"]
    assert (await delivery(history, delivery_id(2))).received.reference == reference


async def test_one_whose_body_is_no_base64_goes_where_poison_goes(history: History) -> None:
    await happen(history.bus, posted(1).model_copy(update={"body": "?"}), posted(2))
    await history.until_all_is_recorded()
    assert await listed(history) == [delivery_id(2)]
    assert (await history.bus.jetstream().stream_info("DEAD")).state.messages == 1


async def test_one_that_never_was(history: History) -> None:
    answer = await history.asked(GetDelivery(delivery_id="none"), DeliveryAnswer)
    assert answer.delivery is None


def test_the_test_bodies_are_what_they_seem() -> None:
    assert posted(1, body=b"x").body == b64encode(b"x").decode()
