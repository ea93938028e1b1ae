"""Wiring: the connection, the consumers, the loops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from faststream.asgi import AsgiFastStream
from nats.aio.client import Client

from lamplighter_contracts.streams import (
    SCHEDULER_CATALOG,
    SCHEDULER_ENDS,
    SCHEDULER_TICKS,
    SCHEDULER_TRIGGERS,
)
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.consuming import consume
from lamplighter_runtime.health import Health
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.service import Loops
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.handlers import MOST, Handlers, read_gated_end, read_job_id, read_trigger
from lamplighter_scheduler.reconciler import Reconciler
from lamplighter_scheduler.settings import Settings
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers

CONSUMERS = (SCHEDULER_CATALOG, SCHEDULER_TICKS, SCHEDULER_TRIGGERS, SCHEDULER_ENDS)


def build(settings: Settings, loops: Loops) -> AsgiFastStream:
    broker = open_broker(settings, "scheduler")
    health = Health()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        client = await broker.connect()
        health.watch_nats(client)
        health.add("loops", loops.problem)
        await provision_consumers(client, CONSUMERS)
        _start(client, settings, loops)
        yield

    return AsgiFastStream(
        broker,
        lifespan=lifespan,
        # Before the broker closes: a batch that was begun is committed and acknowledged.
        on_shutdown=[loops.stop],
        asgi_routes=health.routes(),
        logger=None,
    )


def _start(client: Client, settings: Settings, loops: Loops) -> None:
    states = States(client)
    firings, timers = Firings(client, states, _now), Timers(client, states)
    on = Handlers(firings, timers)
    reconciler = Reconciler(client, states, firings, timers, _now)
    for name, loop in (
        ("catalog", consume(client, SCHEDULER_CATALOG, read_job_id, on.on_job_written, most=MOST)),
        ("ticks", consume(client, SCHEDULER_TICKS, read_job_id, on.on_tick, most=MOST)),
        ("triggers", consume(client, SCHEDULER_TRIGGERS, read_trigger, on.on_job_triggered, most=MOST)),
        ("ends", consume(client, SCHEDULER_ENDS, read_gated_end, on.on_execution_finished, most=MOST)),
        ("reconciler", reconciler.run(settings.reconcile_seconds)),
    ):
        loops.start(name, loop)


def _now() -> datetime:
    return datetime.now(UTC)
