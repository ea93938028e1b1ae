"""How much the gate of a job holds: it is one message, whatever runs and waits."""

from lamplighter_contracts.events import SkipReason
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_planning.obstacles import Obstacle

GATE_LIMIT = MESSAGE_LIMIT - 128 * 1024
"""Bytes at which nothing more enters. What is in it already may still grow: by a result that is remembered, by the
reasons why executions are stopped, by one backfill."""

_WAITING, _RUNNING, _BACKFILL, _INSTANT, _JOINED = 240, 120, 5_000, 24, 35
"""The most bytes of each as JSON, without the texts that differ."""


def is_full(gate: Gate) -> bool:
    """Whether nothing more may run, wait or be filled in."""
    return _weight(gate) > GATE_LIMIT


def full(gate: Gate) -> Obstacle:
    what = f"{len(gate.running)} executions run and {len(gate.waiting)} occurrences wait"
    return Obstacle(SkipReason.OVERLAP, f"{what}: that is as much as is kept of one job")


def _weight(gate: Gate) -> int:
    # A key is what its sender made of it: each of its characters may take two bytes.
    waiting = sum(
        _WAITING + 2 * len(w.key) + len(w.lane) + len(w.group) + _JOINED * len(w.joined) for w in gate.waiting
    )
    running = sum(
        _RUNNING + len(r.lane) + len(r.stopping) + len(r.backfill_id) for r in gate.running.values()
    )
    backfills = sum(_BACKFILL + _INSTANT * len(b.instants) for b in gate.backfills)
    return waiting + running + backfills
