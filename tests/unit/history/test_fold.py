"""What each event means, as writes; and that a batch has at most one write a document."""

from datetime import timedelta

import pytest

from lamplighter_contracts.events import SkipReason, outcome_of
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.jobs import Executor, SmartExecutor, TeamExecutor
from lamplighter_contracts.policies import Constraints, Effect, Verdict
from lamplighter_contracts.reasons import Blocked
from lamplighter_history.fold import Folded, fold, may_have_been_blocked, may_have_waited
from lamplighter_history.folds.bounds import STEPS_KEPT, kept
from lamplighter_history.folds.executions import waited_in_vain
from lamplighter_history.folds.occurrences import never_began
from lamplighter_history.writes import Collection, Document, Entry, Insert, Retention, Upsert, Write
from tests.support.happenings import (
    NOON,
    answered,
    at,
    backfill,
    blocked,
    cancelling,
    chosen,
    decided,
    due,
    execution,
    finished,
    firing,
    forwarded,
    log_batch,
    queued,
    retrying,
    skipped,
    started,
    step,
    verdict,
    waiting,
)

KEPT = Retention(
    executions=timedelta(days=365),
    occurrences=timedelta(days=300),
    logs=timedelta(days=30),
    bodies=timedelta(days=20),
)


def folded(*events: tuple[int, Folded]) -> list[Write]:
    return fold([Entry(event, sequence, NOON) for sequence, event in events], KEPT)


def the_upsert(*events: tuple[int, Folded], into: Collection = Collection.EXECUTIONS) -> Upsert:
    [write] = [write for write in folded(*events) if write.collection is into]
    assert isinstance(write, Upsert)
    return write


def the_ruling(*events: tuple[int, Folded]) -> Document:
    return the_upsert(*events, into=Collection.OCCURRENCES).latest["ruling"]


def the_insert(*events: tuple[int, Folded]) -> Insert:
    [write] = [write for write in folded(*events) if isinstance(write, Insert)]
    return write


def test_a_due_event_says_what_the_job_was_and_that_it_waits() -> None:
    assert the_upsert((5, due(payload={"a.b": 1, "$c": 2**70}))) == Upsert(
        Collection.EXECUTIONS,
        execution(),
        {
            "job_id": "nightly-7f3a",
            "project": "default",
            "job_name": "Nightly report",
            "job_revision": 7,
            "prompt": "Write the report",
            "executor_kind": "agent",
            "executor_id": "writer",
            "environment": "default",
            "created_at": at(0.25),
        },
        {
            "state": {"seq": -1, "status": "queued"},
            "firing": {
                "seq": 1,
                "kind": "schedule",
                "key": "0",
                "nominal_at": NOON,
                "triggered_by": "",
                "payload": '{"a.b":1,"$c":1180591620717411303424}',
            },
        },
    )


def test_the_prompt_is_the_rendered_one() -> None:
    rendered = due(prompt="Write {{ thing }}").model_copy(update={"prompt": "Write the report"})
    assert the_upsert((5, rendered)).facts["prompt"] == "Write the report"


def test_what_is_special_of_a_firing_is_kept() -> None:
    special = firing().model_copy(update={"effective_at": at(30), "caught_up": True, "backfill_id": "b"})
    kept = the_upsert((5, due().model_copy(update={"firing": special}))).latest["firing"]
    assert (kept["effective_at"], kept["caught_up"], kept["backfill_id"]) == (at(30), True, "b")


@pytest.mark.parametrize(
    ("executor", "kind", "executor_id"),
    [(TeamExecutor(team_id="crew"), "team", "crew"), (SmartExecutor(), "smart", "")],
)
def test_who_runs_it(executor: Executor, kind: str, executor_id: str) -> None:
    facts = the_upsert((5, due(executor=executor))).facts
    assert (facts["executor_kind"], facts["executor_id"]) == (kind, executor_id)


def test_a_fired_occurrence_has_its_record() -> None:
    assert the_upsert((5, due(1)), into=Collection.OCCURRENCES) == Upsert(
        Collection.OCCURRENCES,
        execution(1),
        {"job_id": "nightly-7f3a", "project": "default"},
        {
            "ruling": {
                "seq": [1, 5],
                "outcome": "fired",
                "firing": {"kind": "schedule", "key": "1", "nominal_at": at(1), "triggered_by": ""},
                "decided_at": at(1.25),
                "expires_at": NOON + KEPT.occurrences,
            }
        },
    )


@pytest.mark.parametrize("reason", SkipReason)
def test_a_skipped_occurrence_has_the_outcome_of_its_reason(reason: SkipReason) -> None:
    ruling = the_ruling((6, skipped(2, reason=reason)))
    assert ruling["outcome"] == outcome_of(reason)
    assert (ruling["reason"], ruling["detail"]) == (reason, "the one before still runs")
    assert (ruling["count"], "first_at" in ruling) == (1, False)
    assert ruling["expires_at"] == NOON + KEPT.occurrences


def test_a_record_that_stands_for_several_says_since_when() -> None:
    several = skipped(60).model_copy(update={"count": 61, "first_at": NOON})
    ruling = the_ruling((6, several))
    assert (ruling["count"], ruling["first_at"], ruling["firing"]["nominal_at"]) == (61, NOON, at(60))


def test_an_occurrence_that_waits_is_in_the_ledger_and_is_not_forgotten() -> None:
    record = the_upsert((6, queued(2)), into=Collection.OCCURRENCES)
    assert record.latest["queued"] == {"seq": 6, "at": at(2.125)}
    ruling = record.latest["ruling"]
    assert (ruling["outcome"], ruling["detail"]) == ("queued", "waits for the end of the one before")
    assert "expires_at" not in ruling


@pytest.mark.parametrize("final", [due(2), skipped(2)])
def test_what_became_of_it_stays_also_where_it_was_published_earlier(final: Folded) -> None:
    events: list[tuple[int, Folded]] = [(5, final), (6, queued(2))]
    for order in (events, events[::-1]):
        assert the_ruling(*order)["seq"] == [1, 5]


def test_an_execution_that_waits_has_what_is_known_of_it() -> None:
    waiting = the_upsert((6, queued(2, payload={"a": 1})))
    assert waiting.facts == {"job_id": "nightly-7f3a", "project": "default"}
    assert waiting.latest["state"] == {"seq": -1, "status": "queued"}
    assert waiting.latest["queued"] == {
        "seq": 6,
        "at": at(2.125),
        "detail": "waits for the end of the one before",
    }
    assert waiting.latest["firing"]["payload"] == '{"a":1}'


def test_a_skipped_occurrence_makes_no_execution() -> None:
    assert [write.collection for write in folded((6, skipped()))] == [Collection.OCCURRENCES]


def test_the_end_of_one_that_waited_in_vain() -> None:
    record = the_upsert((6, queued()), (7, skipped(reason=SkipReason.REPLACED)), into=Collection.OCCURRENCES)
    found = {"_id": record.document_id, **record.facts, **record.latest}
    end = waited_in_vain(found, KEPT.executions)
    assert (end.document_id, end.facts) == (execution(), {"job_id": "nightly-7f3a", "project": "default"})
    assert end.latest["state"] == {
        "seq": 0,
        "status": "cancelled",
        "finished_at": at(0.25),
        "reason": "replaced",
        "detail": "the one before still runs",
        "expires_at": at(0.25) + KEPT.executions,
    }


def test_the_ledger_is_asked_only_for_those_that_wait_or_are_skipped() -> None:
    events: list[Folded] = [due(1), queued(2), started(3), skipped(4), log_batch("a"), backfill()]
    assert may_have_waited([Entry(event, 1, NOON) for event in events]) == [execution(2), execution(4)]


def test_how_a_backfill_stands() -> None:
    begun = the_upsert((6, backfill()), into=Collection.BACKFILLS)
    assert begun.facts == {
        "job_id": "nightly-7f3a",
        "project": "default",
        "after_at": at(-3_600),
        "until_at": NOON,
        "max_parallel": 2,
        "requested_at": NOON,
        "requested_by": "ada",
    }
    assert begun.latest["state"] == {"seq": [0, 6], "phase": "started", "fired": 0}


@pytest.mark.parametrize("phase", ["completed", "cancelled"])
def test_the_end_of_a_backfill_stays_also_where_it_was_published_earlier(phase: str) -> None:
    over = the_upsert((5, backfill(phase)), (6, backfill()), into=Collection.BACKFILLS)
    assert over.latest["state"] == {
        "seq": [1, 5],
        "phase": phase,
        "fired": 12,
        "ended_at": at(60),
        "expires_at": NOON + KEPT.executions,
    }


@pytest.mark.parametrize(
    ("event", "status", "expires"),
    [
        (started(), "running", False),
        (cancelling(), "cancelling", False),
        (finished(), "completed", True),
        (finished(outcome=ExecutionStatus.FAILED), "failed", True),
        (finished(outcome=ExecutionStatus.CANCELLED), "cancelled", True),
        (blocked(), "blocked", True),
        (retrying(), "retrying", False),
        (waiting(), "waiting_for_input", False),
        (answered(), "queued", False),
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


def test_of_later_attempts_less_is_kept() -> None:
    assert (kept(STEPS_KEPT, 0), kept(STEPS_KEPT, 1), kept(STEPS_KEPT, 20)) == (500, 500, 100)
    latest = the_upsert((8, step(101, attempt=2)), (9, decided(41, attempt=2))).latest
    assert (latest["steps_beyond.2"], latest["decisions_beyond.2"]) == ({"seq": 101}, {"seq": 41})


def test_a_due_event_that_goes_on_says_where_to_and_to_whom() -> None:
    [write] = folded((7, forwarded()))
    assert isinstance(write, Upsert)
    assert write.collection is Collection.EXECUTIONS, "the ledger has the one before it"
    assert write.facts == {"job_id": "nightly-7f3a", "project": "default"}, "the record has the rest"
    assert write.latest["forwarded"] == {"seq": 7, "environment": "far"}
    assert write.latest["choice"]["seq"] == [0, 7]
    assert the_upsert((900, forwarded()), (5, chosen())).latest["choice"]["seq"] == [1, 5]


def test_the_ledger_is_asked_of_those_that_are_due_and_those_that_never_began() -> None:
    events: list[Folded] = [due(1), queued(2), blocked(3), finished(4), skipped(5), log_batch("a")]
    found = may_have_been_blocked([Entry(event, 1, NOON) for event in events])
    assert found == [execution(1), execution(3)]


@pytest.mark.parametrize("reason", Blocked)
def test_what_never_began_is_ruled_upon_once_more(reason: Blocked) -> None:
    ledger = the_upsert((5, due()), into=Collection.OCCURRENCES)
    end = the_upsert((9, blocked(reason=reason))).latest["state"]
    again = never_began({"_id": execution(), **ledger.facts, **ledger.latest}, end, KEPT.occurrences)
    ruling = again.latest["ruling"]
    outcomes = {Blocked.POLICY: ("skipped", "policy"), Blocked.APPROVAL: ("skipped", "approval")}
    assert (ruling["outcome"], ruling["reason"]) == outcomes.get(reason, ("blocked", "blocked"))
    assert next(iter(ruling)) == "seq"
    assert ruling["seq"] == [2, 9]
    assert ruling["seq"] > ledger.latest["ruling"]["seq"]
    assert (ruling["detail"], ruling["decided_at"]) == ("the agent 'writer' is not active", at(9))
    assert ruling["firing"] == ledger.latest["ruling"]["firing"]
    assert ruling["expires_at"] == at(9) + KEPT.occurrences


def test_a_long_verdict_is_cut_to_what_made_it_what_it_is() -> None:
    deny = verdict(Effect.DENY, "x" * 500).applied
    allow = verdict(Effect.ALLOW, "y" * 500).applied
    limits = Constraints(max_tokens=5)
    many = Verdict(effect=Effect.DENY, applied=(*allow * 100, *deny * 100), constraints=limits)
    text = the_upsert((5, decided(verdict=many))).latest["decisions.1-1"]["verdict"]
    short = Verdict.model_validate_json(text)
    assert len(text) < 3_000
    assert (short.effect, short.constraints.max_tokens) == (Effect.DENY, 5)
    assert {one.effect for one in short.applied} == {Effect.DENY}
