"""Whether a webhook delivery is genuine: pure functions over raw bytes that accept or refuse, and never raise."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from lamplighter_contracts.jobs import Producer

TOLERANCE_SECONDS = 300
"""How far a signed time may lie from ours, in either direction: what Stripe, Slack and Standard Webhooks advise."""
LEAST_KEY = 16
"""Bytes of a key that base64 stands for. Fewer are text that only looks so."""
MOST_SIGNATURES = 10
"""Looked at in one header; a rotation needs two."""

HUB_SIGNATURE = "x-hub-signature-256"
STANDARD_SIGNATURE, STANDARD_ID, STANDARD_TIME = "webhook-signature", "webhook-id", "webhook-timestamp"
STRIPE_SIGNATURE = "stripe-signature"
SLACK_SIGNATURE, SLACK_TIME = "x-slack-signature", "x-slack-request-timestamp"
GITLAB_TOKEN = "x-gitlab-token"  # noqa: S105 - a header's name
AUTHORIZATION = "authorization"

WHSEC = "whsec_"
OWN_PREFIX = "lampwh_"

_SIGNED_ELSEWHERE = re.compile(rb"v0:\d{1,12}:|(?:[^\s{\[\"]{0,256}\.)?\d{9,12}\.")
"""How a text begins that Slack, Stripe or Standard Webhooks sign: with its time, and then comes the body."""

Headers = Mapping[str, str]
"""Names in small letters."""


def verify(
    producer: Producer, headers: Headers, body: bytes, secrets: Sequence[str], now: datetime
) -> Producer | None:
    """By which producer's signature the delivery is genuine, or None. Takes as long for a good one as for a bad one."""
    shown = shown_by(headers)
    if shown is None:
        return None
    genuine = _CHECKS[shown](headers, body, [secret for secret in secrets if secret], now)
    return shown if genuine and shown in _allowed(producer) else None


def shown_by(headers: Headers) -> Producer | None:
    """Whose signature the delivery shows. A signature counts before a bearer token, which may be a proxy's."""
    return next((producer for header, producer in _SIGNS if headers.get(header)), None)


def _allowed(producer: Producer) -> frozenset[Producer]:
    match producer:
        case Producer.AUTO:
            return frozenset(Producer)
        case Producer.GITLAB:
            # Its signing token signs as Standard Webhooks do.
            return frozenset({Producer.GITLAB, Producer.STANDARD})
        case _:
            return frozenset({producer})


def bearer(headers: Headers) -> str | None:
    """The token of an Authorization header (RFC 6750)."""
    scheme, _, token = headers.get(AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def hub_signature(secret: str, body: bytes) -> str:
    """What GitHub, and many after it, send as `X-Hub-Signature-256`."""
    return "sha256=" + _mac(_bytes(secret), body).hex()


def _check_hub(headers: Headers, body: bytes, secrets: Sequence[str], _: datetime) -> bool:
    given = _bytes(headers.get(HUB_SIGNATURE, ""))
    # Another producer's delivery, its time taken for a part of the body, would be good for ever.
    return not _SIGNED_ELSEWHERE.match(body) and _any(
        hmac.compare_digest(hub_signature(secret, body).encode(), given) for secret in secrets
    )


def _check_standard(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    timestamp = headers.get(STANDARD_TIME, "")
    signed = _bytes(f"{headers.get(STANDARD_ID, '')}.{timestamp}.")
    parts = headers.get(STANDARD_SIGNATURE, "").split()[:MOST_SIGNATURES]
    given = [_decoded(part.removeprefix("v1,")) for part in parts if part.startswith("v1,")]
    keys = [key for secret in secrets for key in _standard_keys(secret)]
    matches = _one_of((_mac(key, signed, body) for key in keys), given)
    return matches and _is_recent(timestamp, now) and bool(headers.get(STANDARD_ID))


def _check_stripe(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    pairs = [part.strip().partition("=") for part in headers.get(STRIPE_SIGNATURE, "").split(",")]
    timestamp = next((value for name, _, value in pairs if name == "t"), "")
    given = [_bytes(value) for name, _, value in pairs if name == "v1"][:MOST_SIGNATURES]
    signed = _bytes(f"{timestamp}.")
    matches = _one_of((_mac(_bytes(secret), signed, body).hex().encode() for secret in secrets), given)
    return matches and _is_recent(timestamp, now)


def _check_slack(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    timestamp, given = headers.get(SLACK_TIME, ""), _bytes(headers.get(SLACK_SIGNATURE, ""))
    signed = _bytes(f"v0:{timestamp}:")
    expected = (b"v0=" + _mac(_bytes(secret), signed, body).hex().encode() for secret in secrets)
    return _one_of(expected, [given]) and _is_recent(timestamp, now)


def _check_gitlab(headers: Headers, _: bytes, secrets: Sequence[str], __: datetime) -> bool:
    return _is_one_of(headers.get(GITLAB_TOKEN, ""), secrets)


def _check_bearer(headers: Headers, _: bytes, secrets: Sequence[str], __: datetime) -> bool:
    return _is_one_of(bearer(headers) or "", secrets)


def _is_one_of(token: str, secrets: Sequence[str]) -> bool:
    # Hashed, so that not even a length is told by the time that it takes.
    given = hashlib.sha256(_bytes(token)).digest()
    return _any(hmac.compare_digest(hashlib.sha256(_bytes(one)).digest(), given) for one in secrets)


def _one_of(expected: Iterable[bytes], given: Sequence[bytes]) -> bool:
    return _any(_any(hmac.compare_digest(one, other) for other in given) for one in expected)


def _any(found: Iterable[bool]) -> bool:
    """As `any`, but it looks at all of them."""
    return any(list(found))


def _is_recent(timestamp: str, now: datetime) -> bool:
    """Whether it is a Unix time in whole seconds, and about now."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE_SECONDS


def _standard_keys(secret: str) -> list[bytes]:
    """The key bytes that the text stands for: base64 after `whsec_` or our own prefix; without one, that or itself."""
    for prefix in (WHSEC, OWN_PREFIX):
        if secret.startswith(prefix):
            return [_key(secret.removeprefix(prefix)) or _bytes(secret)]
    decoded = _key(secret)
    return [decoded, _bytes(secret)] if decoded else [_bytes(secret)]


def _key(text: str) -> bytes:
    """Empty for what is no key. To HMAC nothing but zeros is the key of nobody: the empty one."""
    decoded = _decoded(text)
    return decoded if len(decoded) >= LEAST_KEY and any(decoded) else b""


def _decoded(text: str) -> bytes:
    """Base64 of either alphabet, padded or not; empty for what is none."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(key: bytes, *parts: bytes) -> bytes:
    signing = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        signing.update(part)
    return signing.digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_SIGNS = (
    (HUB_SIGNATURE, Producer.GITHUB),
    (STANDARD_SIGNATURE, Producer.STANDARD),
    (STRIPE_SIGNATURE, Producer.STRIPE),
    (SLACK_SIGNATURE, Producer.SLACK),
    (GITLAB_TOKEN, Producer.GITLAB),
    (AUTHORIZATION, Producer.BEARER),
)

_CHECKS: Mapping[Producer, Callable[[Headers, bytes, Sequence[str], datetime], bool]] = {
    Producer.GITHUB: _check_hub,
    Producer.STANDARD: _check_standard,
    Producer.STRIPE: _check_stripe,
    Producer.SLACK: _check_slack,
    Producer.GITLAB: _check_gitlab,
    Producer.BEARER: _check_bearer,
}
