"""The agents, teams, environments and policies as this dispatcher has heard of them, made exact by a fence."""

import asyncio
from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client
from pydantic import ValidationError

from lamplighter_contracts import subjects
from lamplighter_contracts.agents import Agent, Team
from lamplighter_contracts.environments import Environment
from lamplighter_contracts.policies import Policy
from lamplighter_contracts.streams import CATALOG
from lamplighter_dispatcher.admission.plans import Catalog
from lamplighter_runtime.catalog import read_item
from lamplighter_runtime.following import Following
from lamplighter_runtime.latest import Last, newest
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable
from lamplighter_runtime.tails import Entry

log = get_logger()

KINDS: dict[str, type[Agent | Team | Environment | Policy]] = {
    "agents": Agent,
    "teams": Team,
    "environments": Environment,
    "policies": Policy,
}
FENCE_SECONDS = 5.0
"""How long news may be on their way, before that counts as an outage."""


class Directory:
    """`follow` runs as long as the dispatcher does. Without a fence what is here may be a moment old."""

    def __init__(self, client: Client) -> None:
        self._client = client
        filters = [subjects.catalog(kind, "*") for kind in KINDS]
        self._following = Following(client, CATALOG.name, filters, self._learn)
        self._items: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.policies_version = 0
        """Changes with every change of a policy."""

    async def follow(self) -> None:
        await self._following.follow()

    def problem(self) -> str | None:
        """For readiness."""
        return None if self._following.caught_up else "the catalog has not been read yet"

    async def fence(self, kinds: Sequence[str]) -> None:
        """Wait until everything that was written of these kinds before this is known here. Raises `BusUnavailable`."""
        written = await asyncio.gather(
            *(newest(self._client, CATALOG.name, subjects.catalog(kind, ">")) for kind in kinds)
        )
        try:
            await asyncio.wait_for(self._following.hear(max(written)), FENCE_SECONDS)
        except TimeoutError as late:
            raise BusUnavailable("the newest of the catalog has not been heard of in time") from late

    @property
    def catalog(self) -> Catalog:
        """As far as it is known. It changes as news come in."""
        return Catalog(self._items["agents"], self._items["teams"], self._items["environments"])

    @property
    def policies(self) -> list[Policy]:
        return [policy for policy in self._items["policies"].values() if policy is not None]

    @property
    def unreadable_policies(self) -> list[str]:
        """Ids of those that this dispatcher is too old to understand: nobody knows what they forbid."""
        return sorted(policy_id for policy_id, policy in self._items["policies"].items() if policy is None)

    def _learn(self, entry: Entry) -> None:
        kind, _, object_id = entry.subject.removeprefix(subjects.CATALOG_PREFIX).partition(".")
        known = self._items[kind]
        try:
            item = read_item(KINDS[kind], Last(entry.subject, entry.sequence, entry.headers, entry.body))
        except ValidationError as invalid:
            log.warning("catalog.unreadable", subject=entry.subject, error=str(invalid)[:300])
            known[object_id] = None
        else:
            known.pop(object_id, None)
            if item is not None:
                known[object_id] = item
        self.policies_version += kind == "policies"
