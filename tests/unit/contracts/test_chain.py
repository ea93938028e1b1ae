"""What is hashed of a record, and what a broken link is told by."""

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.chain import FIRST, canonical, fault, link_hash

RECORD: dict[str, Any] = {
    "number": 1,
    "at": "2026-07-01T12:00:00Z",
    "actor": "ci",
    "action": "job.create",
    "after": '{"name": "Grüße"}',
    "previous": FIRST,
}

VALUES = st.none() | st.text() | st.integers() | st.booleans()


def linked(**changes: object) -> dict[str, Any]:
    record = {**RECORD, **changes}
    return {**record, "hash": link_hash(record)}


def test_the_canonical_form() -> None:
    assert canonical(RECORD).decode() == (
        '{"action":"job.create","actor":"ci","after":"{\\"name\\": \\"Grüße\\"}",'
        '"at":"2026-07-01T12:00:00Z","number":1}'
    )
    assert link_hash(RECORD) == hashlib.sha256(canonical(RECORD)).hexdigest()


def test_a_link_that_holds() -> None:
    assert fault(linked(), 1, FIRST) == ""
    assert fault(linked(number=7, previous="ab"), 7, "ab") == ""


@pytest.mark.parametrize("joined", [{"before": "{}", "before_number": 3}, {"detail": ""}, {"role": None}])
def test_what_a_reader_adds_and_what_is_empty_does_not_count(joined: dict[str, object]) -> None:
    assert fault({**linked(), **joined}, 1, FIRST) == ""


@pytest.mark.parametrize(
    ("record", "number", "previous", "told"),
    [
        (linked(number=3), 2, FIRST, "record 2 is missing"),
        ({}, 2, FIRST, "record 2 is missing"),
        (linked(previous="ab"), 1, "cd", "record 1 does not follow"),
        ({**linked(), "actor": "eve"}, 1, FIRST, "record 1 is not as it was recorded"),
        ({**linked(), "more": 1}, 1, FIRST, "record 1 is not as it was recorded"),
        ({**linked(), "number": 1.0}, 1, FIRST, "record 1 is not as it was recorded"),
        ({k: v for k, v in linked().items() if k != "hash"}, 1, FIRST, "record 1 is not as it was recorded"),
        ({**linked(), "count": float("nan")}, 1, FIRST, "record 1 holds what no record can"),
        ({**linked(), "actor": b"ci"}, 1, FIRST, "record 1 holds what no record can"),
    ],
)
def test_a_link_that_does_not_hold(record: dict[str, object], number: int, previous: str, told: str) -> None:
    assert told in fault(record, number, previous)


@given(st.sampled_from(sorted(RECORD.keys() - {"number", "previous"})), VALUES)
def test_no_other_value_of_a_field_has_the_same_hash(field: str, value: object) -> None:
    same = value == RECORD[field]
    assert (fault({**linked(), field: value}, 1, FIRST) == "") is same
