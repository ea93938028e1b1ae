"""What becomes of a job, decided over a catalog in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import InvalidInput
from lamplighter_contracts.runners import NoopRunner
from lamplighter_contracts.webhooks import WebhookReservation
from lamplighter_gateway.catalog.contents import Catalog, Key, Write, key_of, path_key
from lamplighter_gateway.jobs.changes import Jobs
from lamplighter_gateway.jobs.surroundings import times_of
from lamplighter_gateway.jobs.upcoming import next_runs
from lamplighter_gateway.web.problems import Problem

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
BODY = {
    "name": "Report",
    "prompt": "Go",
    "agent_id": "idle",
    "schedule": "0 9 * * *",
    "webhook_path": "/deploy",
}


class Bucket:
    """A catalog that takes what was decided."""

    def __init__(self) -> None:
        self.catalog = Catalog()
        self.sequence = 0
        agent = Agent(agent_id="idle", name="Idle", runner=NoopRunner(), created_at=NOW, updated_at=NOW)
        self.apply([self.catalog.following(key_of(Agent, "idle"), agent)])
        self.apply(self.jobs().create("report", BODY))

    def jobs(self, now: datetime = NOW, if_match: int | None = None) -> Jobs:
        return Jobs(self.catalog, now, "me", if_match)

    def apply(self, writes: list[Write]) -> None:
        for write in writes:
            assert write.expected == self.catalog.revision(write.key)
            self.sequence += 1
            self.catalog.learn(write.key, self.sequence, write.item)

    @property
    def job(self) -> Job:
        job = self.catalog.find(Job, "report")
        assert job is not None
        return job


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def _kinds(writes: list[Write]) -> list[tuple[str, str]]:
    return [(write.key.kind, "end" if write.item is None else "put") for write in writes]


def test_a_job_and_its_path_are_one_write(bucket: Bucket) -> None:
    writes = bucket.jobs().create("other", {**BODY, "webhook_path": "/other"})
    assert _kinds(writes) == [("webhooks", "put"), ("jobs", "put")]
    assert writes[0].item == WebhookReservation(path="/other", job_id="other")
    assert [write.expected for write in writes] == [0, 0]


def test_a_new_job_is_never_written_over_another(bucket: Bucket) -> None:
    """Whatever this gateway believes: the bucket decides, and it has none or refuses."""
    assert bucket.jobs().create("report", {**BODY, "webhook_path": None})[-1].expected == 0


@pytest.mark.parametrize(
    ("change", "writes", "moved"),
    [
        ({"name": "New"}, [("jobs", "put")], False),
        ({"schedule": "0 9 * * *"}, [("jobs", "put")], False),
        ({"schedule": "0 10 * * *"}, [("jobs", "put")], True),
        ({"schedule": None}, [("jobs", "put")], True),
        ({"timezone": "Asia/Tokyo"}, [("jobs", "put")], True),
        ({"starts_at": "2026-04-01T00:00:00Z"}, [("jobs", "put")], True),
        ({"ends_at": "2026-04-01T00:00:00Z"}, [("jobs", "put")], False),
        ({"exclude_dates": ["2026-03-05"]}, [("jobs", "put")], False),
        ({"enabled": False}, [("jobs", "put")], False),
        ({"enabled": True}, [("jobs", "put")], False),
        ({"webhook_path": None}, [("webhooks", "end"), ("jobs", "put")], False),
        ({"webhook_path": "/b"}, [("webhooks", "end"), ("webhooks", "put"), ("jobs", "put")], False),
    ],
)
def test_what_a_change_writes(
    bucket: Bucket, change: dict[str, Any], writes: list[tuple[str, str]], moved: bool
) -> None:
    decided = bucket.jobs(LATER).change("report", change)
    assert _kinds(decided) == writes
    bucket.apply(decided)
    assert bucket.job.scheduled_from == (LATER if moved else NOW)
    assert bucket.job.updated_at == LATER
    assert bucket.job.created_at == NOW


def test_a_generation_never_comes_again(bucket: Bucket) -> None:
    seen = [_generation(bucket)]
    for change in ({"webhook_path": "/b"}, {"webhook_path": None}, {"webhook_path": "/deploy"}):
        bucket.apply(bucket.jobs(NOW + timedelta(seconds=len(seen) * 5)).change("report", change))
        if bucket.job.webhook:
            seen.append(_generation(bucket))
    bucket.apply(bucket.jobs().rotate("report"))
    seen.append(_generation(bucket))
    assert seen == sorted(set(seen))


def _generation(bucket: Bucket) -> int:
    assert bucket.job.webhook is not None
    return bucket.job.webhook.secret_generation


def test_a_deleted_job_gives_its_path_back_and_takes_it_again(bucket: Bucket) -> None:
    generation = _generation(bucket)
    bucket.apply(bucket.jobs(LATER).delete("report"))
    assert bucket.job.deleted_at == LATER
    assert bucket.catalog.holder("/deploy") is None
    with pytest.raises(Problem, match="restore"):
        bucket.jobs().change("report", {})
    bucket.apply(bucket.jobs(LATER).restore("report"))
    assert bucket.catalog.holder("/deploy") is not None
    restored = bucket.job
    assert restored.deleted_at is None
    assert restored.scheduled_from == LATER
    assert _generation(bucket) == generation
    assert bucket.jobs().restore("report") == []


def test_a_purge_leaves_anothers_path_alone(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().delete("report"))
    bucket.apply(bucket.jobs().create("heir", BODY))
    purge = bucket.jobs().purge("report")
    assert _kinds(purge) == [("jobs", "end")]
    assert purge[0].purge


def test_a_path_is_taken_by_one(bucket: Bucket) -> None:
    with pytest.raises(Problem) as taken:
        bucket.jobs().create("other", BODY)
    assert (taken.value.word, taken.value.errors[0].field) == ("webhook-path-taken", "webhook_path")


def test_a_stale_revision_changes_nothing(bucket: Bucket) -> None:
    current, old = bucket.job.revision, bucket.job.revision - 1
    decisions: list[Callable[[Jobs], list[Write]]] = [
        lambda jobs: jobs.change("report", {"name": "x"}),
        lambda jobs: jobs.delete("report"),
        lambda jobs: jobs.purge("report"),
        lambda jobs: jobs.rotate("report"),
        lambda jobs: jobs.pause("report", {}),
    ]
    for decide in decisions:
        with pytest.raises(Problem) as stale:
            decide(bucket.jobs(if_match=old))
        assert (stale.value.word, stale.value.headers["ETag"]) == ("stale", f'"{current}"')
        assert decide(bucket.jobs(if_match=current))


def test_the_fields_of_a_wrong_change_are_named_as_the_caller_does(bucket: Bucket) -> None:
    with pytest.raises(InvalidInput) as refused:
        bucket.jobs().change(
            "report", {"cron_schedule": "0 9 30 2 *", "cron_timezone": "Mars", "prompt_template": " "}
        )
    assert {e.field for e in refused.value.errors} >= {"cron_timezone", "prompt_template"}


def test_next_runs_are_those_of_a_schedule_that_is_not_paused(bucket: Bucket) -> None:
    assert _next_runs(bucket) == [
        datetime(2026, 3, 2, 9, tzinfo=UTC),
        datetime(2026, 3, 3, 9, tzinfo=UTC),
    ]
    for change in ({"enabled": False}, {"schedule": None}):
        bucket.apply(bucket.jobs().change("report", change))
        assert _next_runs(bucket) == []


def _next_runs(bucket: Bucket) -> list[datetime]:
    times = times_of(bucket.job, bucket.catalog)
    return next_runs(bucket.job, times, Gate(job_id="report"), NOW, 2)


def test_an_older_revision_never_replaces_a_newer_one(bucket: Bucket) -> None:
    key = key_of(Job, "report")
    bucket.catalog.learn(key, 1, None)
    assert bucket.job.revision == 3
    bucket.catalog.learn(key, 9, None)
    assert bucket.catalog.find(Job, "report") is None
    assert bucket.catalog.revision(key) == 9
    assert bucket.catalog.revision(Key("jobs", "never")) == 0
    assert bucket.catalog.revision(path_key("/deploy")) == 2


@pytest.mark.parametrize("ends_at", [None, "2026-05-01T00:00:00Z"])
def test_a_window_that_was_over_begins_anew(bucket: Bucket, ends_at: str | None) -> None:
    """What came due while it was over is none of the job's occurrences, and was not missed."""
    bucket.apply(bucket.jobs().change("report", {"ends_at": rfc3339(LATER + timedelta(days=1))}))
    over = LATER + timedelta(days=9)
    bucket.apply(bucket.jobs(over).change("report", {"name": "New"}))
    assert bucket.job.scheduled_from == NOW
    bucket.apply(bucket.jobs(over).change("report", {"ends_at": ends_at}))
    assert bucket.job.scheduled_from == over
