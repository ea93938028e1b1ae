"""A decision as messages: subjects, guards, lifetimes, and what fits one batch."""

from datetime import timedelta

import pytest

from lamplighter_contracts import envelope, subjects
from lamplighter_contracts.events import JobDue, JobSkipped, SkipReason, TriggerDecided
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_runtime.messages import Message
from lamplighter_runtime.publishing import BATCH_LIMIT
from lamplighter_scheduler.decisions import Asked, Decision, Situation, decide
from lamplighter_scheduler.firings import BATCH_BYTES, Planned, batches
from lamplighter_scheduler.handlers import MOST
from lamplighter_scheduler.records import at as schedule_words
from lamplighter_scheduler.records import messages, timer
from tests.unit.scheduler.examples import JOB_ID, at, job, situation, trigger

NOW = at("09:00:00.120")


def told(standing: Situation, asked: Asked) -> list[Message]:
    return messages(standing, decide(standing, asked, NOW), NOW)


def test_a_due_trigger_is_an_event_a_mark_and_the_gate() -> None:
    due, mark, gate = told(situation(job(queue="inside")), Asked(JOB_ID, triggers=(trigger("k"),)))

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
    skipped, mark = told(situation(job(), running="a"), Asked(JOB_ID, triggers=(trigger("k"),)))

    assert (skipped.subject, skipped.message_id) == (f"job.skipped.{JOB_ID}", "execution-of-k:skipped")
    event = envelope.read(JobSkipped, skipped.body, dict(skipped.headers))
    assert (event.reason, event.job_revision, event.firing.key) == (SkipReason.OVERLAP, 7, "k")
    assert envelope.read(TriggerDecided, mark.body, dict(mark.headers)).detail == event.detail


def test_a_scheduled_occurrence_needs_no_mark_and_an_allowing_job_no_gated_header() -> None:
    asked = Asked(JOB_ID, ticked=True)
    due, gate = told(situation(job("0 9 * * *", overlap="allow"), cursor="1T09:00"), asked)
    assert envelope.GATED_HEADER not in due.headers
    assert Gate.model_validate_json(gate.body).cursor == at("09:00")


@pytest.mark.parametrize("standing", [situation(job()), situation(None)])
def test_nothing_decided_is_nothing_said(standing: Situation) -> None:
    assert told(standing, Asked(JOB_ID, ticked=True, ended=frozenset({"unknown"}))) == []


def test_a_trigger_of_no_known_job_is_recorded_with_what_it_says() -> None:
    skipped, _ = told(situation(None), Asked(JOB_ID, triggers=(trigger("k"),)))
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


def test_what_one_job_can_be_asked_at_a_time_fits_one_batch() -> None:
    burst = Asked(JOB_ID, triggers=tuple(trigger(f"k{n}") for n in range(MOST)))
    outage: Job = job("* * * * *")
    assert len(told(situation(job()), burst)) <= BATCH_LIMIT
    assert len(told(situation(outage, cursor="1T00:00"), Asked(JOB_ID, ticked=True))) <= BATCH_LIMIT
