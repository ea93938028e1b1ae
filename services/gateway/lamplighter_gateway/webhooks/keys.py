"""The secrets of a webhook: the job's own, derived and never stored, and those that a producer chose, sealed."""

import base64
import hashlib
import hmac
from datetime import datetime

from lamplighter_contracts.jobs import Job, Producer, WebhookTrigger
from lamplighter_contracts.webhooks import GivenSecret, WebhookReservation
from lamplighter_gateway.webhooks.signatures import OWN_PREFIX, WHSEC
from lamplighter_runtime.logs import get_logger
from lamplighter_vault import CannotOpen, KeyRing

log = get_logger()

MOST_LIVE = 6
"""Two of its own in two spellings, and two given ones."""

_SPELT_STANDARD = frozenset({Producer.STANDARD, Producer.GITLAB})
"""Producers that want a secret in the form of Standard Webhooks."""


def webhook_secret(
    key: bytes, job_id: str, path: str, generation: int, producer: Producer = Producer.AUTO
) -> str:
    """The signing secret of a job's webhook, as its producer wants it spelled.

    Derived, never stored: rotating it is counting `generation` on.
    """
    ours, standard = _spellings(key, job_id, path, generation)
    return standard if producer in _SPELT_STANDARD else ours


def _spellings(key: bytes, job_id: str, path: str, generation: int) -> tuple[str, str]:
    material = f"webhook\0{job_id}\0{path}\0{generation}".encode()
    digest = hmac.new(key, material, hashlib.sha256).digest()
    ours = OWN_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return ours, WHSEC + base64.b64encode(digest).decode()


def live_secrets(
    key: bytes, ring: KeyRing, job: Job | None, reservation: WebhookReservation | None, now: datetime
) -> list[str]:
    """All that are good now. Without a job, or with fewer, others fill up that nobody has: so it takes as long."""
    found: list[str] = []
    if job is not None and job.webhook is not None:
        webhook = job.webhook
        # In either spelling: whoever changes the producer has not changed the secret.
        found = [
            secret
            for generation in live_generations(webhook, now)
            for secret in _spellings(key, job.job_id, webhook.path, generation)
        ]
        found += [secret for one in _live(reservation, now) if (secret := opened(ring, job.job_id, one))]
    decoys = range(MOST_LIVE - len(found))
    return [*found, *(webhook_secret(key, "", "", place) for place in decoys)]


def live_generations(webhook: WebhookTrigger, now: datetime) -> list[int]:
    before, until = webhook.previous_generation, webhook.previous_until
    good_still = before is not None and until is not None and now < until
    return [webhook.secret_generation, *([before] if good_still and before is not None else [])]


def _live(reservation: WebhookReservation | None, now: datetime) -> list[GivenSecret]:
    given = reservation.given if reservation else ()
    return [one for one in given if one.until is None or now < one.until]


def sealed(ring: KeyRing, job_id: str, value: str) -> str:
    """Opens only as a secret of this job's webhook, whatever path that has."""
    return ring.seal(*_place(job_id), value)


def opened(ring: KeyRing, job_id: str, secret: GivenSecret) -> str:
    """Empty where it cannot be: then it is the secret of nobody."""
    try:
        return ring.open(*_place(job_id), secret.sealed)
    except CannotOpen:
        log.exception("webhook.secret_unreadable", job_id=job_id)
        return ""


def _place(job_id: str) -> tuple[str, str]:
    # No environment's name has a slash: so no secret of one opens here.
    return f"webhook/{job_id}", "given"
