"""Documents as answers, also those that wait for half of their events."""

from datetime import timedelta
from typing import Any

import pytest

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.executions import ApprovalState, ExecutionStatus
from lamplighter_contracts.jobs import SmartExecutor, TeamExecutor
from lamplighter_contracts.usage import Usage
from lamplighter_history.fold import Folded, fold
from lamplighter_history.folds.bounds import DECISIONS_KEPT
from lamplighter_history.particulars import approval_records
from lamplighter_history.records import (
    backfill_record,
    execution_record,
    job_summary,
    nearest,
    recorded_batch,
    typical_seconds,
)
from lamplighter_history.writes import Collection, Entry, Retention, Upsert
from tests.support.happenings import (
    JOB,
    NOON,
    answered,
    approval,
    at,
    chosen,
    decided,
    due,
    effects,
    execution,
    finished,
    forwarded,
    retrying,
    started,
    step,
    waiting,
)


def test_an_execution_of_which_only_a_step_is_known() -> None:
    record = execution_record(
        {
            "_id": execution(3),
            "state": {"seq": -1, "status": "queued"},
            "steps": {
                "1-10": {"started": {"name": "b", "at": at(2)}},
                "1-9": {"finished": {"name": "a", "at": at(1)}},
            },
            "steps_beyond": {"1": {"seq": 503}, "2": {"seq": 101}},
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


def document(*events: Folded) -> dict[str, Any]:
    """The execution's, as MongoDB would have it after these."""
    kept = Retention(*[timedelta(days=300)] * 4)
    entries = [Entry(event, sequence, NOON) for sequence, event in enumerate(events, 1)]
    [write] = [w for w in fold(entries, kept) if w.collection is Collection.EXECUTIONS]
    assert isinstance(write, Upsert)
    made: dict[str, Any] = {"_id": write.document_id, **write.facts}
    for path, value in write.latest.items():
        *folders, name = path.split(".")
        place = made
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return made


def test_attempts_say_why_another_followed() -> None:
    lost = started(attempt=3, deaths=1)
    record = execution_record(
        document(due(), started(), retrying(), started(attempt=2), lost, started(attempt=4, deaths=1))
    )
    assert [(a.attempt, a.reason, a.failed_at) for a in record.attempts] == [
        (1, "unavailable", at(5)),
        (2, "lost", None),
        (3, "handed_back", None),
        (4, "", None),
    ]
    assert record.attempts[0].detail == "The model answered 503."


def test_attempts_of_an_earlier_version_say_nothing_of_it() -> None:
    told = {"seq": 1, "worker": "w", "started_at": NOON}
    state = {"seq": 2, "status": "running"}
    record = execution_record({"_id": execution(), "state": state, "attempts": {"1": told, "2": told}})
    assert [attempt.reason for attempt in record.attempts] == ["", ""]


def test_one_that_is_tried_again_says_when_and_what_it_has_used() -> None:
    record = execution_record(document(due(), started(), retrying()))
    assert (record.status, record.not_before, record.reason) == ("retrying", at(15), "unavailable")
    assert record.usage.input_tokens == 100
    again = execution_record(
        document(due(), started(), retrying(), started(attempt=2, usage=Usage(cost=0.5)))
    )
    assert (again.status, again.not_before, again.reason, again.usage.cost) == ("running", None, "", 0.5)


def test_one_that_was_parked_began_when_it_first_did() -> None:
    record = execution_record(
        document(
            due(), started(), waiting(), answered(), started(resumed=True, worker="w", started_at=at(60))
        )
    )
    assert record.started_at == at(1)
    assert [(a.attempt, a.worker) for a in record.attempts] == [(1, "w")]
    assert record.approvals[0].answered_by == "ada"


def test_one_that_was_parked_before_it_began() -> None:
    record = execution_record(document(due(), waiting(attempt=0), started(resumed=True)))
    assert [(a.attempt, a.started_at) for a in record.attempts] == [(1, at(1))]


def test_who_did_it_and_where_and_by_which_policies() -> None:
    record = execution_record(document(due(executor=SmartExecutor())))
    assert (record.agent_id, record.team_id, record.environment) == ("", "", "default")
    record = execution_record(document(due(executor=TeamExecutor(team_id="crew"))))
    assert (record.agent_id, record.team_id) == ("", "crew")
    assert execution_record(document(due())).agent_id == "writer"
    first = due(executor=SmartExecutor())
    there = document(first, forwarded())
    assert execution_record(there).environment == "far"
    begun = started(agent_id="painter", environment="farther", policy_hash="feed")
    record = execution_record(document(first, forwarded(), begun))
    assert (record.agent_id, record.environment, record.policy_hash) == ("painter", "farther", "feed")


def test_whom_it_was_given_to_and_why() -> None:
    record = execution_record(document(due(), chosen()))
    assert record.choice is not None
    assert (record.choice.chosen, [c.agent_id for c in record.choice.candidates]) == (
        *("writer", ["writer", "sleeper"]),
    )
    assert record.choice.candidates[1].removed_by == "inactive"
    listed = document(due(), chosen())
    del listed["choice"]["candidates"]
    shown = execution_record(listed).choice
    assert shown is not None
    assert (shown.reason, shown.candidates) == ("writer knows reports best.", ())


def test_decisions_are_in_order_and_those_that_are_too_many_counted() -> None:
    many: list[Folded] = [decided(n, attempt=1) for n in range(DECISIONS_KEPT + 3, 0, -1)]
    record = execution_record(document(due(), *many, decided(1, attempt=2)))
    assert len(record.decisions) == DECISIONS_KEPT
    assert [d.number for d in record.decisions[:3]] == [1, 2, 3]
    assert record.decisions_omitted == 3 + 1
    assert record.decisions[0].verdict.reason == "no shell at night"
    assert (record.decisions[0].tool, record.decisions[0].action) == ("shell", "tool.call")


def test_effects_are_those_that_the_last_event_tells() -> None:
    record = execution_record(document(due(), effects("shell"), effects("shell", "http", omitted=4)))
    assert ([e.name for e in record.effects], record.effects_omitted) == (["shell", "http"], 4)


def test_a_step_is_told_from_its_beginning_to_its_end() -> None:
    call: dict[str, Any] = {"kind": "tool", "source": "writer", "arguments": '{"a":1}'}
    end: dict[str, Any] = {
        **call,
        "arguments": "",
        "result": "no",
        "failed": True,
        "usage": {"input_tokens": 3},
    }
    record = execution_record(document(due(), step(1, **call), step(1, "finished", **end)))
    [told] = record.steps
    assert (told.kind, told.source, told.arguments, told.result) == ("tool", "writer", '{"a":1}', "no")
    assert told.failed
    assert told.usage is not None
    assert (told.usage.input_tokens, told.started_at, told.finished_at) == (3, at(1), at(1.5))


def test_an_approval_is_as_the_last_event_has_it() -> None:
    cancelled = (approval(state=ApprovalState.CANCELLED),)
    end = finished(outcome=ExecutionStatus.CANCELLED, approvals=cancelled)
    states = [
        [one.state for one in execution_record(document(due(), *events)).approvals]
        for events in ([waiting()], [waiting(), end], [waiting(), started(attempt=2)])
    ]
    assert states == [["pending"], ["cancelled"], ["pending"]]


def test_an_answered_approval_stays_as_it_was_answered() -> None:
    record = execution_record(document(due(), answered(), finished()))
    assert [one.state for one in record.approvals] == [ApprovalState.APPROVED]


def test_approvals_are_listed_newest_first_and_by_their_state() -> None:
    word: dict[str, Any] = {"state": ApprovalState.DENIED, "answered_at": at(9)}
    two = (approval(1, 1, **word), approval(1, 2, requested_at=at(50)))
    found = [document(due(), waiting()), document(due(1), waiting(1, approvals=two))]
    every = approval_records(found, ())
    assert [one.approval.approval_id[-2:] for one in every] == ["-2", "-1", "-1"]
    assert {one.job_name for one in every} == {"Nightly report"}
    [denied] = approval_records(found, (ApprovalState.DENIED,))
    assert denied.execution_id == execution(1)
