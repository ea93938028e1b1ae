"""What can be set of a scheduler, beside what all services share."""

from pydantic import Field

from lamplighter_runtime.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    reconcile_seconds: int = Field(default=60, ge=1, le=3_600)
    """How often timers and gates are proved to agree with the catalog."""
