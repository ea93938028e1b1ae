"""The settings of a gateway: each field is the variable `LAMPLIGHTER_<FIELD>`."""

import base64
import binascii
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode

from lamplighter_choosing import Method
from lamplighter_gateway.access.addresses import Network, read_networks
from lamplighter_gateway.access.oidc.claims import Rule
from lamplighter_gateway.access.oidc.settings import OidcSettings, is_safe
from lamplighter_runtime.settings import VaultSettings

KEY_BYTES = 32
MOST_RULES = 64
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])
_HOW = "make one with `openssl rand -base64 32`, give all gateways the same, and keep it"


class Settings(VaultSettings):
    port: int = Field(default=8460, ge=0, le=65_535)
    secret_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """32 bytes in base64, from which webhook secrets and the keys of browser sessions are derived. There is no
    default."""
    scorer: Method = "bm25"
    """How smart jobs are given to agents: by words, or with the extra `meaning` by likeness of meaning. The same for
    gateways and dispatchers."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s/]+(/\S*)?)?$")
    """Where callers reach this gateway, for `webhook_url`; `http://<host>:<port>` when empty."""
    webhook_limit_bytes: int = Field(default=1 << 20, ge=1_024, le=25 << 20)
    """Of a delivery. Those above 256 KiB are kept in the object store, and travel by reference."""
    webhook_rate_per_minute: int = Field(default=6_000, ge=1, le=1_000_000)
    """Genuine deliveries that a webhook takes, at each gateway, where its job says nothing else."""
    body_limit_bytes: int = Field(default=256 * 1024, ge=1_024, le=400 * 1024)
    batch_limit_bytes: int = Field(default=8 << 20, ge=1_024, le=64 << 20)
    """Of a request for many jobs at once."""

    oidc_issuer: str = ""
    """Whose JWTs are taken beside API tokens: its address, to the letter as it stands in them."""
    oidc_audience: str = ""
    """What their `aud` has to name."""
    oidc_roles: Annotated[tuple[Rule, ...], NoDecode] = Field(default=(), max_length=MOST_RULES)
    """JSON: a list of {"claim", "value", "role", "projects"}. Of those that match the highest role counts, and the
    projects of all."""
    oidc_jwks_url: str = ""
    """Where its keys are, if it has no discovery document."""
    oidc_name_claim: str = "name"
    session_hours: float = Field(default=12, gt=0, le=24 * 31)
    """How long a browser's session lasts at most."""
    requests_per_minute: int = Field(default=60_000, ge=1)
    """Of one token; a tenth of it at once."""
    failed_logins_per_minute: int = Field(default=60, ge=1)
    """Of one address: wrong tokens that are told that they are wrong."""
    streams_per_token: int = Field(default=250, ge=1)
    """Live streams that one token may have open at this gateway."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    """Networks of proxies, with commas, whose X-Forwarded-For is believed."""

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _read_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return _RULES.validate_json(value or "[]")
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"must be a JSON list of rules: {place}: {first['msg']}") from wrong

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_proxies(cls, value: object) -> object:
        return read_networks(value) if isinstance(value, str) else value

    @field_validator("oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if value and not is_safe(value):
            raise ValueError("must be an https address (http only on this machine)")
        return value

    @model_validator(mode="after")
    def _check_oidc(self) -> Self:
        if self.oidc_issuer and not (self.oidc_audience and self.oidc_roles):
            raise ValueError(
                "LAMPLIGHTER_OIDC_ISSUER needs LAMPLIGHTER_OIDC_AUDIENCE and LAMPLIGHTER_OIDC_ROLES too"
            )
        return self

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError(f"is missing: {_HOW}")
        if len(_decoded(value)) != KEY_BYTES:
            raise ValueError(f"must be {KEY_BYTES} bytes in base64: {_HOW}")
        return value

    @cached_property
    def key(self) -> bytes:
        return _decoded(self.secret_key)

    @property
    def oidc(self) -> OidcSettings | None:
        if not self.oidc_issuer:
            return None
        return OidcSettings(
            self.oidc_issuer, self.oidc_audience, self.oidc_roles, self.oidc_jwks_url, self.oidc_name_claim
        )

    @property
    def most_session(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def path(self) -> str:
        """Under which callers reach it, where something before it takes that away; mostly none."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def _decoded(value: SecretStr) -> bytes:
    try:
        return base64.b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        return b""
