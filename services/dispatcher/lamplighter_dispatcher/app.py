"""Wiring: what is connected to what, and in which order it starts and stops."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from secrets import token_hex

from faststream.asgi import AsgiFastStream
from faststream.nats import NatsBroker
from nats.aio.client import Client

from lamplighter_choosing import scorer_of
from lamplighter_contracts.streams import Consumer, dispatcher_due, dispatcher_resume
from lamplighter_contracts.workers import WorkerState
from lamplighter_dispatcher import answering, cancelling, handlers, metrics
from lamplighter_dispatcher.admission.admitting import Admission
from lamplighter_dispatcher.admission.asking import Asking
from lamplighter_dispatcher.admission.directory import Directory
from lamplighter_dispatcher.admission.equipment import Equipment
from lamplighter_dispatcher.admission.seating import Seating
from lamplighter_dispatcher.attempt.logbook import read_log_end
from lamplighter_dispatcher.attempt.work import Workshop
from lamplighter_dispatcher.dispatcher import Dispatcher
from lamplighter_dispatcher.execution import Execution
from lamplighter_dispatcher.intake import Source, read_due, read_resumed, take_in
from lamplighter_dispatcher.presence import draining
from lamplighter_dispatcher.presence.board import Board
from lamplighter_dispatcher.presence.draining import Draining
from lamplighter_dispatcher.presence.inspection import Inspection
from lamplighter_dispatcher.presence.presence import Presence, worker_name
from lamplighter_dispatcher.presence.readiness import Checker
from lamplighter_dispatcher.roster import Roster, Slots
from lamplighter_dispatcher.runners import Runners, sandbox
from lamplighter_dispatcher.runners.contract import Outfit
from lamplighter_dispatcher.runners.folders import Folders
from lamplighter_dispatcher.settings import Settings
from lamplighter_dispatcher.statuses import Statuses
from lamplighter_dispatcher.watch import Watch
from lamplighter_runtime.connection import open_broker
from lamplighter_runtime.health import Health
from lamplighter_runtime.provisioning import provision_consumers
from lamplighter_runtime.sealed import check_keys
from lamplighter_runtime.service import Loops

RESUMED_AT_ONCE = 1
"""One after the other, with the same slots as the due events of its queue."""


class Parts:
    """What the executions of one process share."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.worker = worker_name(socket.gethostname(), os.getpid(), token_hex(3))
        self.settings = settings
        self.began_at = datetime.now(UTC)
        self.folders = Folders(settings.work_dir, self.worker, hidden=settings.hidden_dirs)
        self.roster = Roster()
        self.draining = Draining()
        self.statuses = Statuses(client, self.worker)
        self.directory = Directory(client)
        self.board = Board(client)
        self.seating = Seating(client, settings.slots)
        self.watch = Watch(self.roster, self.statuses, self.worker, settings.lease_seconds)
        outfit = Outfit(client, self.folders, settings.kill_grace_seconds, settings.lease_seconds)
        self.runners = Runners(outfit)
        self.checker = Checker(client, self.folders, self.worker, _now)
        self.inspection = Inspection(
            client, settings.queues, self.checker, self.board.said, _now, random.random
        )
        self.admission = Admission(
            client,
            self.directory,
            settings.ring,
            Equipment(self.runners.kinds, sandbox.works()),
            self.checker,
            chooser=settings.chooser,
            ask=Asking(client, self.runners, settings.ring),
            scorer=scorer_of(settings.scorer),
        )
        execution = Execution(
            self.statuses,
            self.watch,
            self.admission,
            self.seating,
            Workshop(client, self.statuses, self.runners, settings.slots),
            partial(read_log_end, client),
            worker=self.worker,
            most_deaths=settings.attempts,
            lease_seconds=settings.lease_seconds,
        )
        self.dispatcher = Dispatcher(client, self.roster, self.admission, execution, settings.lease_seconds)
        self.presence = Presence(client, self.state, settings.heartbeat_seconds)
        self.roster.changed = self.presence.changed

    def state(self) -> WorkerState:
        return WorkerState(
            worker=self.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version("lamplighter-dispatcher"),
            queues=self.settings.queues,
            slots=self.settings.slots,
            running=len(self.roster) - self.seating.waiting,
            waiting=self.seating.waiting,
            runners=self.runners.kinds,
            sandbox=sandbox.works(),
            draining=bool(self.draining),
            started_at=self.began_at,
            seen_at=_now(),
            agents=self.roster.agents(),
        )


def build(settings: Settings, loops: Loops) -> AsgiFastStream:
    broker, health = open_broker(settings, "dispatcher"), Health()
    consumers = list(_consumers(settings))
    made: list[Parts] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        client = await broker.connect()
        health.watch_nats(client)
        health.add("loops", loops.problem)
        await provision_consumers(client, [source.consumer for _, source in consumers])
        await check_keys(client, settings.ring)
        parts = Parts(client, settings)
        made.append(parts)
        await asyncio.to_thread(parts.folders.open)
        await parts.seating.open()
        health.add("catalog", parts.directory.problem)
        _subscribe(broker, client, parts)
        _start(client, parts, loops, consumers)
        yield
        await parts.seating.close()
        await parts.admission.close()
        parts.folders.close()

    async def leave() -> None:
        """Take nothing more, let what runs end while it is still watched over, then stop that too."""
        await loops.stop_some([source.consumer.durable for _, source in consumers])
        for parts in made:
            await parts.dispatcher.leave(settings.shutdown_seconds)
        await loops.stop()

    return AsgiFastStream(
        broker, lifespan=lifespan, on_shutdown=[leave], asgi_routes=health.routes(), logger=None
    )


def _consumers(settings: Settings) -> Iterator[tuple[int, Source]]:
    """With the place of their queue."""
    for place, queue in enumerate(settings.queues):
        yield place, Source(_leased(dispatcher_due(queue), settings.lease), read_due, settings.slots)
        yield place, Source(_leased(dispatcher_resume(queue), settings.lease), read_resumed, RESUMED_AT_ONCE)


def _leased(consumer: Consumer, lease: timedelta) -> Consumer:
    return replace(consumer, ack_wait=lease)


def _subscribe(broker: NatsBroker, client: Client, parts: Parts) -> None:
    cancel = partial(cancelling.cancel, client, parts.statuses)
    answer = partial(answering.answer, parts.statuses)
    handlers.subscribe(broker, cancel, answer, parts.roster, parts.watch)
    draining.subscribe(
        broker, parts.worker, parts.draining, lambda: len(parts.roster), parts.presence.changed
    )


def _start(client: Client, parts: Parts, loops: Loops, consumers: list[tuple[int, Source]]) -> None:
    settings = parts.settings
    metrics.SLOTS.set(settings.slots)
    loops.start("directory", parts.directory.follow())
    loops.start("board", parts.board.follow())
    loops.start("inspection", parts.inspection.follow())
    loops.start("presence", parts.presence.tell_for_ever())
    loops.start("heartbeat", parts.watch.beat_for_ever(settings.heartbeat_seconds))
    loops.start("leases", parts.watch.expire_for_ever())
    slots = [Slots(settings.slots_of(place)) for place in range(len(settings.queues))]
    for place, source in consumers:
        begin = partial(parts.dispatcher.begin, source.consumer, slots[place])
        taking = take_in(client, source, slots[place], parts.draining, begin)
        loops.start(source.consumer.durable, taking)


def _now() -> datetime:
    return datetime.now(UTC)
