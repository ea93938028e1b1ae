"""Documents as answers, also those that wait for half of their events."""

from lamplighter_contracts.events import ExecutionStatus
from lamplighter_history.records import execution_record, job_summary, recorded_batch
from tests.support.happenings import NOON, at, execution


def test_an_execution_of_which_only_a_step_is_known() -> None:
    record = execution_record(
        {
            "_id": execution(3),
            "state": {"seq": 0, "status": "queued"},
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
