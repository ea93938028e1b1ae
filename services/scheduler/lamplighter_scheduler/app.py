"""Wiring: the connection, the consumers, the loops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream.asgi import AsgiFastStream
from nats.aio.client import Client

from lamplighter_contracts.streams import (
    SCHEDULER_BACKFILLS,
    SCHEDULER_CATALOG,
    SCHEDULER_ENDS,
    SCHEDULER_TICKS,
    SCHEDULER_TRIGGERS,
    TIMERS,
)
from lamplighter_runtime.clock import ServerClock, open_clock
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.consuming import consume
from lamplighter_runtime.health import Health
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.service import Loops
from lamplighter_scheduler.firings import Firings
from lamplighter_scheduler.handlers import (
    MOST,
    Handlers,
    read_gated_end,
    read_job_id,
    read_order,
    read_trigger,
)
from lamplighter_scheduler.reconciler import Reconciler
from lamplighter_scheduler.settings import Settings
from lamplighter_scheduler.states import States
from lamplighter_scheduler.timers import Timers

CONSUMERS = (SCHEDULER_CATALOG, SCHEDULER_TICKS, SCHEDULER_TRIGGERS, SCHEDULER_BACKFILLS, SCHEDULER_ENDS)


def build(settings: Settings, loops: Loops) -> AsgiFastStream:
    broker = open_broker(settings, "scheduler")
    health = Health()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        client = await broker.connect()
        health.watch_nats(client)
        health.add("loops", loops.problem)
        await provision_consumers(client, CONSUMERS)
        _start(client, await open_clock(client, TIMERS), settings, loops)
        yield

    return AsgiFastStream(
        broker,
        lifespan=lifespan,
        # Before the broker closes: a batch that was begun is committed and acknowledged.
        on_shutdown=[loops.stop],
        asgi_routes=health.routes(),
        logger=None,
    )


def _start(client: Client, clock: ServerClock, settings: Settings, loops: Loops) -> None:
    states = States(client)
    firings, timers = Firings(client, states, clock.now), Timers(client, states)
    on = Handlers(states, firings, timers)
    reconciler = Reconciler(client, states, firings, timers, clock.now)
    for name, loop in (
        ("clock", clock.run()),
        ("catalog", consume(client, SCHEDULER_CATALOG, read_job_id, on.on_job_written, most=MOST)),
        # Two: while one waits for its commit the other decides. A job has one tick at a time.
        ("ticks", consume(client, SCHEDULER_TICKS, read_job_id, clock.heeding(on.on_tick), most=MOST)),
        ("ticks too", consume(client, SCHEDULER_TICKS, read_job_id, clock.heeding(on.on_tick), most=MOST)),
        ("triggers", consume(client, SCHEDULER_TRIGGERS, read_trigger, on.on_job_triggered, most=MOST)),
        ("backfills", consume(client, SCHEDULER_BACKFILLS, read_order, on.on_backfill_ordered, most=50)),
        ("ends", consume(client, SCHEDULER_ENDS, read_gated_end, on.on_execution_finished, most=MOST)),
        ("reconciler", reconciler.run(settings.reconcile_seconds)),
    ):
        loops.start(name, loop)
