"""An identity provider on a loopback port: it publishes what keys a test says, and signs what a test says."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "lamplighter"
DISCOVERY, JWKS, MOVED = "/.well-known/openid-configuration", "/keys", "/moved"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """Slow to make, so each is made once."""
    return rsa.generate_private_key(65_537, bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key(number: int = 0) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def public_jwk(key: PrivateKey, key_id: str | None, **fields: Any) -> dict[str, Any]:
    match key:
        case rsa.RSAPrivateKey():
            told = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case ec.EllipticCurvePrivateKey():
            told = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        case _:
            told = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**told, **({"kid": key_id} if key_id is not None else {}), "use": "sig", **fields}


def claims_of(issuer: str, now: datetime, **claims: Any) -> dict[str, Any]:
    """Good ones; a claim that is given as None is left out."""
    at = int(now.timestamp())
    whole = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": "u-1",
        "iat": at,
        "exp": at + 600,
        "name": "Ada",
        **claims,
    }
    return {name: value for name, value in whole.items() if value is not None}


def sign(
    claims: Mapping[str, Any] | Sequence[Any],
    key: PrivateKey,
    key_id: str | None = "k1",
    algorithm: str = "RS256",
    **header: Any,
) -> str:
    told = {**({"kid": key_id} if key_id is not None else {}), **header}
    # Not `jwt.encode`, which will not sign everything.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm=algorithm, headers=told)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class ScriptedIssuer:
    """Signs with `rsa_key(0)` as `k1`, until a test says otherwise. `fails`: it answers 500."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public_jwk(rsa_key(), "k1")])
    discovery: dict[str, Any] = field(default_factory=dict)
    """What is told otherwise in the discovery document."""
    raw: bytes | None = None
    """Sent instead of the keys."""
    status: int = 200
    moved: bool = False
    """Whether the keys are elsewhere, to which a redirect leads."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """It answers once this is set."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""

    def jwt(self, key: PrivateKey | None = None, key_id: str | None = "k1", **claims: Any) -> str:
        return sign(claims_of(self.url, datetime.now(UTC), **claims), key or rsa_key(), key_id)

    def document(self, path: str) -> bytes | None:
        if path == DISCOVERY:
            return json.dumps(
                {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}", **self.discovery}
            ).encode()
        if path in (JWKS, MOVED):
            return self.raw if self.raw is not None else json.dumps({"keys": self.keys}).encode()
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            self.asked.append(path)
            await self.gate.wait()
            content = self.document(path)
            status = 302 if self.moved and path == JWKS else 404 if content is None else self.status
            content = content or b""
            writer.write(
                f"HTTP/1.1 {status} Told\r\nContent-Length: {len(content)}\r\nConnection: close\r\n"
                f"Location: {self.url}{MOVED}\r\n\r\n".encode()
                + content
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted_issuer() -> AsyncIterator[ScriptedIssuer]:
    issuer = ScriptedIssuer()
    issuer.gate.set()
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield issuer
    finally:
        issuer.gate.set()
        server.close()
