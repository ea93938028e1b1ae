"""What came due since the cursor, and when the next timer is."""

from datetime import timedelta

import pytest

from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_scheduler.agenda import LISTED_MISSED, backlog, next_instant
from lamplighter_schedules import ScheduleError
from tests.unit.scheduler.examples import JOB_ID, MADE, at, job


def gate(cursor: str | None) -> Gate:
    return Gate(job_id=JOB_ID, cursor=at(cursor) if cursor else None)


@pytest.mark.parametrize(
    ("of", "cursor", "wanted"),
    [
        (job("0 9 * * *"), None, "1T09:00"),
        (job("0 9 * * *"), "09:00", "3T09:00"),
        (job("0 9 * * *"), "08:59:59", "09:00"),
        (job("0 9 * * *", "30 8 * * *"), "09:00", "3T08:30"),
        (job("0 9 * * *", timezone="America/New_York"), "09:00", "14:00"),
        (job("0 9 * * *", scheduled_from=at("5T10:00")), "09:00", "6T09:00"),
        (job("0 9 * * *", scheduled_from=at("09:00")), None, "3T09:00"),
        (job("0 9 * * *", enabled=False), None, None),
        (job("0 9 * * *", deleted_at=at("08:00")), None, None),
        (job(), None, None),
        (None, None, None),
    ],
)
def test_the_next_instant_follows_the_cursor(of: Job | None, cursor: str | None, wanted: str | None) -> None:
    assert next_instant(of, gate(cursor)) == (at(wanted) if wanted else None)


@pytest.mark.parametrize(
    ("schedule", "cursor", "now", "listed"),
    [
        ("0 * * * *", "09:00", "09:59:59", []),
        ("0 * * * *", "09:00", "10:00", ["10:00"]),
        ("0 * * * *", "09:00", "12:30", ["10:00", "11:00", "12:00"]),
        ("0 * * * *", "10:00", "09:30", []),
    ],
)
def test_backlog_lists_what_is_after_the_cursor_up_to_now(
    schedule: str, cursor: str, now: str, listed: list[str]
) -> None:
    assert backlog(job(schedule), gate(cursor), at(now)).listed == tuple(map(at, listed))


@pytest.mark.parametrize(
    ("schedule", "now", "tolerance"),
    [
        ("*/5 * * * *", "09:04", timedelta(minutes=5)),
        ("0 9 * * *", "09:02", timedelta(hours=1)),
        ("0 9,10 * * *", "13:00", timedelta(hours=1)),
        ("0,30 9 * * *", "09:29", timedelta(minutes=30)),
    ],
)
def test_tolerance_is_the_period_and_an_hour_at_most(schedule: str, now: str, tolerance: timedelta) -> None:
    assert backlog(job(schedule), gate("08:59"), at(now)).tolerance == tolerance


def test_a_long_outage_is_counted_beyond_what_is_listed() -> None:
    found = backlog(job("* * * * *"), gate("09:00"), at("3T09:00"))
    assert len(found.listed) == LISTED_MISSED + 1
    assert found.unlisted + len(found.listed) == 24 * 60
    assert found.unlisted_until == found.listed[0] - timedelta(minutes=1)
    assert found.cursor == at("3T09:00")
    assert found.exact


def test_an_outage_of_months_is_counted_to_a_cap() -> None:
    found = backlog(job("* * * * *"), gate(None), MADE + timedelta(days=90))
    assert not found.exact
    assert found.cursor == MADE + timedelta(days=90)


def test_a_schedule_that_cannot_be_read_says_so() -> None:
    with pytest.raises(ScheduleError, match="write five"):
        next_instant(job("whenever"), gate(None))
