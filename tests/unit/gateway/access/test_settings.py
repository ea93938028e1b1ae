"""Settings that decide who comes in are right, or the gateway does not start."""

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from lamplighter_gateway.access.oidc.settings import is_safe
from lamplighter_gateway.settings import Settings

KEY = base64.b64encode(bytes(32)).decode()
RULES = [{"claim": "groups", "value": "staff", "role": "viewer", "projects": ["default"]}]
OIDC = {"oidc_issuer": "https://id.example.org", "oidc_audience": "lamp", "oidc_roles": json.dumps(RULES)}


def settings(**given: Any) -> Settings:
    return Settings.model_validate({"secret_key": KEY, "vault_keys": f"k1:{KEY}", **given})


def test_an_issuer_with_its_rules() -> None:
    oidc = settings(**OIDC).oidc
    assert oidc is not None
    assert [rule.value for rule in oidc.rules] == ["staff"]
    assert settings().oidc is None
    others = settings(**{**OIDC, "oidc_audience": "other"}).oidc
    assert others is not None
    assert oidc.fingerprint != others.fingerprint


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_audience": ""},
        {"oidc_roles": ""},
        {"oidc_roles": "[]"},
        {"oidc_roles": "{"},
        {"oidc_roles": json.dumps([{**RULES[0], "role": "root"}])},
        {"oidc_roles": json.dumps([{**RULES[0], "projects": []}])},
        {"oidc_roles": json.dumps(RULES * 65)},
        {"oidc_issuer": "http://id.example.org"},
        {"oidc_issuer": "id.example.org"},
        {"oidc_jwks_url": "http://id.example.org/keys"},
        {"session_hours": 0},
        {"requests_per_minute": 0},
        {"failed_logins_per_minute": 0},
        {"streams_per_token": 0},
        {"trusted_proxies": "everywhere"},
        {"trusted_proxies": "10.0.0.1/8"},
    ],
    ids=str,
)
def test_what_is_wrong_does_not_start(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**{**OIDC, **given})


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example.org/keys", True),
        ("https://id.example.org:8443", True),
        ("http://127.0.0.1:8080/realms/main", True),
        ("http://[::1]:8080", True),
        ("http://localhost", True),
        ("http://id.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("http://169.254.169.254/", False),
        ("https://user:password@id.example.org", False),
        ("https://id.example.org/#keys", False),
        ("https://", False),
        ("https://id.example.org:port", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
        ("ftp://id.example.org", False),
        ("", False),
    ],
)
def test_what_can_be_believed(url: str, safe: bool) -> None:
    assert is_safe(url) is safe
