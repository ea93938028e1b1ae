"""The settings that all services share, read from the environment."""

from functools import cached_property
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lamplighter_vault import KeyRing


class ServiceSettings(BaseSettings):
    """Each field is the variable `LAMPLIGHTER_<FIELD>`; the servers' addresses also go by their usual names."""

    model_config = SettingsConfigDict(env_prefix="LAMPLIGHTER_", extra="ignore", frozen=True)

    nats_url: str = Field(
        default="nats://127.0.0.1:4222", validation_alias=AliasChoices("LAMPLIGHTER_NATS_URL", "NATS_URL")
    )
    nats_user: str | None = None
    nats_password: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
    """Where health, metrics and (gateway) the API are served; 0 takes any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    shutdown_seconds: int = Field(default=10, ge=0, le=600)
    """How long work in progress may take to end after SIGTERM."""


_HOW = (
    "make one with `echo k1:$(openssl rand -base64 32)`, give gateways and dispatchers the same, and keep it"
)


class VaultSettings(ServiceSettings):
    """Of a service that seals secrets, or opens them."""

    vault_keys: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """The keys that secrets are sealed with, `id:base64 of 32 bytes[,id:base64...]`: the first one seals. There is
    no default."""

    @field_validator("vault_keys")
    @classmethod
    def _check_vault_keys(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError(f"is missing: {_HOW}")
        KeyRing.parse(value.get_secret_value())
        return value

    @cached_property
    def ring(self) -> KeyRing:
        return KeyRing.parse(self.vault_keys.get_secret_value())


def settings_error(invalid: ValidationError) -> str:
    """One line a setting: its variable, what is wrong. Values are left out: they may be secret."""
    lines = []
    for error in invalid.errors(include_url=False, include_input=False, include_context=False):
        name = "_".join(str(part) for part in error["loc"]).upper()
        variable = name if name.startswith(("LAMPLIGHTER_", "NATS_", "MONGODB_")) else f"LAMPLIGHTER_{name}"
        lines.append(f"{variable}: {error['msg']}")
    return "\n".join(lines)
