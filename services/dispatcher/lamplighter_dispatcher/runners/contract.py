"""What a runner is: it does a piece of work, tells how it goes as it goes, stops when told, and says how it ended.

A package adds one by an entry point of the group `lamplighter.runners`: the kind is its name, and it names a class
that is made with an `Outfit` and has `run`. Its agents have the runner `{"kind": ..., "settings": {...}}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from nats.aio.client import Client
from pydantic import JsonValue

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.environments import NetworkRules
from lamplighter_contracts.executions import Approval, LogStream
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.outcomes import Ended, Unsuccessful
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.stops import Stop

Specification = TypeVar("Specification", contravariant=True)


class Delegate(Protocol):
    """A member of a team, as its leader may ask it."""

    @property
    def agent(self) -> Agent: ...

    async def ask(self, task: str, state: JsonValue = None) -> Ended:
        """`state` is what a `Waits` of the same call left. Steps and log of the member go under its own name."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done, by whom, and with what.

    `payload` is data from outside, as JSON, or None. `variables` are what the run is given by name, with the secrets
    that its job and its agent ask for among them. `secrets` are those that the runner's own settings name (keys,
    headers): they are for the runner, and the agent never sees them.
    """

    execution_id: str
    job_id: str
    attempt: int
    prompt: str
    payload: Any
    variables: Mapping[str, str]
    agent: Agent
    secrets: Mapping[str, str] = field(default_factory=dict)
    network: NetworkRules = NetworkRules()
    seconds: float = 1_800
    """How long it may take. The caller's `stop` comes then: this is for those who tell others."""
    done: tuple[str, ...] = ()
    """Effects that earlier attempts reported, for people and agents to read."""
    delegates: Mapping[str, Delegate] = field(default_factory=dict)
    """The members that this agent leads, by agent id."""
    state: JsonValue = None
    """What this runner left in a `Waits`, where the run goes on after an approval."""


@dataclass(frozen=True, slots=True)
class Allowed:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """`reason` is for the agent and for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """End the run as `Waits` with this approval; when it goes on, ask `may` for the same call again."""

    approval: Approval


Permission = Allowed | Refused | NeedsApproval


class LimitReached(Exception):
    """The run has used what it may. The runner stops its work and returns `unsuccessful(...)` with what was done."""

    def __init__(self, limit: str, detail: str) -> None:
        super().__init__(detail)
        self.limit, self.detail = limit, detail

    def unsuccessful(self, result: str = "") -> Unsuccessful:
        return Unsuccessful(f"limit: {self.limit}", self.detail, result)


class Session(Protocol):
    """How a runner tells what happens, and asks what it may. Everything is masked on its way out."""

    async def write(self, stream: LogStream, chunk: bytes) -> None:
        """A piece of the output as it came, not cut at any boundary."""

    @property
    def result(self) -> str:
        """The last lines of standard output so far."""

    def mask(self, text: str) -> str:
        """`text` without secrets: what a tool gives back goes through here before a model reads it."""

    async def begin(
        self,
        kind: Literal["tool", "model", "progress", "effect", "approval"],
        name: str,
        *,
        arguments: str = "",
        detail: str = "",
    ) -> int:
        """A step begins; its number."""

    async def end(
        self,
        number: int,
        *,
        result: str = "",
        detail: str = "",
        failed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        """The step of that number is over."""

    async def effect(self, name: str, detail: str = "", *, done: bool = True) -> None:
        """Something is done to the world outside, or is about to be (`done=False`, before it is begun). It is stored
        when this returns. Raises `BusUnavailable`: then it must not be begun."""

    async def spend(self, usage: Usage) -> None:
        """Count what was used. Raises `LimitReached` where that is more than the run, or its team, may."""

    def offers(self, tool: str) -> bool:
        """Whether the environment and policies leave the agent this tool at all."""

    async def may(self, tool: str, arguments: Mapping[str, JsonValue], *, has_effect: bool) -> Permission:
        """Whether this call is allowed: by environment, policies, limits and the agent's own list of approvals.
        Asked before each call, and binding. Raises `LimitReached` where it was one call too many."""


class Runner(Protocol[Specification]):
    async def run(self, specification: Specification, work: Work, session: Session, stop: Stop) -> Ended:
        """Do the work. When it returns nothing of it is left running, whatever happened.

        `stop` is told when the run has to end early: with a grace time, or at once.
        """


@dataclass(frozen=True, slots=True)
class Outfit:
    """What runners are made with."""

    client: Client
    folders: Folders
    grace_seconds: float
    lease_seconds: float = 15
