"""The settings of a gateway: each field is the variable `LAMPLIGHTER_<FIELD>`."""

import base64
import binascii
from functools import cached_property

from pydantic import Field, SecretStr, field_validator

from lamplighter_choosing import Method
from lamplighter_runtime.settings import VaultSettings

KEY_BYTES = 32
_HOW = "make one with `openssl rand -base64 32`, give all gateways the same, and keep it"


class Settings(VaultSettings):
    port: int = Field(default=8460, ge=0, le=65_535)
    secret_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """32 bytes in base64, from which webhook secrets are derived. There is no default."""
    scorer: Method = "bm25"
    """How smart jobs are given to agents: by words, or with the extra `meaning` by likeness of meaning. The same for
    gateways and dispatchers."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s/]+(/\S*)?)?$")
    """Where callers reach this gateway, for `webhook_url`; `http://<host>:<port>` when empty."""
    webhook_limit_bytes: int = Field(default=256 * 1024, ge=1_024, le=400 * 1024)
    body_limit_bytes: int = Field(default=256 * 1024, ge=1_024, le=400 * 1024)

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
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def _decoded(value: SecretStr) -> bytes:
    try:
        return base64.b64decode(value.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        return b""
