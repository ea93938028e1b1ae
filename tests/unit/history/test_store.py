"""What the result of a bulk write means: done, once more, later, or never."""

from typing import Any

import pytest

from lamplighter_history.database import Refused, StoreUnavailable
from lamplighter_history.store import Operation, left_over, operation
from lamplighter_history.writes import Collection, Insert, Upsert

UPSERT = operation(Upsert(Collection.EXECUTIONS, "a", {}, {"state": {"seq": 1}}))
INSERT = operation(Insert(Collection.AUDIT, {"_id": 1}))
OPERATIONS = [UPSERT, INSERT]

DUPLICATE, TOO_LARGE, OUT_OF_DISK, NOT_ALLOWED, STEPPED_DOWN = 11_000, 17_419, 14_031, 13, 189


def outcome(*errors: tuple[int, int], concern: list[dict[str, Any]] | None = None) -> list[Operation]:
    write_errors = [{"index": index, "code": code, "errmsg": "why"} for index, code in errors]
    return left_over(OPERATIONS, {"writeErrors": write_errors, "writeConcernErrors": concern or []})


def test_an_insert_that_is_there_already_is_done() -> None:
    assert outcome((1, DUPLICATE)) == []


def test_an_upsert_that_met_another_is_made_again() -> None:
    assert outcome((0, DUPLICATE), (1, DUPLICATE)) == [UPSERT]


@pytest.mark.parametrize("code", [OUT_OF_DISK, NOT_ALLOWED, STEPPED_DOWN, 424_242])
def test_what_is_not_the_documents_fault_is_an_outage_whatever_else_failed(code: int) -> None:
    with pytest.raises(StoreUnavailable):
        outcome((0, TOO_LARGE), (1, code))


def test_a_write_that_no_majority_confirmed_is_an_outage() -> None:
    with pytest.raises(StoreUnavailable):
        outcome(concern=[{"code": 64, "errmsg": "waiting for replication timed out"}])


def test_a_document_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Refused):
        outcome((0, TOO_LARGE), (1, DUPLICATE))


def test_an_outage_is_what_the_frame_takes_for_one() -> None:
    assert issubclass(StoreUnavailable, ConnectionError), "or events would be buried in a long outage"
