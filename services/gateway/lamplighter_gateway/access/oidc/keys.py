"""An issuer's public keys, as it publishes them (RFC 7517). What is of no use here is passed over."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

ALGORITHMS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""Which algorithms a kind of key is for. None is symmetric: nobody can sign with what the issuer publishes."""

MOST_KEYS = 100
LEAST_RSA_BITS, MOST_RSA_BITS = 2_048, 8_192


class BadKeys(ValueError):
    """What the issuer published is not a set of keys."""


@dataclass(frozen=True, slots=True)
class Key:
    key_id: str | None
    algorithm: str
    verifier: PyJWK


@dataclass(frozen=True, slots=True)
class KeySet:
    keys: Sequence[Key] = ()

    def find(self, algorithm: str, key_id: str | None) -> Key | None:
        """The key of that id; without an id, the only one for the algorithm."""
        fitting = [key for key in self.keys if key.algorithm == algorithm]
        if key_id is None:
            return fitting[0] if len(fitting) == 1 else None
        return next((key for key in fitting if key.key_id == key_id), None)


def read_keys(document: bytes) -> KeySet:
    """Raises `BadKeys`, also where not one of the keys can be used."""
    try:
        told = json.loads(document)
    except (ValueError, RecursionError) as wrong:
        raise BadKeys("what it publishes is not JSON") from wrong
    listed = told.get("keys") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise BadKeys(f"what it publishes is not a list of at most {MOST_KEYS} keys")
    keys = [key for one in listed if isinstance(one, dict) for key in _read(one)]
    if not keys:
        raise BadKeys("it publishes no key that can be used here")
    return KeySet(tuple(keys))


def _read(told: dict[str, Any]) -> list[Key]:
    key_id, stated, operations = told.get("kid"), told.get("alg"), told.get("key_ops")
    if told.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return []
    kind, curve = told.get("kty"), told.get("crv", "")
    if not isinstance(kind, str) or not isinstance(curve, str) or not isinstance(key_id, str | None):
        return []
    fitting = ALGORITHMS.get((kind, curve), ())
    wanted = fitting if stated is None else tuple(one for one in fitting if one == stated)
    verifiers = [(algorithm, _verifier(told, algorithm)) for algorithm in wanted]
    return [Key(key_id, algorithm, verifier) for algorithm, verifier in verifiers if verifier is not None]


def _verifier(told: dict[str, Any], algorithm: str) -> PyJWK | None:
    if "d" in told:
        # A private key that was published is anybody's.
        return None
    try:
        verifier = PyJWK(told, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    key = verifier.key
    weak = isinstance(key, RSAPublicKey) and not LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS
    return None if weak else verifier
