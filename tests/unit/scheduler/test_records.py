"""A decision as messages: subjects, guards, lifetimes, and what fits one batch."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import (
    BackfillRequested,
    JobBackfill,
    JobDue,
    JobQueued,
    JobSkipped,
    SkipReason,
    TriggerDecided,
    TriggerKind,
    Trust,
)
from lamplighter_contracts.gates import Gate
from lamplighter_planning.decisions import decide
from lamplighter_planning.rulings import Asked, Decision, Situation
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import BATCH_LIMIT
from lamplighter_scheduler.firings import BATCH_BYTES, Planned, batches
from lamplighter_scheduler.handlers import MOST
from lamplighter_scheduler.records import at as schedule_words
from lamplighter_scheduler.records import messages, timer
from tests.support.situations import JOB_ID, TICK, at, ended, job, manual, situation, trigger, waits

NOW = at("09:00:00.120")
ALLOW, QUEUE_ALL = {"overlap": "allow"}, {"overlap": "queue_all"}


def told(standing: Situation, asked: Asked) -> list[Message]:
    return messages(standing, decide(standing, asked, NOW), NOW)


def test_a_due_trigger_is_an_event_a_mark_and_the_gate() -> None:
    due, mark, gate = told(situation(job(queue="inside")), manual("k"))

    assert due.subject == f"job.due.inside.{JOB_ID}"
    assert (due.message_id, due.ttl) == ("execution-of-k", timedelta(hours=72))
    event = envelope.read(JobDue, due.body, dict(due.headers))
    assert (event.execution_id, event.job.revision, event.gated, event.decided_at) == (
        "execution-of-k", 7, True, NOW,
    )  # fmt: skip
    assert due.headers[envelope.GATED_HEADER] == "1"

    assert (mark.subject, mark.expected, mark.ttl) == (subjects.decided(JOB_ID, "k"), 0, timedelta(hours=72))
    assert envelope.read(TriggerDecided, mark.body, dict(mark.headers)).outcome == "due"

    assert (gate.subject, gate.expected, gate.rollup) == (subjects.gate(JOB_ID), 3, True)
    assert list(Gate.model_validate_json(gate.body).running) == ["execution-of-k"]


def test_a_skipped_trigger_has_an_event_and_a_mark_with_the_reason() -> None:
    skipped, mark = told(situation(job(), running="a"), manual("k"))

    assert (skipped.subject, skipped.message_id) == (f"job.skipped.{JOB_ID}", "execution-of-k:skipped")
    event = envelope.read(JobSkipped, skipped.body, dict(skipped.headers))
    assert (event.reason, event.job_revision, event.firing.key) == (SkipReason.OVERLAP, 7, "k")
    assert envelope.read(TriggerDecided, mark.body, dict(mark.headers)).detail == event.detail


def test_a_scheduled_occurrence_needs_no_mark_and_an_allowing_job_no_gated_header() -> None:
    due, gate = told(situation(job("0 9 * * *", concurrency=ALLOW), cursor="1T09:00"), TICK)
    assert envelope.GATED_HEADER not in due.headers
    assert Gate.model_validate_json(gate.body).cursor == at("09:00")


@pytest.mark.parametrize("standing", [situation(job()), situation(None)])
def test_nothing_decided_is_nothing_said(standing: Situation) -> None:
    assert told(standing, replace(TICK, ended=ended("unknown").ended)) == []


def test_a_trigger_that_waits_is_an_event_a_mark_and_the_gate() -> None:
    queued, mark, gate = told(situation(job(concurrency=QUEUE_ALL), running="a"), manual("k"))

    assert (queued.subject, queued.message_id) == (f"job.queued.{JOB_ID}", "execution-of-k:queued")
    event = envelope.read(JobQueued, queued.body, dict(queued.headers))
    assert (event.execution_id, event.job_revision, event.firing.key) == ("execution-of-k", 7, "k")
    assert envelope.read(TriggerDecided, mark.body, dict(mark.headers)).outcome == "queued"
    assert mark.expected == 0
    assert [w.key for w in Gate.model_validate_json(gate.body).waiting] == ["k"]


def test_what_waited_gets_another_mark_after_the_first() -> None:
    standing = situation(job(concurrency=QUEUE_ALL), running="a", waiting=[waits("k")])
    due, mark, _ = told(standing, ended("a"))
    assert due.message_id == "execution-of-k"
    assert (mark.subject, mark.expected) == (subjects.decided(JOB_ID, "k"), None)
    assert mark.headers[envelope.ID_HEADER] == "execution-of-k:admitted"
    assert envelope.read(TriggerDecided, mark.body, dict(mark.headers)).outcome == "due"


def test_an_order_is_an_event_and_a_mark_and_each_of_its_firings_is_due_without_one() -> None:
    due, begun, mark, _ = told(situation(job("0 * * * *")), Asked(JOB_ID, orders=(order("b"),)))
    event = envelope.read(JobBackfill, begun.body, dict(begun.headers))
    assert (begun.subject, begun.message_id, event.phase) == (
        f"job.backfill.{JOB_ID}",
        "b:started",
        "started",
    )
    assert (mark.subject, mark.expected) == (subjects.decided(JOB_ID, "b"), 0)
    assert envelope.read(JobDue, due.body, dict(due.headers)).firing.backfill_id == "b"


def order(name: str, most: int = 1) -> BackfillRequested:
    return BackfillRequested(
        backfill_id=name,
        job_id=JOB_ID,
        after_at=at("00:00"),
        until_at=at("09:00"),
        total=9,
        max_parallel=most,
        requested_at=NOW,
    )


def test_a_trigger_of_no_known_job_is_recorded_with_what_it_says() -> None:
    skipped, _ = told(situation(None), manual("k"))
    event = envelope.read(JobSkipped, skipped.body, dict(skipped.headers))
    assert (event.job_id, event.job_revision, event.reason) == (JOB_ID, 0, SkipReason.DELETED)


def test_a_timer_names_its_instant_to_the_millisecond_and_its_tick() -> None:
    message = timer(JOB_ID, 7, at("09:00"), follows=5)
    assert message.subject == f"timer.job.{JOB_ID}"
    assert message.expected == 5
    assert message.headers["Nats-Schedule"] == "@at 2026-03-02T09:00:00.000Z"
    assert message.headers["Nats-Schedule-Target"] == f"tick.job.{JOB_ID}"
    assert schedule_words(NOW) == "@at 2026-03-02T09:00:00.120Z"


def planned(count: int, size: int) -> Planned:
    standing = situation(job())
    return Planned(Asked(JOB_ID), standing, Decision(), [Message("gate.x", b"x" * size)] * count, NOW)


def test_batches_keep_to_the_limits_and_to_the_order() -> None:
    by_count = [planned(400, 10) for _ in range(5)]
    assert list(batches(by_count)) == [by_count[:2], by_count[2:4], by_count[4:]]
    by_size = [planned(2, BATCH_BYTES // 5) for _ in range(4)]
    assert list(batches(by_size)) == [by_size[:2], by_size[2:]]
    assert list(batches([])) == []


BURST = tuple(trigger(f"k{n}", kind=TriggerKind.WEBHOOK, payload={"lane": str(n)}) for n in range(MOST))
LANES = [waits(f"w{n}", lane=str(n)) for n in range(MOST)]
OUTAGE = job(
    "* * * * *", missed={"policy": "all", "limit": 500, "window_seconds": 900_000}, concurrency=ALLOW
)


@pytest.mark.parametrize(
    ("standing", "asked"),
    [
        (situation(job()), Asked(JOB_ID, triggers=BURST)),
        (situation(job(concurrency=ALLOW), waiting=LANES), Asked(JOB_ID, triggers=BURST)),
        (situation(job(deleted_at=NOW), waiting=LANES), Asked(JOB_ID, triggers=BURST)),
        (
            situation(
                job(concurrency={"overlap": "replace", "key": "payload.lane"}),
                running=" ".join(f"r{n}@{n}" for n in range(MOST)),
                waiting=LANES,
            ),
            Asked(JOB_ID, triggers=BURST),
        ),
        (situation(job("* * * * *"), cursor="1T00:00"), TICK),
        (situation(OUTAGE, cursor="1T00:00", waiting=LANES), TICK),
        (situation(job(concurrency=QUEUE_ALL), waiting=LANES), ended(*(w.execution_id for w in LANES))),
        (
            situation(job("* * * * *", concurrency=QUEUE_ALL), waiting=LANES),
            Asked(JOB_ID, orders=tuple(order(f"b{n}", most=200) for n in range(50))),
        ),
    ],
    ids=["burst", "allowed", "deleted", "replacing", "outage", "catching up", "cancelled", "backfills"],
)
def test_what_one_job_can_be_asked_at_a_time_fits_one_batch(standing: Situation, asked: Asked) -> None:
    assert BATCH_LIMIT / 10 < len(told(standing, asked)) <= BATCH_LIMIT


@pytest.mark.parametrize("year", [2262, 2300, 2700, 2999])
def test_a_timer_is_never_later_than_the_server_can_count(year: int) -> None:
    """It counts nanoseconds in 64 bits, and would release a later one at once, again and again."""
    words = schedule_words(datetime(year, 12, 1, 9, tzinfo=UTC))
    assert datetime.fromisoformat(words.removeprefix("@at ")).timestamp() * 1e9 < 2**63


def test_what_was_gathered_names_the_execution_that_it_went_into() -> None:
    webhook = {"kind": TriggerKind.WEBHOOK, "gather_until": at("09:05")}
    came = tuple(trigger(key).model_copy(update=webhook) for key in "ab")
    standing = situation(job(project="payments"))
    queued, first_mark, skipped, mark, _ = told(standing, Asked(JOB_ID, triggers=came))
    first = envelope.read(JobQueued, queued.body, dict(queued.headers))
    assert (first.project, first.not_before, first.firing.trust) == ("payments", at("09:05"), Trust.EXTERNAL)
    assert envelope.read(TriggerDecided, first_mark.body, dict(first_mark.headers)).into == ""
    event = envelope.read(JobSkipped, skipped.body, dict(skipped.headers))
    assert (event.project, event.reason, event.into) == (
        "payments",
        SkipReason.COALESCED,
        "execution-of-a",
    )
    decided = envelope.read(TriggerDecided, mark.body, dict(mark.headers))
    assert (decided.outcome, decided.into, mark.expected) == ("skipped", "execution-of-a", 0)


def test_what_is_told_of_a_job_names_its_project() -> None:
    skipped, _ = told(situation(job(project="payments"), running="a"), manual("k"))
    assert envelope.read(JobSkipped, skipped.body, dict(skipped.headers)).project == "payments"
    begun = told(situation(job("0 * * * *", project="payments")), Asked(JOB_ID, orders=(order("b"),)))[1]
    assert envelope.read(JobBackfill, begun.body, dict(begun.headers)).project == "payments"
