"""Documents as answers, also those that wait for half of their events."""

from typing import Any

import pytest

from lamplighter_contracts.events import ExecutionStatus, TriggerKind
from lamplighter_history.records import (
    backfill_record,
    execution_record,
    job_summary,
    nearest,
    recorded_batch,
    typical_seconds,
)
from tests.support.happenings import JOB, NOON, at, execution


def test_an_execution_of_which_only_a_step_is_known() -> None:
    record = execution_record(
        {
            "_id": execution(3),
            "state": {"seq": -1, "status": "queued"},
            "steps": {
                "1-10": {"started": {"name": "b", "at": at(2)}},
                "1-9": {"finished": {"name": "a", "at": at(1)}},
            },
            "steps_beyond": {"1": {"seq": 503}, "2": {"seq": 501}},
        }
    )
    assert record.status == ExecutionStatus.QUEUED
    assert record.created_at == at(3), "from the id, which holds the instant it fired"
    assert [(step.number, step.started_at, step.finished_at) for step in record.steps] == [
        (9, None, at(1)),
        (10, at(2), None),
    ]
    assert record.steps_omitted == 4
    assert record.status_sequence == 0, "a live stream begins with the first of all"


WAITING = {
    "_id": execution(3),
    "job_id": JOB,
    "state": {"seq": -1, "status": "queued"},
    "firing": {"seq": 0, "kind": "manual", "key": "k", "nominal_at": at(3), "payload": '{"a":1}'},
    "queued": {"seq": 5, "at": at(4), "detail": "waits for another"},
}


def test_an_execution_that_waits() -> None:
    record = execution_record(WAITING)
    assert (record.status, record.created_at) == (ExecutionStatus.QUEUED, at(4))
    assert record.detail == "waits for another"
    assert record.firing is not None
    assert (record.firing.kind, record.firing.payload) == (TriggerKind.MANUAL, {"a": 1})


def test_an_execution_that_waited_no_longer_says_for_what() -> None:
    record = execution_record(WAITING | {"created_at": at(60), "job_name": "Nightly report"})
    assert (record.created_at, record.detail) == (at(4), "")


def test_the_end_of_an_execution_that_waited_says_why() -> None:
    state = {"seq": 0, "status": "cancelled", "reason": "replaced", "detail": "why", "finished_at": at(9)}
    record = execution_record(WAITING | {"state": state})
    assert (record.status, record.reason, record.detail) == (ExecutionStatus.CANCELLED, "replaced", "why")


def ruled(seconds: int, kind: str) -> dict[str, object]:
    firing = {"kind": kind, "key": f"{kind} {seconds}", "nominal_at": at(seconds)}
    ruling = {"outcome": "fired", "firing": firing, "decided_at": at(seconds)}
    return {"_id": execution(seconds), "job_id": JOB, "ruling": ruling}


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([], None),
        ([ruled(5, "backfill"), ruled(5, "schedule"), ruled(6, "schedule")], "schedule 5"),
        ([ruled(5, "backfill"), ruled(5, "manual"), ruled(6, "schedule")], "backfill 5"),
    ],
)
def test_the_nearest_is_the_schedules_own_where_there_are_several(
    found: list[dict[str, object]], wanted: str | None
) -> None:
    record = nearest(found)
    assert (record.key if record is not None else None) == wanted


@pytest.mark.parametrize(("told", "seen", "fired"), [(0, 5, 5), (12, 5, 12), (0, 0, 0)])
def test_a_backfill_has_fired_what_was_told_or_what_is_seen(told: int, seen: int, fired: int) -> None:
    found = {
        "_id": "fill-1",
        "job_id": JOB,
        "after_at": at(-60),
        "until_at": NOON,
        "max_parallel": 1,
        "requested_at": NOON,
        "requested_by": "ada",
        "state": {"seq": [0, 1], "phase": "started", "fired": told},
    }
    executions = {ExecutionStatus.COMPLETED: seen} if seen else {}
    record = backfill_record(found, executions)
    assert (record.fired, record.executions, record.ended_at) == (fired, executions, None)


def test_typical_is_the_median_and_never_negative() -> None:
    found: list[dict[str, Any]] = [
        {"_id": "even", "milliseconds": [1_000, 9_000, 2_000, 3_000]},
        {"_id": "odd", "milliseconds": [7_500, 100, 900_000]},
        {"_id": "clocks-apart", "milliseconds": [-40]},
        {"_id": "nothing-ended", "milliseconds": []},
    ]
    assert typical_seconds(found) == {"even": 2.5, "odd": 7.5, "clocks-apart": 0.0}


def test_attempts_are_in_their_order_and_the_first_is_the_start() -> None:
    attempts = {
        str(number): {"seq": number, "worker": f"w{number}", "started_at": at(number)}
        for number in (10, 2, 1)
    }
    record = execution_record(
        {"_id": execution(), "job_id": "a", "state": {"seq": 9, "status": "running"}, "attempts": attempts}
    )
    assert [attempt.attempt for attempt in record.attempts] == [1, 2, 10]
    assert (record.started_at, record.status_sequence) == (at(1), 9)


def test_of_a_chunk_only_the_lines_asked_for() -> None:
    lines = [{"number": n, "at": NOON, "stream": "stdout", "text": str(n), "source": ""} for n in (4, 5, 6)]
    batch = recorded_batch({"sequence": 8, "attempt": 2, "lines": lines}, from_line=5)
    assert [(line.attempt, line.text) for line in batch.lines] == [(2, "5"), (2, "6")]


def test_a_summary_before_the_due_event_is_there() -> None:
    summary = job_summary({"_id": "a", "execution_id": execution(3), "status": "running", "created_at": None})
    assert summary.last_run_at == at(3)
