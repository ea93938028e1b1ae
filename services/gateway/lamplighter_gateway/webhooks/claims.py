"""What a genuine delivery says of itself: its id, its event, whether it only asks who is there."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamplighter_contracts.jobs import Producer
from lamplighter_gateway.webhooks.signatures import STANDARD_ID

IDEMPOTENCY_KEY = "idempotency-key"
GITHUB_EVENT, GITHUB_DELIVERY = "x-github-event", "x-github-delivery"
GITLAB_EVENT, GITLAB_DELIVERY, GITLAB_CAUSE = "x-gitlab-event", "x-gitlab-webhook-uuid", "x-gitlab-event-uuid"

MOST_EVENT, MOST_ID = 100, 200

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    provider: str
    delivery_id: str = ""
    """Empty where the producer gives none: then nothing is a repeat of it."""
    event: str = ""
    names: tuple[str, ...] = ()
    """All that its event may be called by."""
    is_ping: bool = False
    challenge: str = ""
    """What Slack wants to hear back."""


def claim_of(scheme: Producer, headers: Headers, payload: Any, body: bytes) -> Claim:
    """Of a delivery that is genuine by `scheme`."""
    data = payload if isinstance(payload, dict) else {}
    match scheme:
        case Producer.STRIPE:
            return _claim("stripe", _text(data, "id"), _text(data, "type"))
        case Producer.SLACK:
            return _of_slack(data)
        case _ if GITLAB_EVENT in headers or scheme is Producer.GITLAB:
            identity = headers.get(IDEMPOTENCY_KEY) or headers.get(STANDARD_ID) or _gitlab_id(headers, body)
            return _claim("gitlab", identity, headers.get(GITLAB_EVENT, ""), _text(data, "object_kind"))
        case Producer.STANDARD:
            return _claim("standard", headers.get(STANDARD_ID, ""), _text(data, "type"))
        case _ if GITHUB_EVENT in headers:
            return _of_github(headers, data)
        case _:
            provider = "bearer" if scheme is Producer.BEARER else "webhook"
            identity = headers.get(GITHUB_DELIVERY) or headers.get(IDEMPOTENCY_KEY, "")
            return _claim(provider, identity, _text(data, "type"))


def _of_github(headers: Headers, data: Mapping[str, Any]) -> Claim:
    event, action = headers[GITHUB_EVENT], _text(data, "action")
    more = f"{event}.{action}" if action else ""
    identity = headers.get(GITHUB_DELIVERY) or headers.get(IDEMPOTENCY_KEY, "")
    return _claim("github", identity, event, more, is_ping=event == "ping")


def _gitlab_id(headers: Headers, body: bytes) -> str:
    """Older ones have no id of their own. The event's is shared by all that one cause brings about."""
    if GITLAB_DELIVERY in headers:
        return headers[GITLAB_DELIVERY]
    cause = headers.get(GITLAB_CAUSE)
    return f"{cause}.{hashlib.sha256(body).hexdigest()[:32]}" if cause else ""


def _of_slack(data: Mapping[str, Any]) -> Claim:
    inner = data.get("event")
    kind = _text(data, "type")
    if kind == "url_verification":
        return _claim("slack", "", kind, is_ping=True, challenge=_text(data, "challenge"))
    event = _text(inner, "type") if isinstance(inner, dict) else kind or _text(data, "command")
    return _claim("slack", _text(data, "event_id") or _text(data, "trigger_id"), event)


def _claim(
    provider: str, identity: str, event: str, more: str = "", *, is_ping: bool = False, challenge: str = ""
) -> Claim:
    names = tuple(name[:MOST_EVENT] for name in (event, more) if name)
    return Claim(provider, _bounded(identity.strip()), event[:MOST_EVENT], names, is_ping, challenge)


def _bounded(identity: str) -> str:
    """One that is too long is known by its hash."""
    return identity if len(identity) <= MOST_ID else f"sha256:{hashlib.sha256(identity.encode()).hexdigest()}"


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
