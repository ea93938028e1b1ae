"""What becomes of everything that was asked of a job: due, or skipped and why. A state machine over the gate.

Scheduled occurrences are decided once because the gate's cursor passes them, triggers because of their mark, ends
because the execution is gone from the gate.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, assert_never

from lamplighter_contracts.events import Firing, JobTriggered, SkipReason, TriggerKind
from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.gates import Gate
from lamplighter_contracts.ids import execution_id
from lamplighter_contracts.jobs import Job, Overlap
from lamplighter_contracts.streams import MESSAGE_LIMIT
from lamplighter_scheduler.agenda import Backlog, backlog

LARGEST_DUE = MESSAGE_LIMIT - 2 * 1024
"""Of job and firing in one message, with room for what is around them."""


@dataclass(frozen=True)
class Asked:
    """What came in for one job. `repeated` are the keys of triggers that were delivered before."""

    job_id: str
    ticked: bool = False
    triggers: tuple[JobTriggered, ...] = ()
    repeated: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Situation:
    """A job as it stands. `job` is None where the catalog has none; `decided` are keys of triggers with a mark."""

    job_id: str
    job: Job | None
    gate: Gate
    gate_sequence: int = 0
    gate_written_at: datetime | None = None
    decided: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Occurrence:
    """Something that may become an execution. `missed` says why it is too late for that, for `count` of its kind."""

    execution_id: str
    firing: Firing
    missed: str = ""
    count: int = 1


@dataclass(frozen=True)
class Due:
    occurrence: Occurrence
    gated: bool


@dataclass(frozen=True)
class Skipped:
    occurrence: Occurrence
    reason: SkipReason
    detail: str


Ruling = Due | Skipped


@dataclass(frozen=True)
class Decision:
    """`gate` is None where it stays as it is."""

    gate: Gate | None = None
    rulings: tuple[Ruling, ...] = ()


class Obstacle(NamedTuple):
    reason: SkipReason
    detail: str


def decide(situation: Situation, asked: Asked, now: datetime) -> Decision:
    """Ends first, since they make room; then everything due, in the order of its instants.

    Raises `ScheduleError` for a schedule that cannot be read.
    """
    gate = _without(situation.gate, asked.ended)
    passed = _passed(situation, asked, now)
    rulings = []
    for occurrence in _in_order(situation, asked, passed, now):
        ruling = _rule(situation.job, gate, occurrence)
        gate = _after(gate, ruling, now)
        rulings.append(ruling)
    if passed.cursor is not None:
        gate = gate.model_copy(update={"cursor": passed.cursor})
    return Decision(gate if gate != situation.gate else None, tuple(rulings))


def _rule(job: Job | None, gate: Gate, occurrence: Occurrence) -> Ruling:
    obstacle = _obstacle(job, gate, occurrence)
    if obstacle is not None:
        return Skipped(occurrence, *obstacle)
    assert job is not None
    too_large = _too_large(job, occurrence.firing)
    if too_large:
        # Neither would its record fit with the payload that was too much.
        bare = replace(occurrence, firing=occurrence.firing.model_copy(update={"payload": None}))
        return Skipped(bare, SkipReason.TOO_LARGE, too_large)
    return Due(occurrence, gated=job.overlap is not Overlap.ALLOW)


def _too_large(job: Job, firing: Firing) -> str:
    """Why both do not fit into one message. A job alone always does: its size is bounded when it is saved."""
    if firing.payload is None:
        return ""
    size = len(job.model_dump_json().encode()) + len(firing.model_dump_json().encode())
    if size <= LARGEST_DUE:
        return ""
    return f"job and payload together have {size:,} bytes, at most {LARGEST_DUE:,} fit into one message"


def _obstacle(job: Job | None, gate: Gate, occurrence: Occurrence) -> Obstacle | None:
    """The first thing in the way of an occurrence."""
    if job is None:
        return Obstacle(SkipReason.DELETED, "no such job is known")
    if job.deleted_at is not None:
        return Obstacle(SkipReason.DELETED, f"the job was deleted at {rfc3339(job.deleted_at)}")
    if occurrence.missed:
        return Obstacle(SkipReason.MISSED, occurrence.missed)
    # A manual start is a person's deliberate act: it runs a paused job too.
    if not job.enabled and occurrence.firing.kind is not TriggerKind.MANUAL:
        return Obstacle(SkipReason.PAUSED, "the job is paused")
    if job.overlap is Overlap.SKIP and gate.running:
        running, since = next(iter(gate.running.items()))
        return Obstacle(SkipReason.OVERLAP, f"execution {running} was still running, due {rfc3339(since)}")
    return None


def _after(gate: Gate, ruling: Ruling, now: datetime) -> Gate:
    """The gate once a ruling stands."""
    match ruling:
        case Due(occurrence, gated=True):
            return gate.model_copy(update={"running": {**gate.running, occurrence.execution_id: now}})
        case Due() | Skipped():
            return gate
        case _:
            assert_never(ruling)


def _without(gate: Gate, ended: frozenset[str]) -> Gate:
    if ended.isdisjoint(gate.running):
        return gate
    running = {execution: since for execution, since in gate.running.items() if execution not in ended}
    return gate.model_copy(update={"running": running})


def _passed(situation: Situation, asked: Asked, now: datetime) -> Backlog:
    if situation.job is None or not asked.ticked:
        return Backlog()
    return backlog(situation.job, situation.gate, now)


def _in_order(situation: Situation, asked: Asked, passed: Backlog, now: datetime) -> list[Occurrence]:
    occurrences = [
        *_scheduled(situation.job_id, passed, now),
        *_triggered(asked.triggers, situation.decided),
    ]
    return sorted(occurrences, key=lambda occurrence: occurrence.firing.nominal_at)


def _triggered(triggers: Iterable[JobTriggered], decided: frozenset[str]) -> Iterator[Occurrence]:
    """One occurrence a key, however often it was delivered."""
    for trigger in {trigger.key: trigger for trigger in triggers if trigger.key not in decided}.values():
        yield Occurrence(trigger.execution_id, trigger.firing)


def _scheduled(job_id: str, passed: Backlog, now: datetime) -> Iterator[Occurrence]:
    if not passed.listed:
        return
    *missed, latest = passed.listed
    if passed.unlisted_until is not None:
        at_least = "" if passed.exact else "at least "
        why = (
            f"{at_least}{passed.unlisted} occurrences up to this one came due while no scheduler was at work"
        )
        yield _at(passed.unlisted_until, job_id, why, passed.unlisted)
    for instant in missed:
        yield _at(instant, job_id, f"decided at {rfc3339(now)}, when a later occurrence was due as well")
    late = now - latest
    too_late = f"decided {late.total_seconds():.0f} s late, at most {passed.tolerance.total_seconds():.0f} s"
    yield _at(latest, job_id, too_late if late > passed.tolerance else "")


def _at(instant: datetime, job_id: str, missed: str, count: int = 1) -> Occurrence:
    key = rfc3339(instant)
    firing = Firing(kind=TriggerKind.SCHEDULE, key=key, nominal_at=instant)
    return Occurrence(execution_id(instant, job_id, key), firing, missed, count)
