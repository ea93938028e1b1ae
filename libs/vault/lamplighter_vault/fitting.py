"""Whether a ring of keys is the one that secrets were sealed with."""

from collections.abc import Iterable

from lamplighter_contracts.environments import SealedSecret
from lamplighter_vault.keyring import CannotOpen, KeyRing


def wrong_keys(secrets: Iterable[SealedSecret], ring: KeyRing) -> str | None:
    """Why this ring is not the one that these were sealed with: a key that is missing, or another one of the same
    id. One secret of each key is tried."""
    tried: dict[str, SealedSecret] = {}
    for secret in secrets:
        tried.setdefault(_key_id(secret, ring), secret)
    for key_id, secret in tried.items():
        if key_id not in ring.key_ids:
            return f"LAMPLIGHTER_VAULT_KEYS lacks the key {key_id!r}, with which {_named(secret)} is sealed: add it."
        try:
            ring.open(secret.environment_id, secret.name, secret.sealed)
        except CannotOpen:
            return f"the key {key_id!r} in LAMPLIGHTER_VAULT_KEYS is another one than {_named(secret)} is sealed with."
    return None


def _key_id(secret: SealedSecret, ring: KeyRing) -> str:
    try:
        return ring.key_id(secret.sealed)
    except CannotOpen:
        return ""


def _named(secret: SealedSecret) -> str:
    return f"the secret {secret.name!r} of the environment {secret.environment_id!r}"
