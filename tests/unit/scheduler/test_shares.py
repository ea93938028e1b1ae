"""How much of what is too large for a message is read back at a time."""

from dataclasses import dataclass
from typing import Any

import pytest

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import JobTriggered
from lamplighter_scheduler.handlers import shares
from lamplighter_scheduler.parked import BODIES_AT_ONCE, Triggers, _within_reach
from tests.support.situations import trigger

MIB = 1 << 20
assert BODIES_AT_ONCE == 8 * MIB


@dataclass
class Came:
    event: JobTriggered


def large(key: str, mib: int) -> JobTriggered:
    body = BodyReference(name=key, size=mib * MIB, sha256="00") if mib else None
    return trigger(key).model_copy(update={"body": body})


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([], [[]]),
        ([0] * 350, [[0] * 350]),
        ([0, 4, 0, 4, 0], [[0, 4, 0, 4, 0]]),
        ([0, 4, 5, 0, 3, 1], [[0, 4], [5, 0, 3], [1]]),
        ([0, 25, 0, 25], [[0, 25, 0], [25]]),
    ],
)
def test_triggers_are_decided_in_order_and_in_shares(sizes: list[int], wanted: list[list[int]]) -> None:
    batch: list[Any] = [Came(large(str(n), size)) for n, size in enumerate(sizes)]
    found = [[_size(received.event) for received in share] for share in shares(batch)]
    assert found == wanted


@pytest.mark.parametrize(
    ("sizes", "kept"),
    [
        ([[0, 0], [0]], [[0, 0], [0]]),
        ([[4, 5, 3], [1, 1, 0]], [[4, 3], [1, 0]]),
        ([[25, 25], [0, 1]], [[25], [0]]),
    ],
)
def test_what_waits_keeps_its_turn_where_there_is_too_much_of_it(
    sizes: list[list[int]], kept: list[list[int]]
) -> None:
    found: list[Triggers] = [
        {str(n): large(str(n), size) for n, size in enumerate(of_job)} for of_job in sizes
    ]
    assert [[_size(t) for t in triggers.values() if t] for triggers in _within_reach(found)] == kept


def _size(event: JobTriggered) -> int:
    return event.body.size // MIB if event.body else 0
