"""Producers of deliveries, as they sign them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from nats.aio.client import Client

from lamplighter_contracts import envelope, streams, subjects
from lamplighter_contracts.deliveries import DeliveryReceived
from lamplighter_contracts.events import JobTriggered
from lamplighter_gateway.webhooks.signatures import hub_signature
from lamplighter_runtime.latest import last_message
from tests.service.gateway.running import Json, Running
from tests.support.signing import slack_signature, standard_signature, stripe_signature

HOOK = "/api/v1/jobs/webhook/deploy"
EXAMPLES = Path(__file__).parents[2] / "data" / "github"

Headers = dict[str, str]


def example(event: str) -> bytes:
    """A payload that GitHub has sent, as it sends it: without blanks."""
    return json.dumps(json.loads((EXAMPLES / f"{event}.json").read_text()), separators=(",", ":")).encode()


def github(secret: str, body: bytes, delivery: str = "d1", event: str = "push", **more: str) -> Headers:
    return {
        "X-Hub-Signature-256": hub_signature(secret, body),
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": "1",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        **more,
    }


def standard(secret: str, body: bytes, message_id: str = "msg_1", at: int | None = None) -> Headers:
    timestamp = at or now()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": standard_signature(secret, message_id, timestamp, body),
        "Content-Type": "application/json",
    }


def stripe(secret: str, body: bytes, at: int | None = None) -> Headers:
    return {
        "Stripe-Signature": stripe_signature(secret, at or now(), body),
        "Content-Type": "application/json",
    }


def slack(secret: str, body: bytes, at: int | None = None) -> Headers:
    timestamp = at or now()
    return {
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": slack_signature(secret, timestamp, body),
        "Content-Type": "application/json",
    }


def now() -> int:
    return int(datetime.now(UTC).timestamp())


async def deliver(running: Running, body: bytes, headers: Headers, path: str = HOOK) -> httpx.Response:
    """As a producer does, who has no token of its own."""
    # On a machine that has much else to do a bound in processor time is a long time.
    return await running.http.post(path, content=body, headers={"Authorization": "", **headers}, timeout=60)


async def received(bus: Client, job: Json, key: str) -> DeliveryReceived | None:
    last = await last_message(bus, streams.JOBS.name, subjects.delivery(job["id"], key))
    return envelope.read(DeliveryReceived, last.body, last.headers) if last else None


async def triggered(bus: Client, job: Json, key: str) -> JobTriggered | None:
    last = await last_message(bus, streams.JOBS.name, subjects.trigger(job["id"], key))
    return envelope.read(JobTriggered, last.body, last.headers) if last else None


def said(answer: httpx.Response) -> Any:
    """What a caller sees, without what names the path that it asked for itself."""
    document = answer.json()
    document.pop("instance", None)
    return answer.status_code, document, answer.headers.get("www-authenticate")
