"""The secrets that an execution asks for: by whom and by name, and their values where they are there. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from lamplighter_contracts.agents import Agent
from lamplighter_contracts.environments import SealedSecret
from lamplighter_policies.facts import runner_secret_names
from lamplighter_vault import CannotOpen


class Ring(Protocol):
    """The keys that secrets are sealed with."""

    def open(self, environment_id: str, name: str, sealed: str) -> str:
        """Raises `CannotOpen`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A secret, and who asks for it: `The job`, `The agent 'writer'`."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """There is no such secret, or it cannot be opened: `detail` says so."""

    detail: str


def wanted(job_secrets: Iterable[str], agents: Iterable[Agent]) -> Iterator[Wanted]:
    for name in job_secrets:
        yield Wanted(name, "The job")
    for agent in agents:
        for name in agent.secrets:
            yield Wanted(name, f"The agent {agent.agent_id!r}")
        for name in sorted(runner_secret_names(agent)):
            yield Wanted(name, f"The runner of the agent {agent.agent_id!r}")


def opened(
    asked: Iterable[Wanted],
    environment_id: str,
    sealed: Mapping[tuple[str, str], SealedSecret | None],
    ring: Ring,
) -> dict[str, str] | Lacking:
    """Values by name."""
    values: dict[str, str] = {}
    for one in asked:
        if one.name in values:
            continue
        secret = sealed.get((environment_id, one.name))
        if secret is None:
            where = f"the environment {environment_id!r} does not have"
            return Lacking(f"{one.by} asks for the secret {one.name!r}, which {where}.")
        try:
            values[one.name] = ring.open(environment_id, one.name, secret.sealed)
        except CannotOpen as cannot:
            return Lacking(f"{cannot} {one.by} asks for it.")
    return values
