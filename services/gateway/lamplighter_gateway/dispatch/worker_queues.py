"""The queues that workers serve: how much room there is, and how much waits for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client

from lamplighter_contracts.streams import Consumer, dispatcher_due, dispatcher_resume
from lamplighter_contracts.workers import WorkerState
from lamplighter_runtime.jetstream import ask, obtain
from lamplighter_runtime.messages import BusUnavailable

_NO_CONSUMER = 10014


@dataclass(frozen=True, slots=True)
class Queue:
    """`slots` and `running` are of all its workers; one that serves several queues counts in each of them."""

    name: str
    workers: tuple[str, ...]
    slots: int
    running: int
    due: int
    """Messages that wait for a worker."""


def queues_of(workers: Sequence[WorkerState], others: Sequence[str], due: dict[str, int]) -> list[Queue]:
    """Those that somebody serves, and `others` that somebody needs, by name."""
    names = {name for worker in workers for name in worker.queues} | set(others)
    return [_queue(name, workers, due.get(name, 0)) for name in sorted(names)]


def _queue(name: str, workers: Sequence[WorkerState], due: int) -> Queue:
    serving = [worker for worker in workers if name in worker.queues]
    taking = [worker for worker in serving if not worker.draining]
    return Queue(
        name,
        tuple(worker.worker for worker in serving),
        sum(worker.slots for worker in taking),
        sum(worker.running for worker in serving),
        due,
    )


async def read_due(client: Client, names: Sequence[str]) -> dict[str, int]:
    """What waits on each queue to be begun, or to go on. Raises `BusUnavailable`."""
    counts = await asyncio.gather(*(_waiting(client, name) for name in names))
    return dict(zip(names, counts, strict=True))


async def _waiting(client: Client, name: str) -> int:
    due, resumed = await asyncio.gather(
        _pending(client, dispatcher_due(name)), _pending(client, dispatcher_resume(name))
    )
    return due + resumed


async def _pending(client: Client, consumer: Consumer) -> int:
    """What no worker has taken yet; where none was ever there to take it, all that there is."""
    info = await ask(client, f"CONSUMER.INFO.{consumer.stream.name}.{consumer.durable}")
    if "error" not in info:
        return int(info["num_pending"])
    if info["error"].get("err_code") != _NO_CONSUMER:
        raise BusUnavailable(f"NATS could not look at {consumer.durable}: {info['error'].get('description')}")
    (pattern,) = consumer.filters
    return await _count(client, consumer.stream.name, pattern)


async def _count(client: Client, stream: str, pattern: str) -> int:
    """Raises `BusUnavailable`."""
    info = await obtain(client, f"STREAM.INFO.{stream}", {"subjects_filter": pattern})
    return sum((info["state"].get("subjects") or {}).values())
