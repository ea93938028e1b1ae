"""Wiring: what the gateway stands on, its routes, and the order in which it starts and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from nats.aio.client import Client

from lamplighter_choosing import scorer_of
from lamplighter_contracts.streams import CATALOG
from lamplighter_gateway.access import ACCESS
from lamplighter_gateway.authentication import guard
from lamplighter_gateway.catalog import Catalog
from lamplighter_gateway.document import Document
from lamplighter_gateway.edge import Edge
from lamplighter_gateway.executions import Executions
from lamplighter_gateway.gates import Gates
from lamplighter_gateway.gateway import Gateway
from lamplighter_gateway.history import History
from lamplighter_gateway.inbox import Inbox
from lamplighter_gateway.orders import Orders
from lamplighter_gateway.presences import Presences
from lamplighter_gateway.problems import answer_problem
from lamplighter_gateway.routes import (
    agents,
    approvals,
    backfills,
    calendars,
    catchups,
    environments,
    executions,
    firings,
    health,
    jobs,
    policies,
    rehearsals,
    secrets,
    simulations,
    smart,
    teams,
    tokens,
    triggers,
    workers,
)
from lamplighter_gateway.settings import Settings
from lamplighter_gateway.sightings import Sightings
from lamplighter_gateway.store import Store
from lamplighter_runtime.clock import ServerClock, open_clock
from lamplighter_runtime.connection import close_broker, open_broker
from lamplighter_runtime.health import Health
from lamplighter_runtime.sealed import check_keys
from lamplighter_runtime.service import Loops

ROUTES = (
    health,
    triggers,
    jobs,
    firings,
    rehearsals,
    backfills,
    catchups,
    executions,
    approvals,
    agents,
    teams,
    calendars,
    environments,
    policies,
    secrets,
    smart,
    workers,
    simulations,
    tokens,
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
        checks.add("loops", loops.problem)
        loops.start("catalog", gateway.store.follow())
        loops.start("clock", clock.run())
        loops.start("presences", gateway.presences.follow())
        try:
            yield
        finally:
            await loops.stop()
            await close_broker(broker, client)

    app = Litestar(
        route_handlers=[handler for noun in ROUTES for handler in noun.HANDLERS],
        lifespan=[lifespan],
        guards=[guard],
        exception_handlers={Exception: answer_problem},
        openapi_config=OpenAPIConfig(
            title="Lamplighter",
            version="1",
            path="/docs",
            use_handler_docstrings=True,
            render_plugins=[Document()],
        ),
        logging_config=None,
    )
    _check_access(app)
    return Edge(app)


def _assemble(settings: Settings, client: Client, clock: ServerClock, loops: Loops) -> Gateway:
    catalog, history = Catalog(), History(client)
    return Gateway(
        settings=settings,
        scorer=scorer_of(settings.scorer),
        client=client,
        catalog=catalog,
        store=Store(client, catalog),
        inbox=Inbox(client),
        history=history,
        executions=Executions(history, Sightings(client), catalog),
        gates=Gates(client),
        orders=Orders(client),
        presences=Presences(client),
        leaving=loops.leaving,
        now=clock.now,
    )


def _check_access(app: Litestar) -> None:
    """A route that nobody wrote into the table would be the strongest role's alone: say so while it is new."""
    missing = {
        f"{m} {r.path_format}" for r in app.routes for m in r.methods if m != "OPTIONS"
    } - ACCESS.keys()
    if missing:
        raise LookupError(f"routes without a row in access.ACCESS: {sorted(missing)}")
