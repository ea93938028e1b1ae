"""Wiring: what is connected to what, and in which order it starts and stops."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from secrets import token_hex

from faststream.asgi import AsgiFastStream
from nats.aio.client import Client

from lamplighter_contracts.streams import dispatcher_due
from lamplighter_dispatcher import cancelling, handlers, metrics
from lamplighter_dispatcher.dispatcher import Dispatcher
from lamplighter_dispatcher.execution import Execution
from lamplighter_dispatcher.intake import take_in
from lamplighter_dispatcher.logbook import read_log_end
from lamplighter_dispatcher.roster import Roster, Slots
from lamplighter_dispatcher.runners import all_runners
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.settings import Settings
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_dispatcher.watch import Watch
from lamplighter_dispatcher.work import Workshop
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.health import Health
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.service import Loops


class Parts:
    """What the executions of one process share."""

    def __init__(self, client: Client, settings: Settings) -> None:
        worker = f"{socket.gethostname()}-{os.getpid()}-{token_hex(3)}"
        self.folders = Folders(settings.work_dir, worker)
        self.roster = Roster()
        self.statuses = Statuses(client, worker)
        self.watch = Watch(self.roster, self.statuses, worker, settings.lease_seconds)
        runners = all_runners(self.folders, settings.kill_grace_seconds)
        execution = Execution(
            self.statuses,
            self.watch,
            Workshop(client, self.statuses, runners, settings.slots),
            partial(read_log_end, client),
            worker=worker,
            most_attempts=settings.attempts,
            lease_seconds=settings.lease_seconds,
        )
        self.dispatcher = Dispatcher(client, self.roster, execution, settings.lease_seconds)


def build(settings: Settings, loops: Loops) -> AsgiFastStream:
    broker, health = open_broker(settings, "dispatcher"), Health()
    consumers = [replace(dispatcher_due(queue), ack_wait=settings.lease) for queue in settings.queues]
    made: list[Parts] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        client = await broker.connect()
        health.watch_nats(client)
        health.add("loops", loops.problem)
        await provision_consumers(client, consumers)
        parts = Parts(client, settings)
        made.append(parts)
        await asyncio.to_thread(parts.folders.open)
        cancel = partial(cancelling.cancel, client, parts.statuses)
        handlers.subscribe(broker, cancel, parts.roster, parts.watch)
        metrics.SLOTS.set(settings.slots)
        loops.start("heartbeat", parts.watch.beat_for_ever(settings.heartbeat_seconds))
        loops.start("leases", parts.watch.expire_for_ever())
        for place, consumer in enumerate(consumers):
            begin = partial(parts.dispatcher.begin, consumer)
            loops.start(consumer.durable, take_in(client, consumer, Slots(settings.slots_of(place)), begin))
        yield
        parts.folders.close()

    async def leave() -> None:
        """Take nothing more, let what runs end while it is still watched over, then stop that too."""
        await loops.stop_some([consumer.durable for consumer in consumers])
        for parts in made:
            await parts.dispatcher.leave(settings.shutdown_seconds)
        await loops.stop()

    return AsgiFastStream(
        broker, lifespan=lifespan, on_shutdown=[leave], asgi_routes=health.routes(), logger=None
    )
