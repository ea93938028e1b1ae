"""What the routes stand on, made once when the gateway starts."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection
from nats.aio.client import Client

from lamplighter_choosing import BM25, Scorer
from lamplighter_contracts import ids
from lamplighter_contracts.jobs import Job
from lamplighter_gateway.catalog import Catalog, Key, Write, key_of
from lamplighter_gateway.executions import Executions
from lamplighter_gateway.gates import Gates
from lamplighter_gateway.history import History
from lamplighter_gateway.ics_reader import IcsReader
from lamplighter_gateway.inbox import Inbox
from lamplighter_gateway.orders import Orders
from lamplighter_gateway.policy_desk import PolicyDesk
from lamplighter_gateway.presences import Presences
from lamplighter_gateway.problems import Problem
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.store import Outrun, Store

Connection = ASGIConnection[Any, Any, Any, Any]

TRIES = 8
"""How often a change is decided anew when others keep writing the same object first."""

SUFFIX_BYTES = 3
"""What makes an id unique: among a thousand of one name, one in 17,000 has to be made again."""

_PERHAPS_OLD = frozenset({"not-found", "stale", "conflict", "webhook-path-taken"})
"""Refusals that a newer revision may take back."""


@dataclass(frozen=True)
class Gateway:
    settings: Settings
    client: Client
    catalog: Catalog
    store: Store
    inbox: Inbox
    history: History
    executions: Executions
    gates: Gates
    orders: Orders
    presences: Presences
    leaving: asyncio.Event
    """Set when the process was told to stop."""
    now: Callable[[], datetime]
    """As NATS' server has it: a job that is made now is due by the clock that its timer has."""
    files: IcsReader = field(default_factory=IcsReader)
    policies: PolicyDesk = field(default_factory=PolicyDesk)
    scorer: Scorer = field(default_factory=BM25)
    entropy: Callable[[int], bytes] = secrets.token_bytes

    def unused_job_id(self, name: object) -> str:
        """An id for a new job, readable where its name is one, that no job has or had."""
        while True:
            made = ids.job_id(name if isinstance(name, str) else "", self.entropy(SUFFIX_BYTES).hex())
            if self.catalog.revision(key_of(Job, made)) == 0:
                return made

    async def change(self, key: Key, decide: Callable[[], Sequence[Write]], by: str) -> None:
        """Write what `decide` makes of the catalog; decide anew where somebody else was faster.

        `decide` raises a `Problem` to refuse. A refusal that may come of an old view (another gateway has
        written meanwhile) is checked against the bucket before it is believed.
        """
        for _ in range(TRIES):
            try:
                writes = await self.current(key, decide)
                if writes:
                    await self.store.write(writes, by)
            except Outrun:
                continue
            return
        raise Problem("conflict", f"Others keep changing {key.object_id!r}; try again.")

    async def current(self, key: Key, look: Callable[[], Any]) -> Any:
        """What `look` finds in the catalog; one that is refused looks again at what the bucket has now."""
        try:
            return look()
        except Problem as problem:
            if problem.word not in _PERHAPS_OLD:
                raise
            before = self.catalog.revision(key)
            await self.store.refresh([key])
            if self.catalog.revision(key) == before:
                raise
        return look()


def gateway_of(connection: Connection) -> Gateway:
    gateway = connection.app.state["gateway"]
    assert isinstance(gateway, Gateway)
    return gateway
