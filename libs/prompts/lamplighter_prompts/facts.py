"""What a rendering is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Previous:
    """The last good result of the job."""

    execution_id: str
    finished_at: datetime
    result: str


@dataclass(frozen=True)
class Facts:
    """All times are aware. `payload` is JSON as Python reads it; what is in it is trusted with nothing."""

    job_id: str
    job_name: str
    description: str
    timezone: str
    environment: str
    variables: Mapping[str, str]
    scheduled_at: datetime
    """The occurrence's nominal instant."""
    fired_at: datetime
    """When it was decided."""
    payload: Any = None
    previous: Previous | None = None
