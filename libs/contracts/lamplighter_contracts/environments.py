"""Where work happens: a worker queue, and what every run in it is given."""

from pydantic import Field

from lamplighter_contracts.fields import Description, EnvName, Instant, Model, Name, Slug
from lamplighter_contracts.timing import Exclusions

DEFAULT_ENVIRONMENT = "default"
DEFAULT_QUEUE = "default"


class Environment(Model):
    environment_id: Slug
    name: Name
    description: Description = ""
    queue: Slug = DEFAULT_QUEUE
    variables: dict[EnvName, str] = Field(default_factory=dict)
    timezone: str = "UTC"
    """In which its exclusions are read."""
    exclusions: Exclusions = Exclusions()
    """Hold for the schedules of all jobs in it, beside their own."""
    created_at: Instant
    updated_at: Instant
    revision: int = 0
