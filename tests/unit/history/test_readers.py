"""From messages to events: what is read, what is passed over, what is poison."""

from collections.abc import Callable

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from lamplighter_contracts.events import Event
from lamplighter_history import readers
from lamplighter_history.changes import Author, CatalogChange, JobStart
from lamplighter_history.fold import Folded
from tests.support.happenings import (
    answered,
    backfill,
    blocked,
    decided,
    due,
    effects,
    finished,
    log_batch,
    message,
    parked,
    queued,
    retrying,
    skipped,
    started,
    step,
    waiting,
)

Reader = Callable[[Msg], Folded | None]


def received(event: Event, subject: str | None = None) -> Msg:
    sent = message(event)
    return Msg(Client(), subject or sent.subject, data=sent.body, headers=dict(sent.headers))


@pytest.mark.parametrize(
    ("read", "event"),
    [
        (readers.read_job_event, due()),
        (readers.read_job_event, skipped()),
        (readers.read_job_event, queued(payload={"a": 1})),
        (readers.read_job_event, backfill()),
        (readers.read_execution_event, started()),
        (readers.read_execution_event, finished()),
        (readers.read_execution_event, blocked()),
        (readers.read_execution_event, retrying()),
        (readers.read_execution_event, waiting()),
        (readers.read_execution_event, answered()),
        (readers.read_execution_event, decided()),
        (readers.read_execution_event, effects("shell")),
        (readers.read_execution_event, step()),
        (readers.read_log, log_batch("a")),
    ],
)
def test_every_event_is_read_as_it_was_written(read: Reader, event: Event) -> None:
    assert read(received(event)) == event


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (readers.read_job_event, received(due(), "job.of-a-later-version.x")),
        (readers.read_execution_event, received(started(), "execution.x.usage")),
        (readers.read_execution_event, received(parked())),
        (readers.read_execution_event, Msg(Client(), "execution.x.parked.1", data=b"\xff not parsed")),
        (readers.read_log, received(log_batch())),
    ],
)
def test_what_is_no_concern_of_ours_is_passed_over(read: Reader, found: Msg) -> None:
    assert read(found) is None


@pytest.mark.parametrize(
    ("read", "found"),
    [
        (readers.read_job_event, received(started(), "job.due.default.x")),
        (readers.read_execution_event, received(due(), "execution.x.status")),
        (readers.read_execution_event, received(step(), "execution.x.decided")),
        (readers.read_execution_event, Msg(Client(), "execution.x.status", data=b"{}")),
        (readers.read_job_event, Msg(Client(), "job.skipped.x", data=b"{")),
        (readers.read_job_event, received(queued().model_copy(update={"execution_id": "../x"}))),
        (readers.read_job_event, received(queued(), "job.backfill.x")),
        (readers.read_log, Msg(Client(), "log.x", data=b"\xff")),
        (readers.read_execution_event, received(started().model_copy(update={"execution_id": "$x"}))),
    ],
)
def test_poison_raises(read: Reader, found: Msg) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(found)


def test_a_deleted_key_is_a_change() -> None:
    found = Msg(Client(), "$KV.catalog.jobs.x", data=b"", headers={"KV-Operation": "DEL"})
    nobody = Author("", "", "", "", "")
    assert readers.read_change(found) == CatalogChange("jobs", "x", "delete", nobody, b"", first=False)


def test_a_request_that_may_be_repeated_is_no_change_of_an_object() -> None:
    assert readers.read_change(Msg(Client(), "$KV.catalog.requests.x", data=b"{}")) is None


def test_a_start_by_hand_is_read_by_its_headers_and_another_is_not() -> None:
    headers = {"Lamplighter-By": "ci", "ce-id": "e1"}
    by_hand, other = (Msg(Client(), "trigger.job.a.k", data=b"", headers=h) for h in (headers, {}))
    assert isinstance(readers.read_start(by_hand), JobStart)
    assert readers.read_start(other) is None
