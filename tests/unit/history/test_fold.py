"""What each event means, as writes; and that a batch has at most one write a document."""

from datetime import timedelta

import pytest

from lamplighter_contracts.events import ExecutionStatus, SkipReason
from lamplighter_contracts.jobs import Executor, SmartExecutor, TeamExecutor
from lamplighter_history.fold import Folded, fold
from lamplighter_history.folds.executions import STEPS_KEPT
from lamplighter_history.writes import Collection, Entry, Insert, Retention, Upsert, Write
from tests.support.happenings import (
    NOON,
    at,
    cancelling,
    due,
    execution,
    finished,
    log_batch,
    skipped,
    started,
    step,
)

KEPT = Retention(executions=timedelta(days=365), occurrences=timedelta(days=300), logs=timedelta(days=30))


def folded(*events: tuple[int, Folded]) -> list[Write]:
    return fold([Entry(event, sequence, NOON) for sequence, event in events], KEPT)


def the_upsert(*events: tuple[int, Folded]) -> Upsert:
    [write] = [write for write in folded(*events) if isinstance(write, Upsert)]
    return write


def the_insert(*events: tuple[int, Folded]) -> Insert:
    [write] = [write for write in folded(*events) if isinstance(write, Insert)]
    return write


def test_a_due_event_says_what_the_job_was_and_that_it_waits() -> None:
    assert the_upsert((5, due(payload={"a.b": 1, "$c": 2**70}))) == Upsert(
        Collection.EXECUTIONS,
        execution(),
        {
            "job_id": "nightly-7f3a",
            "job_name": "Nightly report",
            "job_revision": 7,
            "prompt": "Write the report",
            "executor_kind": "agent",
            "executor_id": "writer",
            "environment": "default",
            "firing": {
                "kind": "schedule",
                "key": "0",
                "nominal_at": NOON,
                "triggered_by": "",
                "payload": '{"a.b":1,"$c":1180591620717411303424}',
            },
            "created_at": at(0.25),
        },
        {"state": {"seq": 0, "status": "queued"}},
    )


@pytest.mark.parametrize(
    ("executor", "kind", "executor_id"),
    [(TeamExecutor(team_id="crew"), "team", "crew"), (SmartExecutor(), "smart", "")],
)
def test_who_runs_it(executor: Executor, kind: str, executor_id: str) -> None:
    facts = the_upsert((5, due(executor=executor))).facts
    assert (facts["executor_kind"], facts["executor_id"]) == (kind, executor_id)


def test_every_due_and_every_skipped_occurrence_has_its_record() -> None:
    fired, passed_over = (
        the_insert((5, due(1))).document,
        the_insert((6, skipped(2, reason=SkipReason.PAUSED))).document,
    )
    assert (fired["_id"], fired["outcome"], fired["count"]) == (execution(1), "fired", 1)
    assert (passed_over["_id"], passed_over["outcome"]) == (execution(2), "skipped")
    assert (passed_over["reason"], passed_over["detail"]) == ("paused", "the one before still runs")
    assert fired["expires_at"] == passed_over["expires_at"] == NOON + KEPT.occurrences


@pytest.mark.parametrize(
    ("event", "status", "expires"),
    [
        (started(), "running", False),
        (cancelling(), "cancelling", False),
        (finished(), "completed", True),
        (finished(outcome=ExecutionStatus.FAILED), "failed", True),
        (finished(outcome=ExecutionStatus.CANCELLED), "cancelled", True),
    ],
)
def test_a_transition_is_the_state_and_only_a_final_one_expires(
    event: Folded, status: str, expires: bool
) -> None:
    state = the_upsert((9, event)).latest["state"]
    assert next(iter(state)) == "seq", "MongoDB compares the first field first"
    assert (state["seq"], state["status"]) == (9, status)
    assert state.get("expires_at") == (NOON + KEPT.executions if expires else None)


def test_each_attempt_has_a_place_of_its_own() -> None:
    latest = the_upsert((9, started(attempt=2)), (4, started(attempt=1))).latest
    assert latest["attempts.1"]["worker"] == "worker-1"
    assert latest["attempts.2"]["worker"] == "worker-2"
    assert latest["state"]["seq"] == 9


def test_who_asked_for_the_end_is_kept_beyond_it() -> None:
    latest = the_upsert((9, cancelling()), (10, finished())).latest
    assert latest["cancel"] == {"seq": 9, "at": at(8), "by": "ada"}


def test_steps_beyond_the_bound_are_only_counted() -> None:
    latest = the_upsert((8, step(STEPS_KEPT)), (9, step(STEPS_KEPT + 1)), (10, step(STEPS_KEPT + 2))).latest
    assert f"steps.1-{STEPS_KEPT}.started" in latest
    assert f"steps.1-{STEPS_KEPT + 1}.started" not in latest
    assert latest["steps_beyond.1"] == {"seq": STEPS_KEPT + 2}


def test_a_log_batch_is_a_chunk_of_its_own() -> None:
    document = the_insert((77, log_batch("a", "b\x00", first=5, attempt=2))).document
    assert document["_id"] == f"{execution()}:{77:020d}"
    assert (document["first_line"], document["last_line"], document["attempt"]) == (5, 6, 2)
    assert [line["text"] for line in document["lines"]] == ["a", "b\x00"]
    assert document["expires_at"] == NOON + KEPT.logs


def test_a_batch_has_one_write_a_document() -> None:
    life: list[tuple[int, Folded]] = [
        (1, due()),
        (3, started()),
        (4, finished()),
        (2, due(1)),
        (5, started(1)),
    ]
    writes = folded(*life, *life)
    assert sorted((write.collection, write.document_id) for write in writes) == sorted(
        (collection, execution(number))
        for collection in (Collection.EXECUTIONS, Collection.OCCURRENCES)
        for number in (0, 1)
    )
