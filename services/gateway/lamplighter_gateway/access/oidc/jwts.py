"""Whether a text is a JWT that its issuer signed for us and that is good now: pure, and the answer to all else is no.

By RFC 8725 (best current practices): the algorithms are ours and fixed, the key is the issuer's and fixes the
algorithm, and a header that would have us fetch or take a key from elsewhere is refused.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from lamplighter_gateway.access.oidc.claims import Claims, is_subject
from lamplighter_gateway.access.oidc.keys import ALGORITHMS, Key

LEEWAY = timedelta(seconds=30)
MOST_CHARACTERS = 16_384
LONGEST_KEY_ID = 200
MOST_SECONDS = 1e12
"""Since 1970. Whatever is beyond is no time, nor is what is no number at all."""
ALLOWED = frozenset(name for names in ALGORITHMS.values() for name in names)
REQUIRED = ("iss", "aud", "sub", "exp", "iat")
"""`nbf` too is kept to where it is there: neither OpenID Connect (section 2) nor RFC 9068 has issuers send it."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_FORBIDDEN = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})


class NotGenuine(Exception):
    """It is no JWT of the issuer's, or not for us, or not now."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a JWT says of itself, before anything of it is believed."""

    algorithm: str
    key_id: str | None


def heading(text: str) -> Heading:
    """Raises `NotGenuine`."""
    if len(text) > MOST_CHARACTERS or not _SHAPE.fullmatch(text):
        raise NotGenuine("it has not the shape of a JWT")
    told = _object(text.partition(".")[0])
    algorithm, key_id, kind = told.get("alg"), told.get("kid"), told.get("typ", "JWT")
    if forbidden := sorted(told.keys() & _FORBIDDEN):
        raise NotGenuine(f"its header has {forbidden[0]!r}")
    if not isinstance(algorithm, str) or algorithm not in ALLOWED:
        raise NotGenuine("its algorithm is not allowed")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise NotGenuine("it is another kind of JWT")
    if not isinstance(key_id, str | None) or len(key_id or "") > LONGEST_KEY_ID:
        raise NotGenuine("its key's id is none")
    return Heading(algorithm, key_id)


def claims(text: str, key: Key, issuer: str, audience: str, now: datetime) -> Claims:
    """What it says, once it is believed. Raises `NotGenuine`."""
    try:
        told: Claims = jwt.decode(
            text,
            key.verifier,
            algorithms=[key.algorithm],
            issuer=issuer,
            audience=audience,
            # Times are told by the clock that decides all else here.
            options={
                "require": list(REQUIRED),
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (PyJWTError, ValueError, TypeError, RecursionError) as wrong:
        raise NotGenuine(str(wrong)) from wrong
    if not is_subject(told["sub"]):
        raise NotGenuine("its subject is none")
    _check_times(told, now.timestamp())
    return told


def ends_at(claims: Claims, now: datetime) -> datetime:
    """When it ends; what is said to last beyond the years of a calendar lasts a year."""
    return datetime.fromtimestamp(min(claims["exp"], (now + timedelta(days=366)).timestamp()), now.tzinfo)


def _check_times(told: Claims, now: float) -> None:
    given: Sequence[tuple[str, Any]] = [(name, told[name]) for name in ("exp", "iat", "nbf") if name in told]
    for name, at in given:
        if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < MOST_SECONDS:
            raise NotGenuine(f"its {name} is no time")
    times, leeway = dict(given), LEEWAY.total_seconds()
    if times["exp"] <= now - leeway:
        raise NotGenuine("it has expired")
    if max(times["iat"], times.get("nbf", 0)) > now + leeway:
        raise NotGenuine("it is not good yet")


def _object(part: str) -> dict[str, Any]:
    """A part as the JSON object it has to be, each name in it once: two readers never see two things."""
    try:
        told = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once)
    except (ValueError, binascii.Error, RecursionError) as wrong:
        raise NotGenuine("its header is not JSON") from wrong
    if not isinstance(told, dict):
        raise NotGenuine("its header is no object")
    return told


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a name comes twice")
    return told
