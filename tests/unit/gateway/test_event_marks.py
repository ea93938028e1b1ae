"""Where a reader of the events is, what the ring still has for it, and what an event tells: without a bus."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.live import ring
from lamplighter_gateway.live.chunks import BLOCK_BYTES, Chunk
from lamplighter_gateway.live.marks import KEPT, Mark, is_partly_gone, read_mark
from lamplighter_gateway.live.ring import Ring
from lamplighter_gateway.live.told import About, Told
from lamplighter_gateway.live.wanted import known_to
from tests.support.happenings import NOON

SEQUENCES = st.tuples(*[st.integers(0, 10**18 - 1)] * 3)
INSTANTS = st.integers(0, 10**13 - 1).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
MARKS = st.builds(Mark, SEQUENCES, INSTANTS)


@given(MARKS)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    read = read_mark(str(mark))
    assert read is not None
    assert read.sequences == mark.sequences
    assert abs(read.at - mark.at) <= timedelta(milliseconds=1)


@given(MARKS, MARKS)
def test_what_is_joined_has_both_and_no_more(one: Mark, other: Mark) -> None:
    joined = one.joined(other)
    assert joined.covers(one)
    assert joined.covers(other)
    assert all(a in pair for a, *pair in zip(joined.sequences, one.sequences, other.sequences, strict=True))


@given(MARKS, st.integers(0, 2), st.integers(0, 10**18 - 1))
def test_a_mark_never_goes_back(mark: Mark, source: int, sequence: int) -> None:
    after = mark.after(source, sequence, NOON)
    assert after.covers(mark)
    assert after.has(source, sequence)


@pytest.mark.parametrize(
    ("age", "bus_age", "gone"),
    [(71, 1_000, False), (73, 1_000, True), (73, 1, False), (1, 1_000, False)],
    ids=["young", "old", "older than the bus", "new"],
)
def test_what_is_partly_gone(age: float, bus_age: float, gone: bool) -> None:
    assert timedelta(hours=72) == KEPT
    mark = Mark((1, 1, 1), NOON - timedelta(hours=age))
    assert is_partly_gone(mark, NOON - timedelta(hours=bus_age), NOON) is gone


def told(source: int, sequence: int, project: str | None = "default", *, secret: bool = False) -> Told:
    return Told(
        source=source,
        sequence=sequence,
        stored_at=NOON,
        name="job.due",
        about=About(project, secret=secret),
        status="queued",
        body=b"{}" * 50,
    )


def test_the_ring_keeps_the_last_and_knows_what_it_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring, "MOST_BYTES", 10_000)
    kept = Ring(Mark((0, 0, 0), NOON))
    for number in range(1, 101):
        kept.add([told(number % 2, number)])
    first = kept.since(kept.first)
    assert first is not None
    assert kept.since(kept.first - 1) is None
    assert kept.next == 100
    assert sum(one.size for one in first) < 10_000
    # Everything after the floor is there, and nothing that the floor has.
    assert {one.sequence for one in first} == set(range(101 - len(first), 101))
    assert not any(kept.floor.has(one.source, one.sequence) for one in first)
    assert kept.head.sequences == (100, 99, 0)


@pytest.mark.parametrize(
    ("projects", "role", "known"),
    [
        (("*",), Role.ADMIN, ["payments", "default", "nobody knows", "a token"]),
        (("*",), Role.EDITOR, ["payments", "default", "nobody knows"]),
        (("payments",), Role.ADMIN, ["payments"]),
        (("default", "payments"), Role.VIEWER, ["payments", "default"]),
    ],
)
def test_who_may_know_of_what(projects: tuple[str, ...], role: Role, known: list[str]) -> None:
    events = {
        "payments": told(0, 1, "payments"),
        "default": told(0, 2),
        "nobody knows": told(0, 3, None),
        "a token": told(2, 4, None, secret=True),
    }
    may_know = known_to(Caller("t", "T", role, projects))
    assert [name for name, event in events.items() if may_know(event)] == known


@given(st.lists(st.binary(max_size=2 * BLOCK_BYTES), max_size=8))
def test_a_chunk_gives_back_what_it_was_given(pieces: list[bytes]) -> None:
    chunk = Chunk()
    chunk.add(*pieces)
    blocks = chunk.take()
    assert b"".join(blocks) == b"".join(pieces)
    assert all(blocks)
    # What is large is passed on as it is, never copied.
    large = [piece for piece in pieces if len(piece) >= BLOCK_BYTES]
    assert [id(piece) for piece in large] == [id(block) for block in blocks if any(block is p for p in large)]
    assert chunk.take() == []
