"""Which issuer is trusted, and what its claims allow."""

import hashlib
import ipaddress
import json
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from lamplighter_gateway.access.oidc.claims import Rule


@dataclass(frozen=True)
class OidcSettings:
    issuer: str
    audience: str
    rules: tuple[Rule, ...]
    jwks_url: str = ""
    name_claim: str = "name"

    @cached_property
    def fingerprint(self) -> str:
        """Sessions that were begun under other settings are no longer good."""
        told = [self.issuer, self.audience, *(rule.model_dump_json() for rule in self.rules)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def is_safe(url: str) -> bool:
    """Whether what comes from there can be believed: https, or a server on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
