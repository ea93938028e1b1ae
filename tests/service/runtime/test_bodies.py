"""A body comes back as it was put, or not at all."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.js.errors import NotFoundError

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.streams import BODIES, BODIES_BUCKET
from lamplighter_runtime import bodies as bodies_module
from lamplighter_runtime import publishing
from lamplighter_runtime.bodies import IN_FLIGHT, PIECE_BYTES, Bodies, BodyGone
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.messages import BusUnavailable, Message
from lamplighter_runtime.provisioning import provision_streams
from lamplighter_runtime.settings import ServiceSettings
from tests.support.partition import partition
from tests.support.servers import Server
from tests.support.waiting import until

MIB = 1 << 20


def made_up(size: int) -> bytes:
    return Random(size).randbytes(size)


async def stored(bus: Client, subject: str = "$O.bodies.>") -> dict[str, int]:
    info = await bus.jetstream().stream_info(BODIES.name, subjects_filter=subject)
    return info.state.subjects or {}


async def description(bus: Client, reference: BodyReference) -> dict[str, object]:
    subject = f"$O.bodies.M.{base64.urlsafe_b64encode(reference.name.encode()).decode()}"
    message = await bus.jetstream().get_last_msg(BODIES.name, subject)
    found: dict[str, object] = json.loads(message.data or b"")
    return found


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 25 * MIB])
async def test_it_comes_back_as_it_was_put(bus: Client, size: int) -> None:
    data = made_up(size)

    reference = await Bodies(bus).put("a", data, "image/png")

    assert (reference.size, reference.content_type) == (size, "image/png")
    assert await Bodies(bus).get(reference) == data


async def test_the_tools_of_nats_read_it(bus: Client) -> None:
    data = made_up(3 * PIECE_BYTES + 7)
    reference = await Bodies(bus).put("a", data, "image/png")

    bucket = await bus.jetstream().object_store(BODIES_BUCKET)
    found = await asyncio.wait_for(bucket.get(reference.name), 10)

    assert found.data == data
    assert (found.info.size, found.info.chunks, found.info.headers) == (
        len(data),
        4,
        {"Content-Type": ["image/png"]},
    )


@pytest.mark.parametrize("name", ["", "a b", "../../etc", "$JS.API.>", "x" * 100_000, "\n\0é", "a.*"])
async def test_any_name_will_do(bus: Client, name: str) -> None:
    reference = await Bodies(bus).put(name, b"data", "")
    assert await Bodies(bus).get(reference) == b"data"
    assert len(reference.name) < 200


async def test_the_same_name_never_leads_to_another_body(bus: Client) -> None:
    one, other = await Bodies(bus).put("a", b"one", ""), await Bodies(bus).put("a", b"other", "")
    assert [await Bodies(bus).get(each) for each in (one, other)] == [b"one", b"other"]


async def test_what_is_put_many_times_at_once_is_kept_once(bus: Client) -> None:
    data = made_up(2 * MIB)

    references = await asyncio.gather(*(Bodies(bus).put("a", data, "") for _ in range(8)))

    assert len(set(references)) == 1
    assert await Bodies(bus).get(references[0]) == data
    assert sorted((await stored(bus)).values()) == [1, 2 * MIB // PIECE_BYTES]


async def test_an_expired_one_is_gone(bus: Client) -> None:
    reference = await Bodies(bus).put("a", made_up(MIB), "")
    soon = timedelta(milliseconds=200)
    await provision_streams(bus, streams=[replace(BODIES, max_age=soon, duplicate_window=soon)])

    async def expired() -> bool:
        return not await stored(bus)

    await until(expired, what="the expiry")
    with pytest.raises(BodyGone, match="no longer kept"):
        await Bodies(bus).get(reference)


async def test_one_without_a_piece_is_gone(bus: Client) -> None:
    reference = await Bodies(bus).put("a", made_up(MIB), "")
    await bus.jetstream().delete_msg(BODIES.name, 2)
    with pytest.raises(BodyGone, match="no longer kept"):
        await asyncio.wait_for(Bodies(bus).get(reference), 10)


async def test_one_with_a_corrupted_piece_is_refused(bus: Client) -> None:
    reference = await Bodies(bus).put("a", made_up(2 * PIECE_BYTES), "")
    pieces = f"$O.bodies.C.{(await description(bus, reference))['nuid']}"
    await bus.jetstream().delete_msg(BODIES.name, 2)
    await bus.jetstream().publish(pieces, made_up(PIECE_BYTES - 1) + b"!")
    with pytest.raises(BodyGone, match="not what was stored"):
        await Bodies(bus).get(reference)


async def test_one_that_grew_is_refused(bus: Client) -> None:
    """A piece too long at the end: as many bytes as were put are there, and they are the right ones."""
    reference = await Bodies(bus).put("a", made_up(PIECE_BYTES + 5), "")
    pieces = f"$O.bodies.C.{(await description(bus, reference))['nuid']}"
    await bus.jetstream().delete_msg(BODIES.name, 2)
    await bus.jetstream().publish(pieces, made_up(PIECE_BYTES + 5)[PIECE_BYTES:] + b"!")
    with pytest.raises(BodyGone, match="not what was stored"):
        await Bodies(bus).get(reference)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    broker = open_broker(ServiceSettings(nats_url=url), "cut")
    client = await broker.connect()
    try:
        yield client
    finally:
        with suppress(ConnectionError):
            await client.close()


def in_the_middle(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]]) -> None:
    """When the third piece is confirmed."""
    confirmed, calls = bodies_module._confirmed, iter(range(1_000))

    async def interrupted(answers: Subscription) -> dict[int, int]:
        if next(calls) == 2:
            await happens()
        return await confirmed(answers)

    monkeypatch.setattr(bodies_module, "_confirmed", interrupted)


async def test_a_put_cut_in_the_middle_leaves_nothing_readable(
    bus: Client, nats_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with partition(nats_server.url) as between, connected(between.url) as client:

        async def cut() -> None:
            between.cut()

        in_the_middle(monkeypatch, cut)
        with pytest.raises(BusUnavailable):
            await asyncio.wait_for(Bodies(client).put("a", made_up(25 * MIB), ""), 30)

    assert sum((await stored(bus, "$O.bodies.C.>")).values()) >= 3
    assert await stored(bus, "$O.bodies.M.>") == {}
    assert await Bodies(bus).get(await Bodies(bus).put("a", made_up(25 * MIB), "")) == made_up(25 * MIB)


async def test_one_that_was_given_up_is_cleared_away(bus: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = asyncio.Event()

    async def stands_still() -> None:
        begun.set()
        await asyncio.Event().wait()

    in_the_middle(monkeypatch, stands_still)
    put = asyncio.create_task(Bodies(bus).put("a", made_up(25 * MIB), ""))
    await asyncio.wait_for(begun.wait(), 10)
    assert await stored(bus) != {}
    put.cancel()
    await asyncio.wait([put], timeout=10)
    assert await stored(bus) == {}


async def test_a_description_that_was_not_confirmed_may_be_there(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second try finds the first one's, and the body is whole all the same."""
    unconfirmed = [True]

    async def published_unheard(client: Client, message: Message) -> object:
        answer = await publishing.publish(client, message)
        if unconfirmed.pop() if unconfirmed else False:
            raise BusUnavailable("no answer")
        return answer

    monkeypatch.setattr(bodies_module, "publish", published_unheard)
    reference = await Bodies(bus).put("a", made_up(MIB), "")
    assert await Bodies(bus).get(reference) == made_up(MIB)
    assert len(await stored(bus, "$O.bodies.C.>")) == 1


async def test_no_more_than_a_few_pieces_are_on_their_way(
    bus: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = bodies_module._confirmed
    on_their_way: list[int] = []
    before = bus.stats["out_msgs"]

    async def counted(answers: Subscription) -> dict[int, int]:
        on_their_way.append(bus.stats["out_msgs"] - before - len(on_their_way))
        return await confirmed(answers)

    monkeypatch.setattr(bodies_module, "_confirmed", counted)
    await Bodies(bus).put("a", made_up(25 * MIB), "")
    assert len(on_their_way) == 25 * MIB // PIECE_BYTES
    assert max(on_their_way) == IN_FLIGHT


async def test_without_the_store_it_is_an_outage_and_no_loss(bus: Client) -> None:
    reference = await Bodies(bus).put("a", b"data", "")
    await bus.jetstream().delete_stream(BODIES.name)
    with pytest.raises(NotFoundError):
        await bus.jetstream().stream_info(BODIES.name)
    with pytest.raises(BusUnavailable):
        await Bodies(bus).get(reference)
    with pytest.raises(BusUnavailable):
        await Bodies(bus).put("a", b"data", "")
