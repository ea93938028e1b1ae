"""What the reconciler takes for broken, and what it leaves alone because it is only under way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lamplighter_contracts.executions import (
    ExecutionAnswered,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_contracts.gates import Backfill, Running
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import DUE_TTL
from lamplighter_planning.rulings import Situation
from lamplighter_runtime.latest import Last
from lamplighter_scheduler.invariants import (
    Fault,
    execution_fault,
    is_unsettled,
    timer_fault,
    waiting_fault,
)
from tests.support.situations import at, job, paused, situation, waits

DAILY = "0 9 * * *"
RIGHT, WRONG = "@at 2026-03-02T09:00:00.000Z", "@at 2026-03-02T10:00:00.000Z"


def armed(schedule: str) -> Last:
    return Last("timer.job.x", 5, {"Nats-Schedule": schedule}, b"")


@pytest.mark.parametrize(
    ("of", "timer", "now", "wanted"),
    [
        (job(DAILY), RIGHT, "08:00", None),
        (job(DAILY), None, "08:00", Fault.TIMER_MISSING),
        (job(DAILY), WRONG, "08:00", Fault.TIMER_WRONG),
        (job(DAILY), None, "09:00:05", None),
        (job(DAILY), None, "09:00:10", Fault.TIMER_MISSING),
        (job(DAILY, updated_at=at("07:59:55")), None, "08:00", None),
        (job(DAILY, updated_at=at("07:59:50")), None, "08:00", Fault.TIMER_MISSING),
        (job(DAILY, **paused()), RIGHT, "08:00", Fault.TIMER_SUPERFLUOUS),
        (job(DAILY, **paused()), None, "08:00", None),
        (job(DAILY, deleted_at=at("07:00")), RIGHT, "08:00", Fault.TIMER_SUPERFLUOUS),
        (job(), RIGHT, "08:00", Fault.TIMER_SUPERFLUOUS),
        (None, RIGHT, "08:00", Fault.TIMER_SUPERFLUOUS),
        (None, None, "08:00", None),
    ],
)
def test_a_timer_that_disagrees_with_its_job_is_a_fault(
    of: Job | None, timer: str | None, now: str, wanted: Fault | None
) -> None:
    standing = situation(of, cursor="1T09:00")
    assert timer_fault(standing, armed(timer) if timer else None, at(now)) is wanted


def test_a_gate_written_just_now_is_being_followed_by_its_timer() -> None:
    standing = replace(situation(job(DAILY), cursor="09:00"), gate_written_at=at("09:00:01"))
    assert timer_fault(standing, None, at("09:00:05")) is None
    assert timer_fault(standing, None, at("09:00:11")) is Fault.TIMER_MISSING


def test_an_instant_that_is_long_due_waits_for_no_quiet_moment() -> None:
    """The gate of a job that is started all the time is always written just now."""
    standing = replace(situation(job(DAILY), cursor="1T09:00"), gate_written_at=at("09:00:14"))
    assert timer_fault(standing, None, at("09:00:09")) is None
    assert timer_fault(standing, None, at("09:00:15")) is Fault.TIMER_MISSING


def status(of: type[ExecutionTransition]) -> Last:
    headers = {"ce-type": of.event_type, "Nats-Time-Stamp": "2026-03-02T09:00:00.123456789Z"}
    return Last("execution.x.status", 5, headers, b"")


@pytest.mark.parametrize(
    ("last", "now", "wanted"),
    [
        (status(ExecutionFinished), "09:00:05", None),
        (status(ExecutionFinished), "09:00:11", Fault.END_MISSED),
        (status(ExecutionStarted), "20T09:00", None),
        (status(ExecutionRetrying), "20T09:00", None),
        (status(ExecutionWaiting), "20T09:00", None),
        (status(ExecutionAnswered), "20T09:00", None),
        (None, "09:00:11", None),
        (None, "5T09:00", None),
        (None, "5T09:00:11", Fault.DUE_EXPIRED),
    ],
)
def test_an_execution_that_is_over_is_a_fault_in_its_gate(
    last: Last | None, now: str, wanted: Fault | None
) -> None:
    assert execution_fault(at("09:00"), last, at(now)) is wanted


def test_the_table_above_stands_on_the_lifetime_of_a_due_event() -> None:
    assert timedelta(hours=72) == DUE_TTL


QUEUE_ALL = {"overlap": "queue_all"}


def queued(of: Job | None, running: str = "", time: str = "") -> Situation:
    standing = situation(of, running=running, waiting=[waits("w", time=time)])
    return replace(standing, gate_written_at=at("08:30"))


@pytest.mark.parametrize(
    ("standing", "now", "wanted"),
    [
        (queued(job(concurrency=QUEUE_ALL), running="a"), "09:00", None),
        (queued(job(concurrency=QUEUE_ALL)), "09:00", Fault.WAITING_LEFT),
        (queued(job(concurrency=QUEUE_ALL)), "08:30:09", None),
        (queued(job(concurrency=QUEUE_ALL), time="08:59:55"), "09:00", None),
        (queued(job(concurrency=QUEUE_ALL), time="08:59:50"), "09:00", Fault.WAITING_LEFT),
        (queued(job(concurrency=QUEUE_ALL), running="a", time="08:59"), "09:00", None),
        (queued(job(deleted_at=at("08:00")), running="a"), "09:00", Fault.WAITING_LEFT),
        (queued(None, running="a"), "09:00", Fault.WAITING_LEFT),
        (replace(situation(job()), gate_written_at=at("08:30")), "09:00", None),
    ],
)
def test_what_waits_though_it_has_room_and_time_is_a_fault(
    standing: Situation, now: str, wanted: Fault | None
) -> None:
    assert waiting_fault(standing, at(now)) is wanted


@pytest.mark.parametrize(
    ("until", "wanted"),
    [("07:00", Fault.WAITING_LEFT), ("06:00", None)],
    ids=["more is left", "the last run"],
)
def test_a_backfill_is_left_where_it_has_room_and_something_to_fire(until: str, wanted: Fault | None) -> None:
    backfill = Backfill(
        backfill_id="b",
        schedules=job("0 * * * *").schedules,
        timezone="UTC",
        after_at=at("00:00"),
        until_at=at(until),
        cursor=at("06:00"),
        max_parallel=5,
        requested_at=at("08:00"),
    )
    running = {"a": Running(since=at("08:00"), backfill_id="b")}
    standing = situation(job("0 * * * *"))
    gate = standing.gate.model_copy(update={"running": running, "backfills": (backfill,)})
    standing = replace(standing, gate=gate, gate_written_at=at("08:30"))
    assert waiting_fault(standing, at("09:00")) is wanted


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        (situation(job(DAILY)), False),
        (situation(None), False),
        (situation(job(DAILY, **paused())), True),
        (situation(job(DAILY, **paused(resumed="08:30"))), True),
        (queued(job()), True),
    ],
)
def test_a_change_is_settled_where_something_was_paused_or_waits(standing: Situation, wanted: bool) -> None:
    assert is_unsettled(standing) is wanted
