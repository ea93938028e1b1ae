"""What producers post to a webhook: every genuine delivery is recorded, whatever becomes of it."""

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from lamplighter_contracts.bodies import BodyReference
from lamplighter_contracts.events import Delivery, Event
from lamplighter_contracts.fields import Instant, Slug
from lamplighter_contracts.projects import DEFAULT_PROJECT


class DeliveryOutcome(StrEnum):
    """What the gateway made of it. What the scheduler makes of an accepted one is in the ledger of occurrences."""

    ACCEPTED = "accepted"
    FILTERED = "filtered"
    """The job does not want it: the detail says by which filter."""
    PING = "ping"
    """The producer asks whether somebody is there. Starts nothing."""


class DeliveryReceived(Event):
    """On `delivery.<job>.<key>`, the first message there is the only one: so a repeat is known for what it is.
    An accepted one is in one batch with its trigger."""

    event_type: ClassVar[str] = "lamplighter.delivery.received.v1"

    delivery_id: str
    """Ours, made as an execution's id is. The producer's own is `delivery.delivery_id`."""
    job_id: Slug
    project: Slug = DEFAULT_PROJECT
    key: str
    """By which repeats are known: the producer's id, or one made here."""
    delivery: Delivery
    outcome: DeliveryOutcome
    detail: str = ""
    execution_id: str = ""
    """Of an accepted one. Where it is gathered with others, the ledger says into which execution it went."""
    group: str = ""
    """What it is gathered by, where the job gathers deliveries."""
    replay_of: str = ""
    """The delivery that it repeats by somebody's wish."""
    replayed_by: str = ""
    received_at: Instant
    address: str = ""
    """Where it came from."""
    path: str = ""
    content_type: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    """Small letters. None that proves who sent it: signatures, tokens and cookies are not kept."""
    body: str = ""
    """The raw bytes in base64; empty where `reference` has them."""
    reference: BodyReference | None = None
    size: int = 0
