"""Wiring: what the gateway stands on, its routes, and the order in which it starts and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_bytes

from litestar import Litestar
from nats.aio.client import Client

from lamplighter_choosing import scorer_of
from lamplighter_contracts.streams import CATALOG
from lamplighter_gateway.access.authentication import guard
from lamplighter_gateway.access.endings import Endings
from lamplighter_gateway.access.identities import Identities
from lamplighter_gateway.access.limits import Limits
from lamplighter_gateway.access.oidc.issuer import Issuer
from lamplighter_gateway.access.refusals import answer_refusal
from lamplighter_gateway.access.sessions import SessionKeys
from lamplighter_gateway.access.table import ACCESS
from lamplighter_gateway.access.uses import Uses
from lamplighter_gateway.auditing.audit import Audit
from lamplighter_gateway.catalog.contents import Catalog
from lamplighter_gateway.catalog.requests import Requests
from lamplighter_gateway.catalog.store import Store
from lamplighter_gateway.dispatch.presences import Presences
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.live.feed import Feed
from lamplighter_gateway.live.placing import Placing
from lamplighter_gateway.live.sharing import Sharing
from lamplighter_gateway.live.telling import Telling
from lamplighter_gateway.past.deliveries import Deliveries
from lamplighter_gateway.past.executions import Executions
from lamplighter_gateway.past.history import History
from lamplighter_gateway.past.sightings import Sightings
from lamplighter_gateway.routes import (
    agents,
    approvals,
    audit,
    backfills,
    batches,
    bus,
    calendars,
    catchups,
    deliveries,
    documentation,
    environments,
    events,
    executions,
    firings,
    health,
    jobs,
    policies,
    projects,
    rehearsals,
    secrets,
    sessions,
    simulations,
    smart,
    teams,
    tokens,
    triggers,
    webhook_secrets,
    webhooks,
    workers,
)
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.timing.gates import Gates
from lamplighter_gateway.timing.orders import Orders
from lamplighter_gateway.web.conditional import Conditional
from lamplighter_gateway.web.edge import Edge
from lamplighter_gateway.webhooks.inbox import Inbox
from lamplighter_gateway.webhooks.intake import Intake
from lamplighter_gateway.webhooks.reader import Reader
from lamplighter_gateway.webhooks.room import Room
from lamplighter_runtime.bodies import Bodies
from lamplighter_runtime.clock import ServerClock, open_clock
from lamplighter_runtime.connection import close_broker, open_broker
from lamplighter_runtime.health import Health
from lamplighter_runtime.sealed import check_keys
from lamplighter_runtime.service import Loops

ROUTES = (
    health,
    documentation,
    bus,
    triggers,
    webhooks,
    webhook_secrets,
    jobs,
    batches,
    firings,
    rehearsals,
    backfills,
    catchups,
    executions,
    deliveries,
    events,
    approvals,
    agents,
    teams,
    calendars,
    environments,
    policies,
    projects,
    secrets,
    smart,
    workers,
    simulations,
    tokens,
    sessions,
    audit,
)


def build(settings: Settings, loops: Loops) -> Edge:
    broker, checks = open_broker(settings, "gateway"), Health()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        client = await broker.connect()
        await check_keys(client, settings.ring)
        clock = await open_clock(client, CATALOG)
        gateway = _assemble(settings, client, clock, loops)
        app.state["gateway"], app.state["health"] = gateway, checks
        checks.watch_nats(client)
        checks.add("catalog", gateway.store.problem)
        checks.add("sessions", gateway.identities.endings.problem)
        checks.add("loops", loops.problem)
        loops.start("catalog", gateway.store.follow())
        loops.start("clock", clock.run())
        loops.start("presences", gateway.presences.follow())
        loops.start("sessions", gateway.identities.endings.follow())
        loops.start("uses", gateway.identities.uses.run())
        if gateway.identities.issuer:
            loops.start("issuer", gateway.identities.issuer.run())
        loops.start("events", gateway.feed.run())
        loops.start("audit", gateway.audit.run())
        try:
            yield
        finally:
            await loops.stop()
            await gateway.intake.reader.close()
            await close_broker(broker, client)

    app = Litestar(
        route_handlers=[handler for noun in ROUTES for handler in noun.HANDLERS],
        lifespan=[lifespan],
        guards=[guard],
        exception_handlers={Exception: answer_refusal},
        openapi_config=None,
        logging_config=None,
    )
    _check_access(app)
    return Edge(Conditional(app), is_secure=settings.base_url.startswith("https:"))


def _assemble(settings: Settings, client: Client, clock: ServerClock, loops: Loops) -> Gateway:
    catalog, history = Catalog(), History(client)
    store = Store(client, catalog)
    inbox, bodies = Inbox(client), Bodies(client)
    telling = Telling(client, Placing(client, catalog, store.refresh))
    return Gateway(
        settings=settings,
        scorer=scorer_of(settings.scorer),
        client=client,
        catalog=catalog,
        store=store,
        inbox=inbox,
        room=Room.of(settings.webhook_limit_bytes),
        intake=Intake(inbox, Reader(), bodies),
        history=history,
        executions=Executions(history, Sightings(client), catalog),
        deliveries=Deliveries(history, Sightings(client), bodies, catalog),
        gates=Gates(client),
        orders=Orders(client),
        presences=Presences(client),
        requests=Requests(client),
        identities=_identities(settings, client, clock, catalog),
        limits=Limits(settings),
        feed=Feed(client, telling, clock.now),
        sharing=Sharing(client),
        audit=Audit(client, clock.now),
        leaving=loops.leaving,
        now=clock.now,
    )


def _identities(settings: Settings, client: Client, clock: ServerClock, catalog: Catalog) -> Identities:
    return Identities(
        catalog=catalog,
        issuer=Issuer(settings.oidc) if settings.oidc else None,
        keys=SessionKeys(settings.key),
        endings=Endings(client, clock.now),
        uses=Uses(client, clock.now),
        now=clock.now,
        most=settings.most_session,
        entropy=token_bytes,
    )


def _check_access(app: Litestar) -> None:
    """A route that nobody wrote into the table would be the strongest role's alone: say so while it is new."""
    missing = {
        f"{m} {r.path_format}" for r in app.routes for m in r.methods if m != "OPTIONS"
    } - ACCESS.keys()
    if missing:
        raise LookupError(f"routes without a row in access.ACCESS: {sorted(missing)}")
