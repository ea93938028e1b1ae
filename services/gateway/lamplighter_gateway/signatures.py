"""Whether a webhook delivery is genuine: pure functions over bytes that accept or refuse, and never raise."""

import base64
import hashlib
import hmac

HUB_PREFIX = "sha256="
SECRET_PREFIX = "lampwh_"  # noqa: S105 - what a secret begins with


def webhook_secret(key: bytes, job_id: str, path: str, generation: int) -> str:
    """The signing secret of a job's webhook. Derived, never stored: rotating it is counting `generation` on."""
    material = f"webhook\0{job_id}\0{path}\0{generation}".encode()
    digest = hmac.new(key, material, hashlib.sha256).digest()
    return SECRET_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hub_signature(secret: str, body: bytes) -> str:
    """What a producer sends as `X-Hub-Signature-256` (GitHub's convention)."""
    return HUB_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def accepts(secret: str, body: bytes, signature: str | None) -> bool:
    """Whether `signature` is that of these raw bytes. In constant time; anything odd is refused."""
    given = (signature or "").encode("utf-8", "replace")
    return hmac.compare_digest(hub_signature(secret, body).encode(), given)
