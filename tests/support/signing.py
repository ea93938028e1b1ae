"""How producers sign what they deliver, after their own documents: apart from the code that judges it."""

import base64
import hashlib
import hmac


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def _key(secret: str) -> bytes:
    """What stands behind the prefix, in base64; a secret without one is its own key."""
    prefix, _, key = secret.partition("_")
    if prefix not in ("whsec", "lampwh"):
        return secret.encode()
    plain = key.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """What a producer of Standard Webhooks sends as `webhook-signature`."""
    signed = _mac(_key(secret), f"{message_id}.{timestamp}.".encode(), body)
    return "v1," + base64.b64encode(signed).decode()


def stripe_signature(secret: str, timestamp: int, body: bytes) -> str:
    return f"t={timestamp},v1={_mac(secret.encode(), f'{timestamp}.'.encode(), body).hex()}"


def slack_signature(secret: str, timestamp: int, body: bytes) -> str:
    return "v0=" + _mac(secret.encode(), f"v0:{timestamp}:".encode(), body).hex()
