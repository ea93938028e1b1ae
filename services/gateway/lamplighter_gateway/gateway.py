"""What the routes stand on, made once when the gateway starts."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from litestar.connection import ASGIConnection
from nats.aio.client import Client

from lamplighter_choosing import BM25, Scorer
from lamplighter_contracts import ids
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.problems import InvalidInput
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.identities import Identities
from lamplighter_gateway.access.limits import Limits
from lamplighter_gateway.auditing.audit import Audit
from lamplighter_gateway.catalog.contents import Catalog, Key, Write, key_of
from lamplighter_gateway.catalog.requests import Once, Requests, made_message
from lamplighter_gateway.catalog.store import Outrun, Store
from lamplighter_gateway.catalog.views import View
from lamplighter_gateway.dispatch.presences import Presences
from lamplighter_gateway.jobs.forecasts import Forecasts
from lamplighter_gateway.jobs.renderings import Renderings
from lamplighter_gateway.live.feed import Feed
from lamplighter_gateway.live.sharing import Sharing
from lamplighter_gateway.past.deliveries import Deliveries
from lamplighter_gateway.past.executions import Executions
from lamplighter_gateway.past.history import History
from lamplighter_gateway.policing.desk import PolicyDesk
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.timing.gates import Gates
from lamplighter_gateway.timing.ics_reader import IcsReader
from lamplighter_gateway.timing.orders import Orders
from lamplighter_gateway.web.problems import PERHAPS_OLD, Problem
from lamplighter_gateway.webhooks.inbox import Inbox
from lamplighter_gateway.webhooks.intake import Intake
from lamplighter_gateway.webhooks.rates import Rates
from lamplighter_gateway.webhooks.room import Room
from lamplighter_runtime.messages import Message

Connection = ASGIConnection[Any, Any, Any, Any]

TRIES = 8
"""How often a change is decided anew when others keep writing the same object first."""

SUFFIX_BYTES = 3
"""What makes an id unique: among a thousand of one name, one in 17,000 has to be made again."""


@dataclass(frozen=True)
class Gateway:
    settings: Settings
    client: Client
    catalog: Catalog
    store: Store
    inbox: Inbox
    intake: Intake
    room: Room
    """For large deliveries."""
    history: History
    executions: Executions
    deliveries: Deliveries
    gates: Gates
    orders: Orders
    presences: Presences
    requests: Requests
    identities: Identities
    limits: Limits
    feed: Feed
    sharing: Sharing
    audit: Audit
    leaving: asyncio.Event
    """Set when the process was told to stop."""
    now: Callable[[], datetime]
    """As NATS' server has it: a job that is made now is due by the clock that its timer has."""
    rates: Rates = field(default_factory=Rates)
    files: IcsReader = field(default_factory=IcsReader)
    forecasts: Forecasts = field(default_factory=Forecasts)
    renderings: Renderings = field(default_factory=Renderings)
    policies: PolicyDesk = field(default_factory=PolicyDesk)
    scorer: Scorer = field(default_factory=BM25)
    entropy: Callable[[int], bytes] = secrets.token_bytes

    def seen_by(self, caller: Caller) -> "Gateway":
        """With a catalog and a past in which nothing is that the caller does not reach. What it writes, all know of."""
        return self if caller.scope is None else self._showing(caller.scope)

    def of_project(self, project: str | None) -> "Gateway":
        """With nothing in sight but that project's, as far as it is in sight now; None: all that is."""
        if project is None:
            return self
        return self._showing((project,) if self.catalog.reaches(project) else ())

    def _showing(self, projects: tuple[str, ...]) -> "Gateway":
        catalog, history = View(self.catalog, projects), self.history.within(projects)
        executions = self.executions.seen_in(history, catalog)
        deliveries = self.deliveries.seen_in(history, catalog)
        return replace(self, catalog=catalog, history=history, executions=executions, deliveries=deliveries)

    def unused_job_id(self, name: object) -> str:
        """An id for a new job, readable where its name is one, that no job has or had."""
        while True:
            made = ids.job_id(name if isinstance(name, str) else "", self.entropy(SUFFIX_BYTES).hex())
            if self.catalog.revision(key_of(Job, made)) == 0:
                return made

    async def change(
        self, key: Key, decide: Callable[[], Sequence[Write]], by: Caller, asked: Once | None = None
    ) -> None:
        """Write what `decide` makes of the catalog; decide anew where somebody else was faster.

        `decide` raises a `Problem` to refuse. A refusal that may come of an old view (another gateway has
        written meanwhile) is checked against the bucket before it is believed. What is `asked` once is recorded in
        the same batch; raises `Repeated` where it has been carried out meanwhile.
        """
        for _ in range(TRIES):
            try:
                writes = await self.current(key, decide)
                if writes:
                    await self.store.write(writes, by, self._recorded(asked, key))
            except Outrun:
                await self.requests.check(asked)
                continue
            except (Problem, InvalidInput):
                # What is in the way may be what this very request has made.
                await self.requests.check(asked)
                raise
            return
        raise Problem("conflict", f"Others keep changing {key.object_id!r}; try again.")

    def _recorded(self, asked: Once | None, key: Key) -> list[Message]:
        return [made_message(asked, self.now(), key.kind, [key.object_id])] if asked else []

    async def current(self, key: Key, look: Callable[[], Any]) -> Any:
        """What `look` finds in the catalog; one that is refused looks again at what the bucket has now."""
        try:
            return look()
        except Problem as problem:
            if problem.word not in PERHAPS_OLD:
                raise
            before = self.catalog.revision(key)
            await self.store.refresh([key])
            if self.catalog.revision(key) == before:
                raise
        return look()


def gateway_of(connection: Connection) -> Gateway:
    """As the caller sees it, once it is known who that is: a route cannot forget to look through its eyes."""
    gateway = connection.app.state["gateway"]
    assert isinstance(gateway, Gateway)
    caller = connection.scope.get("auth")
    return gateway.seen_by(caller) if isinstance(caller, Caller) else gateway
