"""Which occurrences of a job share a bound on how many run, and whether there is room for one more."""

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from lamplighter_contracts.events import TriggerKind
from lamplighter_contracts.gates import Backfill, Gate, Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.timing import Concurrency

LONGEST_LANE = 64
"""Bytes of its name in the gate."""


def lane_of(concurrency: Concurrency, payload: Any) -> str:
    """The value that the job's concurrency key has in the payload, as text; empty where there is none."""
    if concurrency.key is None:
        return ""
    value = payload
    for name in concurrency.key.split(".")[1:]:
        value = _child(value, name)
    if value is None:
        return ""
    return short(value if isinstance(value, str) else json.dumps(value, sort_keys=True))


def short(text: str) -> str:
    """The name of a lane or a group. The gate holds them all: one that takes much room stands as its hash."""
    fits = len(json.dumps(text)) <= LONGEST_LANE
    return text if fits else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _child(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
        return value[int(name)]
    return None


def running_in(gate: Gate, lane: str) -> list[str]:
    """The executions that take a place in the lane, oldest first. A backfill has a bound of its own."""
    return [e for e, running in gate.running.items() if running.lane == lane and not running.backfill_id]


def queue_of(gate: Gate, lane: str) -> list[Waiting]:
    """Those that wait for room in the lane, oldest first. What waits for its time is not among them."""
    return [waiting for waiting in gate.waiting if waiting.lane == lane and is_in_line(waiting)]


def is_in_line(waiting: Waiting) -> bool:
    """Whether it waits for room alone: not what is caught up with, and no group that still gathers."""
    return waiting.not_before is None


def has_room(job: Job, gate: Gate, lane: str) -> bool:
    bound = job.concurrency.bound
    return bound is None or len(running_in(gate, lane)) < bound


def has_backfill_room(gate: Gate, backfill: Backfill) -> bool:
    return backfill_running(gate, backfill) < backfill.max_parallel


def backfill_running(gate: Gate, backfill: Backfill) -> int:
    return sum(running.backfill_id == backfill.backfill_id for running in gate.running.values())


def admissible(job: Job, gate: Gate, ended: Collection[str], now: datetime) -> Iterator[Waiting]:
    """Those that wait and would find room, in order, once `ended` is over. Of what is caught up with only the
    first: when it starts says when the next may."""
    left = {e: running for e, running in gate.running.items() if e not in ended}
    taken: dict[str, int] = {}
    for running in left.values():
        if not running.backfill_id:
            taken[running.lane] = taken.get(running.lane, 0) + 1
    bound = job.concurrency.bound
    caught_up = False
    for waiting in gate.waiting:
        if waiting.execution_id in ended or not _has_time(waiting, now) or (caught_up and waiting.caught_up):
            continue
        if bound is None or taken.get(waiting.lane, 0) < bound:
            taken[waiting.lane] = taken.get(waiting.lane, 0) + 1
            caught_up |= waiting.caught_up
            yield waiting


def _has_time(waiting: Waiting, now: datetime) -> bool:
    return waiting.not_before is None or waiting.not_before <= now


def is_parked(waiting: Waiting) -> bool:
    """Whether what started it lies in the stream: the gate has no payloads."""
    return waiting.kind in (TriggerKind.MANUAL, TriggerKind.WEBHOOK)
