"""Whose is this execution? Decided from the last message on its status subject. Pure.

The status subject is the truth: every write names the sequence that it follows, so of two that decide alike
one writes and the other decides again.
"""

from dataclasses import dataclass
from enum import StrEnum

from lamplighter_contracts.events import (
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionStarted,
    ExecutionTransition,
)
from lamplighter_dispatcher.outcomes import Final, cancelled, failed


@dataclass(frozen=True, slots=True)
class Seen:
    """The last message on a status subject."""

    sequence: int
    event: ExecutionTransition


@dataclass(frozen=True, slots=True)
class Start:
    """Claim it: write `started` after the sequence `expected` (0: the first message)."""

    attempt: int
    expected: int
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    """Its worker died and it shall not run again: write its end."""

    attempt: int
    expected: int
    final: Final


@dataclass(frozen=True, slots=True)
class Over:
    """It has its end. Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody has claimed it since this delivery. If that one is dead, the due event comes again after a lease."""


Decision = Start | Close | Over | Leave

UNTOUCHED = Start(attempt=1, expected=0)
"""What a first delivery tries without looking."""


def on_redelivery(seen: Seen | None, delivery: int, most_deaths: int) -> Decision:
    """The due event came again, so the worker that held it has let go of it or is dead.

    Unless this delivery is the older one: it lay with a process that was stalled, while the next was claimed.
    """
    if seen is None:
        return UNTOUCHED
    match seen.event:
        case ExecutionFinished():
            return Over()
        case ExecutionCancelling(attempt=attempt, requested_by=by):
            return Close(attempt, seen.sequence, cancelled(by))
        case ExecutionStarted() as claim:
            return _after(claim, seen.sequence, delivery, most_deaths)


def _after(claim: ExecutionStarted, sequence: int, delivery: int, most_deaths: int) -> Decision:
    if delivery <= claim.delivery:
        return Leave()
    deaths = claim.deaths + (not claim.handed_back)
    if deaths >= most_deaths:
        return Close(claim.attempt, sequence, _lost(deaths))
    return Start(claim.attempt + 1, sequence, deaths)


def on_lost_claim(seen: Seen | None, delivery: int, most_deaths: int) -> Decision:
    """Between looking and claiming somebody else wrote. A claim found now is no dead worker's, as far as anyone
    knows: taking it over could stop a run that is well."""
    if seen is not None and isinstance(seen.event, ExecutionStarted):
        return Leave()
    return on_redelivery(seen, delivery, most_deaths)


class Hold(StrEnum):
    """What a worker learns when it looks at the status of an execution that it runs."""

    OURS = "ours"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


def hold(seen: Seen | None, ours: int, worker: str, attempt: int) -> Hold:
    """`ours` is the sequence of the last status that this worker wrote or knows of.

    A replica that lags behind may answer with an older status or none: that says nothing.
    """
    if seen is None or seen.sequence <= ours:
        return Hold.OURS
    match seen.event:
        case ExecutionCancelling(worker=holder, attempt=held) if (holder, held) == (worker, attempt):
            return Hold.CANCELLED
        case _:
            return Hold.SUPERSEDED


def _lost(deaths: int) -> Final:
    times = "Its worker died" if deaths == 1 else f"The workers of {deaths} attempts died"
    return failed("lost", f"{times} or went silent, and it is not tried again.")
