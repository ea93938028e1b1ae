"""The settings of a dispatcher: each field is the variable `LAMPLIGHTER_<FIELD>`."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from lamplighter_choosing import Method
from lamplighter_contracts.environments import DEFAULT_QUEUE
from lamplighter_contracts.fields import Slug
from lamplighter_contracts.streams import LEASE
from lamplighter_runtime.settings import VaultSettings


def _own_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"lamplighter-{os.getuid()}"


class Settings(VaultSettings):
    queues: Annotated[tuple[Slug, ...], NoDecode, Field(min_length=1)] = (DEFAULT_QUEUE,)
    """The worker queues that this dispatcher serves, separated by commas."""
    slots: int = Field(default=16, ge=1, le=10_000)
    """How many executions run at once, divided evenly among the queues: a full one never holds up another."""
    lease_seconds: float = Field(default=LEASE.total_seconds(), ge=1, le=600)
    """A dispatcher that says nothing for so long has lost its executions. The same for all of one queue."""
    heartbeat_seconds: float = Field(default=5, ge=0.1, le=200)
    attempts: int = Field(default=3, ge=1, le=100)
    """How many attempts may end with the death of their worker before the execution is given up as lost."""
    kill_grace_seconds: float = Field(default=10, ge=0, le=600)
    """How long a command may take to end by itself after it was told to (SIGTERM)."""
    chooser: str = ""
    """The agent on a language model that is asked whom to choose for a smart job, where the score leaves it open."""
    scorer: Method = "bm25"
    """How smart jobs are given to agents: by words, or with the extra `meaning` by likeness of meaning. The same for
    gateways and dispatchers."""
    work_dir: Path = Field(default_factory=_own_folder)
    """Where each run of a command gets a folder of its own, removed afterwards."""
    hidden_dirs: Annotated[tuple[Path, ...], NoDecode] = ()
    """Folders that no command in a sandbox sees, separated by commas: where this machine keeps keys."""

    @field_validator("queues", "hidden_dirs", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError(
                "LAMPLIGHTER_HEARTBEAT_SECONDS must be at most half of LAMPLIGHTER_LEASE_SECONDS"
            )
        if self.slots < len(self.queues):
            raise ValueError("LAMPLIGHTER_SLOTS must be at least one for each of LAMPLIGHTER_QUEUES")
        return self

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    def slots_of(self, place: int) -> int:
        """The share of the queue at `place`; what does not divide goes to the first ones."""
        share, rest = divmod(self.slots, len(self.queues))
        return share + (place < rest)
