"""Pausing, pausing otherwise, resuming: what a job says of it, and what it never touches."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.dialects import render_job
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.problems import InvalidInput
from tests.unit.gateway.test_jobs import BODY, LATER, NOW, Bucket

UNTIL = LATER + timedelta(days=1)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def _hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


def test_a_pause_and_its_end(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().pause("report", {"note": "moving"}))

    pause = bucket.job.pause
    assert pause is not None
    assert (pause.paused_at, pause.until, pause.note, pause.paused_by) == (NOW, None, "moving", "me")
    assert (bucket.job.enabled, bucket.job.paused_at(LATER)) == (False, True)
    assert bucket.jobs(LATER).pause("report", {}) == [], "nothing changed, so nothing is written"

    bucket.apply(bucket.jobs(LATER).resume("report"))
    assert (bucket.job.enabled, bucket.job.paused_at(LATER)) == (True, False)
    assert bucket.job.pause == pause.model_copy(update={"resumed_at": LATER})
    assert bucket.job.scheduled_from == NOW, "the scheduler records what the pause passed over"
    assert bucket.jobs(LATER).resume("report") == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"until": rfc3339(UNTIL)}, (UNTIL, "moving")),
        ({"note": "still moving"}, (None, "still moving")),
        ({"note": None}, (None, "")),
        ({"until": rfc3339(UNTIL), "note": "x"}, (UNTIL, "x")),
    ],
)
def test_a_paused_job_takes_on_new_terms(
    bucket: Bucket, body: dict[str, Any], wanted: tuple[Any, str]
) -> None:
    bucket.apply(bucket.jobs().pause("report", {"note": "moving"}))
    bucket.apply(bucket.jobs(LATER).pause("report", body))
    pause = bucket.job.pause
    assert pause is not None
    assert pause.paused_at == NOW
    assert (pause.until, pause.note) == wanted


def test_a_pause_that_was_limited_can_go_on(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().pause("report", {"until": rfc3339(UNTIL)}))
    bucket.apply(bucket.jobs(LATER).pause("report", {"until": None}))
    assert bucket.job.paused_at(UNTIL)


def test_a_pause_ends_by_itself(bucket: Bucket) -> None:
    """Nobody writes that: so a change of something else, and resuming, must not begin or end anything."""
    bucket.apply(bucket.jobs().pause("report", {"until": rfc3339(LATER)}))
    pause = bucket.job.pause
    assert not bucket.job.paused_at(LATER)
    assert bucket.jobs(LATER).resume("report") == []

    bucket.apply(bucket.jobs(LATER).change("report", {"name": "New"}))
    assert (bucket.job.enabled, bucket.job.pause) == (True, pause)

    bucket.apply(bucket.jobs(UNTIL).pause("report", {}))
    assert bucket.job.pause is not None
    assert bucket.job.pause.paused_at == UNTIL


def test_a_change_can_pause_and_resume(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().change("report", {"enabled": False}))
    assert bucket.job.pause is not None
    bucket.apply(bucket.jobs(LATER).change("report", {"name": "New"}))
    assert bucket.job.paused_at(LATER), "a change of something else does not resume"
    bucket.apply(bucket.jobs(LATER).change("report", {**render_job(bucket.job), "enabled": False}))
    assert bucket.job.pause.paused_at == NOW
    bucket.apply(bucket.jobs(LATER).change("report", {"enabled": None}))
    assert not bucket.job.paused_at(LATER), "without a word about it a job is enabled"
    assert bucket.job.pause.resumed_at == LATER


def test_a_job_can_be_made_paused(bucket: Bucket) -> None:
    bucket.apply(bucket.jobs().create("other", {**BODY, "webhook_path": None, "enabled": False}))
    made = bucket.catalog.all(type(bucket.job))[-1]
    assert made.pause is not None
    assert (made.pause.paused_at, made.pause.paused_by) == (NOW, "me")


@pytest.mark.parametrize(
    ("first", "resumed", "again", "since"),
    [
        # Every day at nine; it is noon.
        (0, 1, 2, 2),
        (0, 22, 22.5, 0),
        (0, 22, 46, 46),
        (22, 23, 23.5, 23.5),
    ],
    ids=["nothing passed over", "not recorded yet", "recorded with the next", "after nine"],
)
def test_a_pause_taken_up_again_is_one_pause_until_what_it_passed_over_is_recorded(
    bucket: Bucket, first: float, resumed: float, again: float, since: float
) -> None:
    """The scheduler records it with the next occurrence: by another pause it would take it for missed, and run it."""
    bucket.apply(bucket.jobs(_hours(first)).pause("report", {}))
    bucket.apply(bucket.jobs(_hours(resumed)).resume("report"))
    bucket.apply(bucket.jobs(_hours(again)).pause("report", {}))
    assert bucket.job.pause is not None
    assert bucket.job.pause.paused_at == _hours(since)
    assert bucket.job.paused_at(_hours(again))


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"until": rfc3339(NOW)}, "until", "is past"),
        ({"until": "tomorrow"}, "until", "datetime"),
        ({"until": "2026-12-01T09:00:00"}, "until", "offset"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "until", "years"),
        ({"until": "9000-12-31T23:59:59Z"}, "until", "years"),
        ({"note": "x" * 1_001}, "note", "1000"),
        ({"reason": "x"}, "reason", "until, note"),
    ],
)
def test_a_wrong_pause_is_refused(bucket: Bucket, body: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bucket.jobs().pause("report", body)
    assert [error.field for error in refused.value.errors] == [field]
    assert words in refused.value.errors[0].problem
