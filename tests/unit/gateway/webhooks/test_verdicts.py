"""What becomes of a genuine delivery, as events."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter_contracts.bodies import LARGEST_INLINE, BodyReference
from lamplighter_contracts.events import Trust
from lamplighter_contracts.jobs import AgentExecutor, Job, WebhookTrigger
from lamplighter_gateway.webhooks.claims import Claim
from lamplighter_gateway.webhooks.intake import fits_a_message
from lamplighter_gateway.webhooks.reading import Reading
from lamplighter_gateway.webhooks.verdicts import Arrival, outcome_of, verdict_of

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)
NONE_OF = "The event 'issues' is none of push, issues.cl*."
NAMELESS = "A delivery that names no event is none of push."
CLAIM = Claim("github", "d1", "issues", ("issues", "issues.opened"))


def _job(**webhook: Any) -> Job:
    return Job(
        job_id="job-1",
        name="job",
        project="payments",
        prompt="go",
        executor=AgentExecutor(agent_id="a"),
        triggers=(WebhookTrigger(path="/deploy", **webhook),),
        created_at=AT,
        updated_at=AT,
        scheduled_from=AT,
    )


def _arrival(job: Job, **more: Any) -> Arrival:
    return Arrival(job=job, key="d1", at=AT, headers={"a": "b"}, body=b'{"a": 1}', **more)


@pytest.mark.parametrize(
    ("webhook", "reading", "outcome", "detail"),
    [
        ({}, Reading(CLAIM), "accepted", ""),
        ({"events": ("issues.opened",)}, Reading(CLAIM), "accepted", ""),
        (
            {"events": ("push", "issues.cl*")},
            Reading(CLAIM),
            "filtered",
            NONE_OF,
        ),
        (
            {"events": ("push",)},
            Reading(Claim("bearer")),
            "filtered",
            NAMELESS,
        ),
        ({}, Reading(CLAIM, unwanted="The filter says no."), "filtered", "The filter says no."),
        (
            {"events": ("push",)},
            Reading(Claim("github", event="ping", is_ping=True), unwanted="No."),
            "ping",
            "",
        ),
    ],
)
def test_the_outcome(webhook: dict[str, Any], reading: Reading, outcome: str, detail: str) -> None:
    assert outcome_of(WebhookTrigger(path="/deploy", **webhook), reading) == (outcome, detail)


def test_record_and_start_say_the_same() -> None:
    verdict = verdict_of(_arrival(_job(), address="10.0.0.7", by="ci"), Reading(CLAIM, payload={"a": 1}))

    received, trigger = verdict.received, verdict.trigger
    assert trigger
    assert (received.project, received.path, received.address, received.size) == (
        "payments",
        "/deploy",
        "10.0.0.7",
        8,
    )
    assert base64.b64decode(received.body) == b'{"a": 1}'
    assert (trigger.payload, trigger.triggered_by, trigger.delivery) == ({"a": 1}, "ci", received.delivery)
    assert trigger.execution_id == received.execution_id != received.delivery_id
    assert (trigger.key, trigger.accepted_at) == (received.key, received.received_at)
    assert trigger.firing.trust is Trust.EXTERNAL
    assert (trigger.group, trigger.gather_until) == ("", None)


def test_what_is_gathered_says_until_when() -> None:
    verdict = verdict_of(_arrival(_job(gather_seconds=60)), Reading(CLAIM, group="7"))
    assert verdict.trigger
    assert (verdict.trigger.group, verdict.trigger.gather_until) == ("7", AT + timedelta(seconds=60))


def test_what_is_left_out_starts_nothing() -> None:
    verdict = verdict_of(_arrival(_job(gather_seconds=60)), Reading(CLAIM, unwanted="No.", group="7"))
    assert verdict.trigger is None
    assert (verdict.received.execution_id, verdict.received.group) == ("", "")


def test_a_large_body_is_in_neither() -> None:
    reference = BodyReference(name="b", size=8, sha256="0" * 64)
    verdict = verdict_of(_arrival(_job(), reference=reference), Reading(CLAIM, payload={"a": 1}))
    assert verdict.trigger
    assert (verdict.trigger.payload, verdict.trigger.body) == (None, reference)
    assert (verdict.received.body, verdict.received.reference) == ("", reference)


@pytest.mark.parametrize(
    ("body", "payload", "fits"),
    [
        (b"", None, True),
        (b"a" * LARGEST_INLINE, {"a": "small"}, True),
        (b"a" * (LARGEST_INLINE + 1), {"a": "small"}, False),
        (b"a" * 100_000, {"text": "\x01" * 100_000}, False),
        (b"a" * 100_000, {"text": "\ufffd" * 80_000}, True),
    ],
)
def test_what_travels_within_messages(body: bytes, payload: Any, fits: bool) -> None:
    assert fits_a_message(body, payload) == fits
