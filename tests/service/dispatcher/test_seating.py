"""Seats on the bus: never more than there are, all or none, and none lost to those who died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from lamplighter_contracts import subjects
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.seats import Seats
from lamplighter_contracts.streams import EXECUTIONS
from lamplighter_dispatcher.admission.lineup import Full
from lamplighter_dispatcher.admission.seating import Seating
from lamplighter_dispatcher.admission.seats import Place
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import publish
from lamplighter_runtime.settings import ServiceSettings
from lamplighter_runtime.tasks import end
from tests.support import happenings, servers
from tests.support.waiting import heard

AGENT, ENVIRONMENT = Place("agent", "writer", 2), Place("environment", "closed", 1)
SECONDS = 30


@asynccontextmanager
async def dispatcher(url: str) -> AsyncIterator[Seating]:
    """The seating of a process of its own."""
    broker = open_broker(ServiceSettings(nats_url=url), "test")
    client = await broker.connect()
    seating = Seating(client, most_waiting=100)
    await seating.open()
    await heard(client)
    try:
        yield seating
    finally:
        await seating.close()
        await broker.stop()


@pytest.fixture
async def seating(bus: Client, nats_server: servers.Server) -> AsyncIterator[Seating]:
    async with dispatcher(nats_server.url) as made:
        yield made


async def seated(bus: Client, place: Place) -> set[str]:
    last = await last_message(bus, EXECUTIONS.name, subjects.seats(place.kind, place.object_id))
    return set(Seats.model_validate_json(last.body).seated) if last else set()


async def in_its_turn(seating: Seating, execution_id: str, *places: Place) -> None:
    while (full := await seating.take(execution_id, places)) is not None:
        await seating.wait(execution_id, full)


async def test_fifty_executions_of_three_dispatchers_share_two_seats(
    bus: Client, nats_server: servers.Server
) -> None:
    at_work, most, pairs = 0, 0, asyncio.Barrier(2)

    async def run(seating: Seating, number: int) -> None:
        nonlocal at_work, most
        await in_its_turn(seating, happenings.execution(number), AGENT)
        at_work += 1
        most = max(most, at_work)
        assert at_work <= 2
        # Nobody leaves before there are two: so a third seat would be seen, and a second that is not there too.
        await pairs.wait()
        await heard(bus)
        at_work -= 1
        await seating.leave(happenings.execution(number), [AGENT])

    async with asyncio.timeout(SECONDS):
        async with (
            dispatcher(nats_server.url) as a,
            dispatcher(nats_server.url) as b,
            dispatcher(nats_server.url) as c,
        ):
            await asyncio.gather(*(run((a, b, c)[number % 3], number) for number in range(50)))
    assert most == 2
    assert await seated(bus, AGENT) == set()


async def test_all_seats_are_taken_together_or_none(bus: Client, seating: Seating) -> None:
    async with asyncio.timeout(SECONDS):
        assert await seating.take(happenings.execution(1), [AGENT, ENVIRONMENT]) is None
        full = await seating.take(happenings.execution(2), [AGENT, ENVIRONMENT])
        assert isinstance(full, Full)
        assert full.place == ENVIRONMENT
        assert await seated(bus, AGENT) == await seated(bus, ENVIRONMENT) == {happenings.execution(1)}
        await seating.leave(happenings.execution(1), [AGENT, ENVIRONMENT])
        assert await seated(bus, AGENT) == await seated(bus, ENVIRONMENT) == set()


async def test_two_that_want_the_same_two_places_do_not_wait_for_each_other(
    bus: Client, nats_server: servers.Server
) -> None:
    one, other = Place("agent", "a", 1), Place("agent", "b", 1)

    async def run(seating: Seating, number: int, *places: Place) -> None:
        await in_its_turn(seating, happenings.execution(number), *places)
        await seating.leave(happenings.execution(number), places)

    async with asyncio.timeout(SECONDS):
        async with dispatcher(nats_server.url) as a, dispatcher(nats_server.url) as b:
            await asyncio.gather(
                *(run(a, number, one, other) for number in range(10)),
                *(run(b, number, other, one) for number in range(10, 20)),
            )


async def test_who_waits_hears_at_once_of_a_seat_and_in_the_order_of_firing(
    bus: Client, nats_server: servers.Server
) -> None:
    order: list[int] = []

    async def run(seating: Seating, number: int) -> None:
        await in_its_turn(seating, happenings.execution(number), ENVIRONMENT)
        order.append(number)
        await seating.leave(happenings.execution(number), [ENVIRONMENT])

    # Shorter than the patience of those who wait: without news none of them would look again in time.
    async with asyncio.timeout(10), dispatcher(nats_server.url) as a, dispatcher(nats_server.url) as b:
        assert await a.take(happenings.execution(0), [ENVIRONMENT]) is None
        tasks = [asyncio.create_task(run(b, number)) for number in (3, 1, 2)]
        while b.waiting < 3:
            await heard(bus)
        assert not order
        await a.leave(happenings.execution(0), [ENVIRONMENT])
        await asyncio.gather(*tasks)
    assert order == [1, 2, 3]


async def test_a_seat_that_was_left_while_looking_is_not_waited_for(bus: Client, seating: Seating) -> None:
    async with asyncio.timeout(10):
        assert await seating.take(happenings.execution(1), [ENVIRONMENT]) is None
        full = await seating.take(happenings.execution(2), [ENVIRONMENT])
        assert full is not None
        await seating.leave(happenings.execution(1), [ENVIRONMENT])
        while seating._line.heard(ENVIRONMENT) == full.heard:
            await heard(bus)
        await seating.wait(happenings.execution(2), full)
        assert await seating.take(happenings.execution(2), [ENVIRONMENT]) is None


async def test_the_seat_of_one_that_is_over_is_found_free(bus: Client, seating: Seating) -> None:
    async with asyncio.timeout(SECONDS):
        for number in (1, 2):
            assert await seating.take(happenings.execution(number), [AGENT]) is None
        await happenings.happen(bus, happenings.started(1))
        await happenings.happen(bus, happenings.finished(2, outcome=ExecutionStatus.FAILED))
        assert await seating.take(happenings.execution(3), [AGENT]) is None
        assert await seated(bus, AGENT) == {happenings.execution(1), happenings.execution(3)}


async def test_one_that_never_claimed_loses_its_seat_after_a_minute(bus: Client, seating: Seating) -> None:
    now = int(datetime.now(UTC).timestamp())
    dead, young = happenings.execution(1), happenings.execution(2)
    await put(bus, Seats(kind="agent", object_id="writer", seated={dead: now - 90, young: now - 5}))
    async with asyncio.timeout(SECONDS):
        assert await seating.take(happenings.execution(3), [AGENT]) is None
        assert await seated(bus, AGENT) == {young, happenings.execution(3)}
        assert await seating.take(happenings.execution(4), [AGENT]) is not None


async def test_a_running_one_keeps_its_seat_however_long(bus: Client, seating: Seating) -> None:
    await put(bus, Seats(kind="environment", object_id="closed", seated={happenings.execution(1): 0}))
    await happenings.happen(bus, happenings.started(1))
    async with asyncio.timeout(SECONDS):
        assert await seating.take(happenings.execution(2), [ENVIRONMENT]) is not None
        assert await seating.take(happenings.execution(1), [ENVIRONMENT]) is None


async def test_so_many_may_wait_and_no_more(
    nats_server: servers.Server, seating: Seating, bus: Client
) -> None:
    few = Seating(bus, most_waiting=1)
    async with asyncio.timeout(SECONDS):
        assert await few.take(happenings.execution(1), [ENVIRONMENT]) is None
        full = await few.take(happenings.execution(2), [ENVIRONMENT])
        assert full is not None
        before = few.is_crowded
        waiting = asyncio.create_task(few.wait(happenings.execution(2), full))
        while not few.waiting:
            await heard(bus)
        assert (before, few.is_crowded) == (False, True)
        await end([waiting])
        assert few.waiting == 0


async def put(bus: Client, seats: Seats) -> None:
    await publish(bus, Message(subjects.seats(seats.kind, seats.object_id), seats.model_dump_json().encode()))
