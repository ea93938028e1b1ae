"""Browser sessions: a signed cookie that holds all there is to know of one, and what its pages have to send beside it.

Signed and not sealed: it says nothing that its owner does not know.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ConfigDict, ValidationError

from lamplighter_contracts.fields import Instant, Model, Slug

ID_BYTES = 16
MOST_CHARACTERS = 4_096
"""No browser keeps more in a cookie."""
SECURE_NAME, PLAIN_NAME = "__Host-lamp", "lamp"
"""A browser takes the first one from https alone, and for this very host; on plain http it would not keep it."""


class Session(Model):
    """`actor` is that of the token or of the JWT that began it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: Slug
    actor: str
    expires_at: Instant
    name: str = ""
    rules: tuple[int, ...] = ()
    settings: str = ""
    """Of somebody who came with a JWT: the rules that it met, and under which settings."""


class SessionKeys:
    """Derived from the gateways' secret key (HKDF, RFC 5869): one for cookies, one for what goes beside them."""

    def __init__(self, secret_key: bytes) -> None:
        self._cookie = _derived(secret_key, b"lamplighter session cookie 1")
        self._csrf = _derived(secret_key, b"lamplighter session csrf 1")

    def cookie(self, session: Session) -> str:
        payload = _encoded(session.model_dump_json(exclude_defaults=True).encode())
        return f"{payload}.{_mac(self._cookie, payload)}"

    def read(self, cookie: str, now: datetime) -> Session | None:
        """The session in a cookie that is genuine and not yet over."""
        payload, _, mac = cookie.partition(".")
        if len(cookie) > MOST_CHARACTERS or not cookie.isascii():
            return None
        if not hmac.compare_digest(_mac(self._cookie, payload), mac):
            return None
        try:
            session = Session.model_validate_json(
                base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            )
        except (ValidationError, binascii.Error):
            # Ours, and of another version: who comes with it logs in again.
            return None
        return session if now < session.expires_at else None

    def csrf_token(self, session_id: str) -> str:
        """What a page reads, and another site's page cannot."""
        return _mac(self._csrf, session_id)

    def is_csrf_token(self, session_id: str, given: str) -> bool:
        return hmac.compare_digest(self.csrf_token(session_id).encode(), given.encode("utf-8", "replace"))


def _derived(secret_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret_key)


def _mac(key: bytes, text: str) -> str:
    return _encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
