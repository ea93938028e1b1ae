"""A JWT is believed where its issuer signed it, for us, with an algorithm of ours, and it is good now: else never."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.access.oidc.jwts import MOST_CHARACTERS, NotGenuine, claims, ends_at, heading
from lamplighter_gateway.access.oidc.keys import BadKeys, KeySet, read_keys
from tests.support.scripted.issuer import (
    AUDIENCE,
    PrivateKey,
    claims_of,
    ec_key,
    ed_key,
    encoded,
    public_jwk,
    rsa_key,
    sign,
)

ISSUER = "https://id.example.org"
NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
AT = int(NOW.timestamp())


def published(*keys: dict[str, Any]) -> KeySet:
    return read_keys(json.dumps({"keys": list(keys)}).encode())


KEYS = published(
    public_jwk(rsa_key(), "k1"),
    public_jwk(ec_key(), "e1"),
    public_jwk(ed_key(), "d1"),
    {"kty": "oct", "k": "AAAA"},
)


def believed(text: str, keys: KeySet = KEYS) -> dict[str, Any]:
    wanted = heading(text)
    key = keys.find(wanted.algorithm, wanted.key_id)
    if key is None:
        raise NotGenuine("no such key")
    return dict(claims(text, key, ISSUER, AUDIENCE, NOW))


def told(**fields: Any) -> dict[str, Any]:
    return claims_of(ISSUER, NOW, **fields)


@pytest.mark.parametrize(
    ("key", "key_id", "algorithm"),
    [
        (rsa_key(), "k1", "RS256"),
        (rsa_key(), "k1", "PS256"),
        (ec_key(), "e1", "ES256"),
        (ed_key(), "d1", "EdDSA"),
        (ec_key(), None, "ES256"),
    ],
)
def test_a_good_one_is_believed(key: PrivateKey, key_id: str | None, algorithm: str) -> None:
    assert believed(sign(told(), key, key_id, algorithm))["sub"] == "u-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"aud": ["other", AUDIENCE]},
        {"exp": AT - 29},
        {"iat": AT + 29, "nbf": AT + 29},
        {"exp": AT + 0.5},
        {"exp": 1e11},
    ],
)
def test_what_is_good_by_a_little_is_good(fields: dict[str, Any]) -> None:
    assert believed(sign(told(**fields), rsa_key()))


@pytest.mark.parametrize(
    "fields",
    [
        *({name: None} for name in ("iss", "aud", "sub", "exp", "iat")),
        {"iss": "https://id.example.org/"},
        {"iss": "https://id.example.com"},
        {"iss": [ISSUER]},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"aud": AUDIENCE + "2"},
        {"aud": {AUDIENCE: 1}},
        {"exp": AT - 30},
        {"exp": str(AT + 600)},
        {"exp": True},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": -1},
        {"iat": AT + 31},
        {"iat": "now"},
        {"nbf": AT + 31},
        {"nbf": "later"},
        {"nbf": [AT]},
        {"sub": ""},
        {"sub": 17},
        {"sub": "a\r\nLamplighter-Role: admin"},
        {"sub": "ä"},
        {"sub": "a" * 256},
    ],
    ids=str,
)
def test_wrong_claims_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(NotGenuine):
        believed(sign(told(**fields), rsa_key()))


GOOD = sign(told(), rsa_key())
HEAD, BODY, SIGNATURE = GOOD.split(".")
PEM = (
    rsa_key()
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def headed(header: bytes, signature: str = SIGNATURE) -> str:
    return f"{encoded(header)}.{BODY}.{signature}"


def forged(signature: Callable[[bytes], bytes] = lambda _: b"x", **header: Any) -> str:
    signed = f"{encoded(json.dumps(header).encode())}.{BODY}"
    return f"{signed}.{encoded(signature(signed.encode()))}"


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda signed: hmac.new(secret, signed, hashlib.sha256).digest()


def signed_with(**header: Any) -> str:
    """Genuinely signed, but for what its header has."""
    return sign(told(), rsa_key(), "k1", **header)


HOSTILE = {
    "empty": "",
    "no JWT": "abc",
    "two parts": f"{HEAD}.{BODY}",
    "four parts": f"{GOOD}.x",
    "five parts, as an encrypted one has": "a.b.c.d.e",
    "unsigned": f"{HEAD}.{BODY}.",
    "padded": f"{HEAD}==.{BODY}.{SIGNATURE}",
    "a line end": f"{GOOD}\n",
    "not of the alphabet": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}!",
    "not ASCII": f"{HEAD}.{BODY}.\u00e4",
    "very long": f"{HEAD}.{'A' * MOST_CHARACTERS}.{SIGNATURE}",
    "none": forged(alg="none", kid="k1"),
    "None": forged(alg="None", kid="k1"),
    "nOnE, unsigned": f"{encoded(json.dumps({'alg': 'nOnE'}).encode())}.{BODY}.",
    "no algorithm": forged(kid="k1"),
    "a list of algorithms": forged(alg=["RS256"], kid="k1"),
    "null": forged(alg=None, kid="k1"),
    "two algorithms": headed(b'{"alg":"none","alg":"RS256","kid":"k1"}'),
    "HS256 with the public key": forged(hmac_with(PEM), alg="HS256", kid="k1"),
    "HS256 with nothing": forged(hmac_with(b""), alg="HS256", kid="k1"),
    "HMAC under the name RS256": forged(hmac_with(PEM), alg="RS256", kid="k1"),
    "RS512": sign(told(), rsa_key(), "k1", "RS512"),
    "RS384": sign(told(), rsa_key(), "k1", "RS384"),
    "RS256 under the name PS256": headed(b'{"alg":"PS256","kid":"k1"}'),
    "a key of another kind": forged(alg="ES256", kid="k1"),
    "another key": sign(told(), rsa_key(1), "k1"),
    "a key that nobody has": sign(told(), rsa_key(), "k9"),
    "a path as kid": sign(told(), rsa_key(), "../../../../dev/null"),
    "SQL as kid": sign(told(), rsa_key(), "k1' UNION SELECT 'x"),
    "a very long kid": sign(told(), rsa_key(), "k" * 201),
    "a number as kid": forged(alg="RS256", kid=1),
    "jku": signed_with(jku="https://evil.example/keys"),
    "x5u": signed_with(x5u="https://evil.example/cert"),
    "jwk": sign(told(), rsa_key(1), "k1", jwk=public_jwk(rsa_key(1), "k1")),
    "x5c": signed_with(x5c=["AAAA"]),
    "crit": signed_with(crit=["exp"], exp=1),
    "b64": forged(alg="RS256", kid="k1", b64=False),
    "zip": signed_with(zip="DEF"),
    "a log-out token": signed_with(typ="logout+jwt"),
    "a list of types": signed_with(typ=["JWT"]),
    "another body": f"{HEAD}.{encoded(json.dumps(told(sub='root')).encode())}.{SIGNATURE}",
    "a body that is no object": sign([1], rsa_key()),
    "a body that is very deep": sign(told(extra=json.loads("[" * 500 + "]" * 500)), rsa_key(1)),
    "a header that is no object": headed(b"[]"),
    "a header that is no JSON": headed(b"{"),
    "a header that is no UTF-8": headed(bytes([0xFF, 0xFE, 0])),
    "a header that is very deep": headed(b"[" * 9_000),
    "r and s that are nought": headed(b'{"alg":"ES256","kid":"e1"}', encoded(bytes(64))),
    "DER in place of r and s": headed(b'{"alg":"ES256","kid":"e1"}', encoded(b"0\6\2\1\0\2\1\0")),
    "an API token": "lamp_00112233aabb_" + "A" * 43,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_one_is_refused(name: str) -> None:
    with pytest.raises(NotGenuine):
        believed(HOSTILE[name])


@given(
    st.text()
    | st.from_regex(r"[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}\.[A-Za-z0-9_-]{1,60}", fullmatch=True)
)
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    with pytest.raises(NotGenuine):
        believed(text)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "jku", "x"]), st.none() | st.text() | st.integers()
    ),
    st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner)),
)
def test_any_header_and_any_body_are_refused_and_nothing_else(header: dict[str, Any], body: Any) -> None:
    parts = [encoded(json.dumps(part).encode()) for part in (header, body)]
    with pytest.raises(NotGenuine):
        believed(f"{parts[0]}.{parts[1]}.{SIGNATURE}")


@given(st.integers(0, len(SIGNATURE) - 3), st.sampled_from("ABab01_-"))
def test_a_signature_that_was_touched_is_refused(place: int, character: str) -> None:
    touched = SIGNATURE[:place] + character + SIGNATURE[place + 1 :]
    if touched != SIGNATURE:
        with pytest.raises(NotGenuine):
            believed(f"{HEAD}.{BODY}.{touched}")


def test_without_a_kid_there_must_be_one_key_for_it() -> None:
    text = sign(told(), rsa_key(), None)
    assert believed(text, published(public_jwk(rsa_key(), "k1")))
    with pytest.raises(NotGenuine):
        believed(text, published(public_jwk(rsa_key(1), "k2"), public_jwk(rsa_key(), "k1")))


@pytest.mark.parametrize(
    "fields",
    [
        {"use": "enc"},
        {"alg": "PS256"},
        {"alg": "RS512"},
        {"alg": ["RS256"]},
        {"key_ops": ["encrypt"]},
        {"kty": "oct"},
        {"kty": ["RSA"]},
        {"kid": 7},
        {"n": "AQAB"},
        {"n": None},
        {"e": "!"},
        {"d": "AQAB"},
    ],
    ids=str,
)
def test_a_key_that_is_not_for_this_is_passed_over(fields: dict[str, Any]) -> None:
    keys = published({**public_jwk(rsa_key(), "k1"), **fields}, public_jwk(ec_key(), "e1"))
    assert keys.find("RS256", "k1") is None
    assert keys.find("ES256", "e1") is not None


def test_a_key_that_is_too_short_is_passed_over() -> None:
    keys = published(public_jwk(rsa_key(bits=1_024), "k1"), public_jwk(ec_key(), "e1"))
    assert keys.find("RS256", "k1") is None


def test_a_key_of_another_curve_is_passed_over() -> None:
    other = public_jwk(ec.generate_private_key(ec.SECP384R1()), "e1")
    assert published(other, public_jwk(rsa_key(), "k1")).find("ES256", "e1") is None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [1, null, {}]}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda document: document[:12],
)
def test_what_is_no_set_of_keys_is_none(document: bytes) -> None:
    with pytest.raises(BadKeys):
        read_keys(document)


def test_an_end_beyond_the_calendar_is_an_end() -> None:
    assert ends_at({"exp": AT + 60}, NOW) == NOW + timedelta(seconds=60)
    assert ends_at({"exp": 9e11}, NOW) < NOW + timedelta(days=367)
