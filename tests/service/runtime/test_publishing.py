"""Stored once or refused, whatever became of the first try."""

import asyncio

import pytest
from nats.aio.client import Client

from lamplighter_runtime import publishing
from lamplighter_runtime.latest import ANSWER_BYTES, last_message, last_messages
from lamplighter_runtime.messages import Conflict, Message, MessageTooLarge, Stored
from lamplighter_runtime.publishing import GroupPublisher, commit, publish


def first(subject: str, message_id: str, body: bytes = b"{}") -> Message:
    return Message(subject, body, message_id=message_id, expected=0)


async def test_the_second_to_claim_a_subject_loses(bus: Client) -> None:
    assert await publish(bus, first("execution.a.status", "one")) == Stored(1)
    assert isinstance(await publish(bus, first("execution.a.status", "two")), Conflict)


async def test_a_repeated_publish_is_recognised_as_its_own(bus: Client) -> None:
    await publish(bus, first("execution.a.status", "one"))
    assert await publish(bus, first("execution.a.status", "one")) == Stored(1, duplicate=True)


async def test_a_batch_is_stored_whole_or_not_at_all(bus: Client) -> None:
    await publish(bus, first("gate.b", "before"))

    verdict = await commit(bus, [first("job.due.default.a", "a"), first("gate.b", "b")])

    assert isinstance(verdict, Conflict)
    assert await last_message(bus, "JOBS", "job.due.default.a") is None


async def test_a_batch_gives_the_sequence_of_its_last_message(bus: Client) -> None:
    verdict = await commit(bus, [first(f"gate.{n}", str(n)) for n in range(900)])
    assert verdict == Stored(900)


async def test_a_group_gives_each_caller_its_own_verdict(bus: Client) -> None:
    await publish(bus, first("execution.7.status", "before"))
    group = GroupPublisher(bus)

    verdicts = await asyncio.gather(
        *(group.publish(first(f"execution.{n}.status", f"m{n}")) for n in range(100))
    )

    assert [n for n, verdict in enumerate(verdicts) if isinstance(verdict, Conflict)] == [7]
    stored = await last_messages(bus, "EXECUTIONS", [f"execution.{n}.status" for n in range(100)])
    for n, verdict in enumerate(verdicts):
        if isinstance(verdict, Stored):
            assert stored[f"execution.{n}.status"].sequence == verdict.sequence


async def test_what_a_group_has_no_room_for_yet_waits_and_is_stored(bus: Client) -> None:
    group = GroupPublisher(bus, limit=10)
    verdicts = await asyncio.gather(
        *(group.publish(first(f"execution.{n}.status", f"m{n}")) for n in range(95))
    )
    assert {type(verdict) for verdict in verdicts} == {Stored}


@pytest.mark.parametrize("number", [1, 20])
async def test_a_fault_that_nobody_thought_of_leaves_no_caller_waiting(
    bus: Client, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(publishing, "_request", fails)
    group = GroupPublisher(bus)
    tries = (group.publish(first(f"execution.{n}.status", f"m{n}")) for n in range(number))
    verdicts = await asyncio.wait_for(asyncio.gather(*tries, return_exceptions=True), 5)
    assert [repr(verdict) for verdict in verdicts] == ["RuntimeError('a bug')"] * number


async def test_one_that_is_too_large_fails_alone(bus: Client) -> None:
    group = GroupPublisher(bus)
    bodies = [b"x" * (600_000 if n == 7 else 1) for n in range(20)]

    verdicts = await asyncio.gather(
        *(group.publish(first(f"execution.{n}.status", f"m{n}", body)) for n, body in enumerate(bodies)),
        return_exceptions=True,
    )

    assert [n for n, verdict in enumerate(verdicts) if isinstance(verdict, MessageTooLarge)] == [7]
    assert sum(isinstance(verdict, Stored) for verdict in verdicts) == 19


async def test_a_message_the_bus_cannot_carry_is_refused_before_it_is_sent(bus: Client) -> None:
    with pytest.raises(MessageTooLarge, match="at most 524288 fit"):
        await publish(bus, first("execution.a.status", "one", b"x" * 600_000))
    assert bus.is_connected


async def test_the_last_message_of_many_subjects(bus: Client) -> None:
    await commit(bus, [first(f"gate.{n}", str(n), str(n).encode()) for n in range(700)])

    found = await last_messages(bus, "JOBS", [f"gate.{n}" for n in range(0, 1_400, 2)])

    assert {subject: last.body for subject, last in found.items()} == {
        f"gate.{n}": str(n).encode() for n in range(0, 700, 2)
    }


async def test_no_last_message_is_an_empty_answer(bus: Client) -> None:
    assert await last_messages(bus, "JOBS", ["gate.none"]) == {}
    assert await last_messages(bus, "JOBS", []) == {}


async def test_more_than_one_answer_carries_is_asked_for_again(bus: Client) -> None:
    """The server stops at its bound in bytes: what is left out must not be taken for absent."""
    body = b"x" * 500_000
    many = ANSWER_BYTES // len(body) + 8
    for n in range(many):
        await publish(bus, Message(f"gate.{n}", body))

    found = await last_messages(bus, "JOBS", [f"gate.{n}" for n in range(many + 5)])

    assert set(found) == {f"gate.{n}" for n in range(many)}


async def test_what_belongs_together_is_stored_together_or_not_at_all(bus: Client) -> None:
    """Among callers who share a batch, only the one with a conflict loses, and loses all."""
    await publish(bus, first("gate.b7", "before"))
    group = GroupPublisher(bus, limit=50)

    verdicts = await asyncio.gather(
        *(group.commit([first(f"gate.a{n}", f"a{n}"), first(f"gate.b{n}", f"b{n}")]) for n in range(100))
    )

    assert [n for n, verdict in enumerate(verdicts) if isinstance(verdict, Conflict)] == [7]
    stored = await last_messages(bus, "JOBS", [f"gate.{x}{n}" for n in range(100) for x in "ab"])
    assert "gate.a7" not in stored
    for n, verdict in enumerate(verdicts):
        if isinstance(verdict, Stored):
            places = [stored[f"gate.{x}{n}"].sequence for x in "ab"]
            assert places == [verdict.sequence - 1, verdict.sequence]


async def test_a_batch_has_a_bound_in_bytes(bus: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = list[int]()
    send = publishing._send_batch

    async def counted(client: Client, prepared: list[tuple[str, bytes, dict[str, str]]]) -> publishing.Reply:
        sizes.append(sum(len(body) for _, body, _ in prepared))
        return await send(client, prepared)

    monkeypatch.setattr(publishing, "_send_batch", counted)
    monkeypatch.setattr(GroupPublisher, "MOST_BYTES", 1_000)
    group = GroupPublisher(bus)

    verdicts = await asyncio.gather(
        *(group.publish(first(f"gate.{n}", f"m{n}", b"x" * 150)) for n in range(50))
    )

    assert {type(verdict) for verdict in verdicts} == {Stored}
    assert sizes
    assert max(sizes) <= 1_000
