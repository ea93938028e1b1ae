"""What becomes of a genuine delivery, as the events that record it. Pure."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.deliveries import DeliveryOutcome, DeliveryReceived
from lamplighter_contracts.events import Delivery, JobTriggered, TriggerKind
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job, WebhookTrigger
from lamplighter_gateway.webhooks.claims import Claim
from lamplighter_gateway.webhooks.names import is_named
from lamplighter_gateway.webhooks.reading import Reading

MOST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """A genuine delivery as it came in."""

    job: Job
    key: str
    """By which its repeats are known."""
    at: datetime
    headers: dict[str, str]
    body: bytes
    content_type: str = ""
    address: str = ""
    by: str = ""
    """Whose token it came under."""
    reference: BodyReference | None = None
    """Where its body is kept, if that is too large."""
    replay_of: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    received: DeliveryReceived
    trigger: JobTriggered | None
    """What starts the job, where it is wanted."""


def verdict_of(arrival: Arrival, reading: Reading) -> Verdict:
    outcome, detail = outcome_of(arrival.job.webhook, reading)
    accepted = outcome is DeliveryOutcome.ACCEPTED
    job_id, key, at = arrival.job.job_id, arrival.key, arrival.at
    inline = arrival.reference is None
    received = DeliveryReceived(
        delivery_id=execution_id(at, job_id, f"delivery\0{key}"),
        job_id=job_id,
        project=arrival.job.project,
        key=key,
        delivery=_delivery(reading.claim, key),
        outcome=outcome,
        detail=detail[:MOST_DETAIL],
        execution_id=execution_id(at, job_id, key) if accepted else "",
        group=reading.group if accepted else "",
        replay_of=arrival.replay_of,
        replayed_by=arrival.by if arrival.replay_of else "",
        received_at=at,
        address=arrival.address,
        path=arrival.job.webhook.path if arrival.job.webhook else "",
        content_type=arrival.content_type,
        headers=arrival.headers,
        body=base64.b64encode(arrival.body).decode() if inline else "",
        reference=arrival.reference,
        size=len(arrival.body),
    )
    return Verdict(
        received, _trigger(arrival, received, reading.payload if inline else None) if accepted else None
    )


def outcome_of(webhook: WebhookTrigger | None, reading: Reading) -> tuple[DeliveryOutcome, str]:
    """With what people are told of it."""
    claim = reading.claim
    if claim.is_ping:
        return DeliveryOutcome.PING, ""
    if webhook and webhook.events and not is_named(webhook.events, claim.names):
        event = f"The event {claim.event!r}" if claim.event else "A delivery that names no event"
        return DeliveryOutcome.FILTERED, f"{event} is none of {', '.join(webhook.events)}."
    if reading.unwanted:
        return DeliveryOutcome.FILTERED, reading.unwanted
    return DeliveryOutcome.ACCEPTED, ""


def _delivery(claim: Claim, key: str) -> Delivery:
    return Delivery(provider=claim.provider, delivery_id=claim.delivery_id or key, event=claim.event)


def _trigger(arrival: Arrival, received: DeliveryReceived, payload: Any) -> JobTriggered:
    webhook = arrival.job.webhook
    gathers = timedelta(seconds=webhook.gather_seconds) if webhook and webhook.gather_seconds else None
    return JobTriggered(
        job_id=received.job_id,
        execution_id=received.execution_id,
        kind=TriggerKind.WEBHOOK,
        key=received.key,
        accepted_at=received.received_at,
        payload=payload,
        body=arrival.reference,
        delivery=received.delivery,
        triggered_by=arrival.by,
        group=received.group,
        gather_until=received.received_at + gathers if gathers else None,
    )
