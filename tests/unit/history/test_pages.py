"""Cursors and sizes of answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.choices import Candidate
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.policies import PolicyAction
from lamplighter_contracts.queries import DecisionRecord, ExecutionRecord, StepRecord
from lamplighter_history.cursors import (
    InvalidQuery,
    Place,
    cursor_after,
    cursor_after_place,
    read_cursor,
    read_place,
)
from lamplighter_history.pages import PAGE_BYTES, RECORD_BYTES, Page, fitting, size
from tests.support.happenings import NOON, choice, effects, execution, verdict


def record(result: str = "", steps: int = 0) -> ExecutionRecord:
    return ExecutionRecord(
        execution_id=execution(),
        job_id="a",
        status=ExecutionStatus.COMPLETED,
        created_at=NOON,
        result=result,
        steps=tuple(StepRecord(attempt=1, number=n, name="x" * 100) for n in range(steps)),
    )


@given(st.uuids())
def test_a_cursor_leads_back_to_its_execution(execution_id: object) -> None:
    assert read_cursor(cursor_after(str(execution_id))) == str(execution_id)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_leads_back_to_its_place_in_the_ledger(at: datetime, execution_id: object) -> None:
    place = Place(at.replace(microsecond=at.microsecond // 1_000 * 1_000), str(execution_id))
    assert read_place(cursor_after_place(place)) == place


NO_CURSORS = ["", "x", "AAAA", "é" * 22, "A" * 23, " " * 22, "A" * 100_000, "f" * 32]


@pytest.mark.parametrize("cursor", NO_CURSORS)
@pytest.mark.parametrize("read", [read_cursor, read_place])
def test_a_cursor_that_is_none_is_an_invalid_query(read: Callable[[str], object], cursor: str) -> None:
    with pytest.raises(InvalidQuery, match="next_cursor"):
        read(cursor)


def test_a_page_is_full_at_its_limit_but_never_empty() -> None:
    assert len(Page[ExecutionRecord]().take_all([record("x" * 2 * PAGE_BYTES)] * 2)) == 1
    page = Page[ExecutionRecord]().take_all([record("x" * 1_000)] * 1_000)
    assert PAGE_BYTES - 2_000 < sum(map(size, page)) <= PAGE_BYTES


def test_a_record_that_fits_is_whole() -> None:
    assert fitting(record("x" * 100_000, steps=10)) == record("x" * 100_000, steps=10)


def test_of_a_record_that_does_not_fit_the_steps_go_first_into_a_count() -> None:
    short = fitting(record("é" * 500_000, steps=10))
    assert size(short) < RECORD_BYTES
    assert (short.steps, short.steps_omitted) == ((), 10)
    assert set(short.result) == {"é"}


def much(texts: str = "", **fields: Any) -> ExecutionRecord:
    call = StepRecord(attempt=1, number=1, name="shell", arguments=texts, result=texts)
    return record().model_copy(update={"steps": (call,) * 2, **fields})


def test_what_a_tool_was_told_goes_before_that_it_was_called() -> None:
    short = fitting(much("x" * 300_000))
    assert [(step.name, step.arguments, step.result) for step in short.steps] == [("shell", "", "")] * 2
    assert short.steps_omitted == 0


def test_decisions_go_with_the_steps_and_candidates_after_them() -> None:
    said = DecisionRecord(attempt=1, number=1, at=NOON, action=PolicyAction.TOOL, verdict=verdict())
    picked = choice(candidates=(Candidate(agent_id="a", detail="y" * 950_000),))
    short = fitting(much(decisions=(said,) * 3, choice=picked, effects=effects(*"abc" * 10).effects))
    assert size(short) < RECORD_BYTES
    assert (short.decisions, short.decisions_omitted) == ((), 3)
    assert short.choice is not None
    assert (short.choice.chosen, short.choice.candidates) == ("writer", ())
    assert (len(short.effects), short.effects_omitted) == (20, 10)
