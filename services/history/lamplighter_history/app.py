"""Wiring: what is connected to what, and in which order it starts and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream.asgi import AsgiFastStream

from lamplighter_contracts.streams import (
    HISTORY_AUDIT,
    HISTORY_CATALOG,
    HISTORY_DELIVERIES,
    HISTORY_EXECUTIONS,
    HISTORY_JOBS,
    HISTORY_LOGS,
    HISTORY_STARTS,
)
from lamplighter_history import answers, readers
from lamplighter_history.archive import Archive
from lamplighter_history.chain.anchors import Anchors
from lamplighter_history.chain.chain import Chain
from lamplighter_history.chain.register import Register
from lamplighter_history.chain.verification import Verification
from lamplighter_history.database import Database
from lamplighter_history.handlers import Auditor, Recorder
from lamplighter_history.ledger import Ledger
from lamplighter_history.mailbox import Mailbox
from lamplighter_history.settings import Settings
from lamplighter_history.store import Store
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.consuming import consume
from lamplighter_runtime.health import Health
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.service import Loops

FEEDS = (
    (HISTORY_JOBS, readers.read_job_event, 1_000),
    (HISTORY_EXECUTIONS, readers.read_execution_event, 1_000),
    # Each may have a body of 256 KiB: few at a time, as with logs.
    (HISTORY_DELIVERIES, readers.read_delivery, 16),
    # A batch of log lines may have half a MiB: few at a time keep the process within 64 MB more in a flood.
    (HISTORY_LOGS, readers.read_log, 16),
)
"""What is consumed, how it is read, and how many at a time at most."""

AUDITED = (
    (HISTORY_CATALOG, readers.read_change, 100),
    (HISTORY_STARTS, readers.read_start, 1_000),
    (HISTORY_AUDIT, readers.read_audit, 500),
)
"""Likewise, of what goes into the chain of the audit."""


def build(settings: Settings, loops: Loops) -> AsgiFastStream:
    broker = open_broker(settings, "history")
    database = Database(settings.mongodb_url.get_secret_value())
    store, health = Store(database), Health()
    recorder = Recorder(store, settings.retention)
    answers.subscribe(broker, Archive(database), Ledger(database), Mailbox(database), database.problem)
    anchors = Anchors(broker.connect)
    auditor = Auditor(Chain(database, anchors))
    verification = Verification(database, anchors)
    answers.subscribe_audit(broker, Register(database), verification, database.problem)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        client = await broker.connect()
        await provision_consumers(client, [consumer for consumer, _, _ in (*FEEDS, *AUDITED)])
        health.watch_nats(client)
        health.add("mongodb", database.problem)
        health.add("indexes", database.unprepared)
        health.add("writes", store.problem)
        health.add("loops", loops.problem)
        loops.start("mongodb", database.watch())
        for consumer, read, most in FEEDS:
            loops.start(consumer.durable, consume(client, consumer, read, recorder.on_events, most=most))
        for consumer, read_audited, most in AUDITED:
            loops.start(
                consumer.durable, consume(client, consumer, read_audited, auditor.on_events, most=most)
            )
        try:
            yield
        finally:
            await database.close()

    return AsgiFastStream(
        broker,
        lifespan=lifespan,
        # Before the broker closes: a batch that was begun is finished and acknowledged.
        on_shutdown=[loops.stop],
        asgi_routes=health.routes(),
        logger=None,
    )
