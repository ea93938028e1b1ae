"""The dispatchers at work: what each serves, how much it does, and whether it takes more."""

from typing import Literal

from pydantic import Field

from lamplighter_contracts.fields import Instant, Model, Slug


class WorkerState(Model):
    """Told by each dispatcher every few seconds, and gone soon after it is silent."""

    worker: str
    host: str
    pid: int
    version: str
    queues: tuple[Slug, ...]
    slots: int
    running: int = 0
    waiting: int = 0
    """Executions that it holds until an agent or an environment has room for them."""
    runners: tuple[str, ...] = ()
    """The kinds of runner that it has."""
    sandbox: bool = False
    """Whether bubblewrap works there."""
    draining: bool = False
    """It takes nothing more, and ends what it has."""
    started_at: Instant
    seen_at: Instant
    agents: dict[str, int] = Field(default_factory=dict)
    """How many executions of each agent it runs."""


class DrainRequest(Model):
    worker: str
    drain: bool = True
    """False: take work again."""
    requested_by: str


class DrainReply(Model):
    outcome: Literal["draining", "working"]
    running: int
