"""What a job may say of its times: everything wrong at once, each field with what is right."""

from collections.abc import Callable
from datetime import timedelta
from time import process_time
from typing import Any

import pytest

from lamplighter_contracts.calendars import Calendar, DaysEntry
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.timing import Exclusions
from lamplighter_gateway.catalog.contents import key_of
from lamplighter_gateway.jobs.bodies import read_timing
from lamplighter_gateway.jobs.changes import Jobs
from tests.unit.gateway.test_jobs import BODY, LATER, NOW, Bucket

PAST, SOON = "@at 2026-03-01 11:00", "@at 2026-03-01 12:30"


@pytest.fixture
def bucket() -> Bucket:
    bucket = Bucket()
    times = {"created_at": NOW, "updated_at": NOW}
    days = DaysEntry(first=NOW.date(), last=(NOW + timedelta(days=400)).date(), name="Sabbatical")
    calendar = Calendar(calendar_id="closed", name="Closed", entries=(days,), **times)
    environment = Environment(
        environment_id="night", name="Night", exclusions=Exclusions(blackouts=("daily 08:00-20:00",)), **times
    )
    bucket.apply([bucket.catalog.following(key_of(Calendar, "closed"), calendar)])
    bucket.apply([bucket.catalog.following(key_of(Environment, "night"), environment)])
    return bucket


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"schedule": PAST}, "schedule", "is past"),
    ({"schedule": "30 0 9 * * *"}, "schedule", "seconds"),
    ({"schedule": "@every 0s"}, "schedule", "@every 90s"),
    ({"cron_schedule": PAST}, "cron_schedule", "is past"),
    ({"seconds": "yes"}, "seconds", "true or false"),
    ({"starts_at": "2026-12-01T09:00:00"}, "starts_at", "offset"),
    ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at", "1970"),
    ({"ends_at": "9999-12-31T23:59:59Z"}, "ends_at", "2999"),
    ({"ends_at": "9999-12-31T23:59:59-10:00"}, "ends_at", "years"),
    ({"ends_at": "2026-02-01T00:00:00Z"}, "ends_at", "is past"),
    (
        {"starts_at": "2026-05-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"},
        "ends_at",
        "after 'starts_at'",
    ),
    ({"ends_at": "2026-03-02T08:00:00Z"}, "ends_at", "2026-03-02T09:00:00Z"),
    ({"schedule": SOON, "starts_at": "2026-04-01T00:00:00Z"}, "starts_at", "nothing to run"),
    ({"max_runs": 0}, "max_runs", "greater than or equal to 1, such as 10"),
    ({"exclude_dates": ["2026-02-30"]}, "exclude_dates", "2026-12-25"),
    ({"exclude_dates": "2026-12-25"}, "exclude_dates", 'a list, such as ["2026-12-25"'),
    ({"exclude_dates": ["2026-01-01..2028-01-01"]}, "exclude_dates", "leaves no time to run"),
    ({"blackouts": ["weekend"]}, "blackouts", "fri 18:00 - mon 06:00"),
    ({"blackouts": ["daily 08:00-10:00"]}, "blackouts", "leaves no time to run"),
    ({"calendars": ["holiday"]}, "calendars", "does not exist"),
    ({"calendars": ["closed"]}, "calendars", "Sabbatical"),
    ({"environment": "night"}, "environment", "leaves no time to run"),
    ({"overlap": "queue"}, "overlap", "queue_one"),
    ({"max_running": 0}, "max_running", "such as 3"),
    ({"max_queued": 1_001}, "max_queued", "1000"),
    ({"concurrency_key": "pull_request"}, "concurrency_key", "payload.pull_request.number"),
    ({"missed": "some"}, "missed", "'none', 'last' or 'all'"),
    ({"missed_limit": 501}, "missed_limit", "less than or equal to 500"),
    ({"missed_window_seconds": 0}, "missed_window_seconds", "such as 3600"),
    ({"missed_every_seconds": 90_000}, "missed_every_seconds", "86400"),
    ({"spread_seconds": -1}, "spread_seconds", "such as 300"),
    ({"jitter_seconds": 90_000}, "jitter_seconds", "86400"),
    ({"prompt": "Look at {{ jbo.name }}"}, "prompt", "did you mean 'job'"),
    ({"prompt": "{{ job.variables.repo }}", "variables": {"repos": "x"}}, "prompt", "did you mean 'repos'"),
    ({"prompt_template": "{{ payload"}, "prompt_template", "not closed"),
]


@pytest.mark.parametrize(("change", "field", "words"), WRONG)
def test_what_is_wrong_is_refused_with_its_field_and_an_example(
    bucket: Bucket, change: dict[str, Any], field: str, words: str
) -> None:
    body = {**BODY, "webhook_path": None, **change}
    body = {
        name: value for name, value in body.items() if not (name == "prompt" and "prompt_template" in change)
    }
    body = {
        name: value for name, value in body.items() if not (name == "schedule" and "cron_schedule" in change)
    }
    decisions: list[Callable[[Jobs], object]] = [
        lambda jobs: jobs.create("other", body),
        lambda jobs: jobs.change("report", change),
    ]
    for decide in decisions:
        with pytest.raises(InvalidInput) as refused:
            decide(bucket.jobs())
        assert [error.field for error in refused.value.errors] == [field], refused.value
        assert words in refused.value.errors[0].problem
    assert bucket.jobs().change("report", {"name": "As it was"})


def test_everything_wrong_is_told_at_once(bucket: Bucket) -> None:
    """Also what only the calendar and the catalog know, of a body that is wrong elsewhere."""
    body = {
        "name": "",
        "schedules": ["every day", PAST],
        "timezone": "Europe/Berlin",
        "ends_at": "2026-02-01T00:00:00Z",
        "exclude_dates": ["soon"],
        "blackouts": ["never"],
        "calendars": ["holiday"],
        "missed_limit": 501,
        "overlap": "queue",
        "spread_seconds": "long",
        "concurrency_key": "x",
        "agent_id": "nobody",
        "environment": "moon",
        "prompt": "{{ nothing }}",
        "strange": 1,
    }
    with pytest.raises(InvalidInput) as refused:
        bucket.jobs().create("other", body)
    told = {error.field for error in refused.value.errors}
    assert told >= {"strange", "schedule", "ends_at", "exclude_dates", "blackouts", "calendars", "prompt"}
    with pytest.raises(InvalidInput) as refused:
        bucket.jobs().create("other", {name: value for name, value in body.items() if name != "strange"})
    told = {error.field for error in refused.value.errors}
    assert told == body.keys() - {"strange", "timezone", "schedules"} | {"schedule"}


@pytest.mark.parametrize(
    "timing",
    [
        {"schedule": f"@every 1d{' ' * 1_000}x"},
        {"schedules": [f"@every 1d{' ' * 180}{number}x" for number in range(1_000)]},
        {"calendars": [f"closed-x{number}" for number in range(10_000)]},
        {"exclude_dates": ["2026-12-25x" for _ in range(20_000)]},
        {"blackouts": [",".join(["mon-sun"] * 30_000) + " 00:00-06:00"]},
    ],
)
def test_a_body_that_is_wrong_is_not_looked_at_for_long(bucket: Bucket, timing: dict[str, Any]) -> None:
    """Anybody who may read may ask for a preview; and whoever else asks waits meanwhile."""
    for number in range(50):
        calendar = Calendar(calendar_id=f"closed-{number}", name="Closed", created_at=NOW, updated_at=NOW)
        bucket.apply([bucket.catalog.following(key_of(Calendar, calendar.calendar_id), calendar)])
    began = process_time()
    with pytest.raises(InvalidInput):
        read_timing({"schedule": "0 9 * * *", **timing}, bucket.catalog, NOW)
    # A deadline, not a measure: what is not bounded takes minutes.
    assert process_time() - began < 10


@pytest.mark.parametrize(
    "change",
    [
        {"name": "New"},
        {"prompt": "Something else"},
        {"exclude_dates": ["2027-12-25"]},
        {"schedules": [SOON, "0 9 * * *"]},
    ],
)
def test_a_time_that_has_passed_stays_where_it_was(bucket: Bucket, change: dict[str, Any]) -> None:
    bucket.apply(bucket.jobs().change("report", {"schedule": SOON, "ends_at": rfc3339(LATER)}))
    for now in (LATER, LATER + timedelta(days=9)):
        bucket.apply(
            bucket.jobs(now).change(
                "report", {**change, "ends_at": None} if "schedules" in change else change
            )
        )
    bucket.apply(bucket.jobs(LATER).delete("report"))
    bucket.apply(bucket.jobs(LATER).restore("report"))
    with pytest.raises(InvalidInput):
        bucket.jobs(LATER).change("report", {"timezone": "Asia/Tokyo"})


def test_calendars_that_grew_do_not_stand_in_the_way_of_another_change(bucket: Bucket) -> None:
    calendar = bucket.catalog.find(Calendar, "closed")
    assert calendar is not None
    key = key_of(Calendar, "closed")
    bucket.apply([bucket.catalog.following(key, calendar.model_copy(update={"entries": ()}))])
    bucket.apply(bucket.jobs().change("report", {"calendars": ["closed"]}))
    bucket.apply([bucket.catalog.following(key, calendar)])
    bucket.apply(bucket.jobs().change("report", {"name": "New"}))
    with pytest.raises(InvalidInput):
        bucket.jobs().change("report", {"schedule": "0 10 * * *"})


def test_what_means_nothing_under_a_policy_is_accepted(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().change("report", {"missed": "none", "missed_limit": 500, "max_queued": 7}))
    assert (bucket.job.missed.limit, bucket.job.concurrency.max_queued) == (500, 7)


def test_a_preview_is_refused_as_a_job_would_be(bucket: Bucket) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "schedule"),
        ({"schedule": "99 * * * *"}, "schedule"),
        ({"cron_schedule": "0 9 * * *", "cron_timezone": "Mars"}, "cron_timezone"),
        ({"schedule": "0 9 * * *", "calendars": ["closed"]}, "calendars"),
        ({"schedule": "0 9 * * *", "environment": "moon"}, "environment"),
        ({"schedule": "0 9 * * *", "prompt": "x"}, "prompt"),
        ({"schedule": "0 9 * * *", "spread_seconds": -1}, "spread_seconds"),
    ]
    for body, field in wrong:
        with pytest.raises(InvalidInput) as refused:
            read_timing(body, bucket.catalog, NOW)
        assert [error.field for error in refused.value.errors] == [field]
    assert read_timing({"schedule": "0 9 * * *"}, bucket.catalog, NOW).schedules
