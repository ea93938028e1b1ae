"""API tokens: how one is made, and whether a text is one. Only its hash is ever kept."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lamplighter_contracts.projects import EVERY_PROJECT
from lamplighter_contracts.tokens import Role, Token

PREFIX = "lamp"
SECRET_BYTES = 32
ID_BYTES = 6
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows, and for how long."""

    name: str
    role: Role
    projects: tuple[str, ...] = (EVERY_PROJECT,)
    expires_at: datetime | None = None


def mint(grant: Grant, now: datetime, entropy: Callable[[int], bytes], by: str = "") -> tuple[Token, str]:
    """A new token as the catalog keeps it, and the text that its owner sees once."""
    token_id = entropy(ID_BYTES).hex()
    secret = base64.urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode()
    text = f"{PREFIX}_{token_id}_{secret}"
    token = Token(
        token_id=token_id,
        name=grant.name,
        role=grant.role,
        projects=grant.projects,
        sha256=_hash(text),
        created_at=now,
        created_by=by,
        expires_at=grant.expires_at,
    )
    return token, text


def token_id_of(text: str) -> str | None:
    """Which token a text claims to be, if it has the shape of one."""
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != PREFIX or len(text) > MOST_CHARACTERS or not text.isascii():
        return None
    return parts[1]


def is_genuine(token: Token | None, text: str, now: datetime) -> bool:
    """Whether `text` is the token that the catalog has, and has not expired. Takes as long for none as for one."""
    expected = token.sha256 if token is not None else _hash("")
    same = hmac.compare_digest(expected, _hash(text))
    return same and token is not None and not has_expired(token, now)


def has_expired(token: Token, now: datetime) -> bool:
    return token.expires_at is not None and now >= token.expires_at


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
