"""What the reconciler takes for broken, and what it leaves alone because it is only under way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lamplighter_contracts.events import ExecutionFinished, ExecutionStarted
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.streams import DUE_TTL
from lamplighter_runtime.latest import Last
from lamplighter_scheduler.invariants import Fault, execution_fault, timer_fault
from tests.unit.scheduler.examples import at, job, situation

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
        (job(DAILY, enabled=False), RIGHT, "08:00", Fault.TIMER_SUPERFLUOUS),
        (job(DAILY, enabled=False), None, "08:00", None),
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


def status(of: type[ExecutionStarted | ExecutionFinished]) -> Last:
    headers = {"ce-type": of.event_type, "Nats-Time-Stamp": "2026-03-02T09:00:00.123456789Z"}
    return Last("execution.x.status", 5, headers, b"")


@pytest.mark.parametrize(
    ("last", "now", "wanted"),
    [
        (status(ExecutionFinished), "09:00:05", None),
        (status(ExecutionFinished), "09:00:11", Fault.END_MISSED),
        (status(ExecutionStarted), "20T09:00", None),
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
