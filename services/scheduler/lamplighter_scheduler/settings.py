"""The settings of a scheduler: each field is the variable `LAMPLIGHTER_<FIELD>`."""

from pydantic import Field

from lamplighter_runtime.settings import ServiceSettings


class Settings(ServiceSettings):
    reconcile_seconds: int = Field(default=60, ge=1, le=3_600)
    """How often timers and gates are proved to agree with the catalog."""
