"""Whose is this execution? Decided from the last message on its status subject. Pure.

The status subject is the truth: every write names the sequence that it follows, so of two that decide alike
one writes and the other decides again.

A message that brings up an execution is its due event (part 0), or says that a parked one may go on (part 1 and
later). Only the latest of them counts: an earlier one that comes again says nothing about a worker's death.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from lamplighter_contracts.executions import (
    Approval,
    ExecutionAnswered,
    ExecutionCancelling,
    ExecutionFinished,
    ExecutionRetrying,
    ExecutionStarted,
    ExecutionTransition,
    ExecutionWaiting,
)
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.approvals import for_another_attempt
from lamplighter_dispatcher.outcomes import Final, cancelled, failed


@dataclass(frozen=True, slots=True)
class Seen:
    """The last message on a status subject."""

    sequence: int
    event: ExecutionTransition


@dataclass(frozen=True, slots=True)
class Carried:
    """What an attempt takes over from what was before it. The numbers are of the same attempt, where it goes on."""

    usage: Usage = Usage()
    approvals: tuple[Approval, ...] = ()
    log_lines: int = 0
    log_batches: int = 0
    steps: int = 0
    decisions: int = 0
    ran_seconds: float = 0
    pieces: int = 0
    """Of the state that its runner left."""
    log_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Claim it: write `started` after the sequence `expected` (0: the first message)."""

    attempt: int
    expected: int
    deaths: int = 0
    part: int = 0
    resumed: bool = False
    carried: Carried = field(default_factory=Carried)

    @property
    def repeats(self) -> bool:
        """Whether an attempt was made before that did not come to its end."""
        return self.attempt > 1 and not self.resumed

    @property
    def last_attempt(self) -> int:
        """That has begun so far; 0 where none has."""
        return self.attempt - (not self.resumed)


@dataclass(frozen=True, slots=True)
class Close:
    """Its worker died and it shall not run again: write its end."""

    attempt: int
    expected: int
    final: Final
    carried: Carried = field(default_factory=Carried)


@dataclass(frozen=True, slots=True)
class Expire:
    """Nobody answered in time: say so in their place."""

    waiting: ExecutionWaiting
    expected: int


@dataclass(frozen=True, slots=True)
class Over:
    """It has its end, or another message brings it up. Nothing is left to do with this one."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Not now. `until` is when it has its time; None: somebody has claimed it since this delivery, and if that one is
    dead, the message comes again after a lease."""

    until: datetime | None = None


Decision = Start | Close | Expire | Over | Leave

UNTOUCHED = Start(attempt=1, expected=0)
"""What a first delivery tries without looking."""


@dataclass(frozen=True, slots=True)
class Bringer:
    """The message at hand: for which part of the execution, and which delivery of it."""

    part: int
    delivery: int

    @property
    def is_new(self) -> bool:
        """Whether nothing can have been written about the execution, as a rule."""
        return self.part == 0 and self.delivery == 1


def on_taken(seen: Seen | None, bringer: Bringer, most_deaths: int, now: datetime) -> Decision:
    """What to do with an execution that a message brings up.

    Where the last word is another worker's claim, that one has let go of it or is dead, for the message came again.
    Unless this delivery is the older one: it lay with a process that was stalled, while the next was claimed.
    """
    if seen is None:
        return UNTOUCHED
    event, sequence = seen.event, seen.sequence
    if isinstance(event, ExecutionFinished) or event.part > bringer.part:
        return Over()
    match event:
        case ExecutionCancelling(attempt=attempt, requested_by=by, usage=usage, approvals=approvals):
            return Close(attempt, sequence, cancelled(by), Carried(usage=usage, approvals=approvals))
        case ExecutionStarted():
            return _after(event, sequence, bringer.delivery, most_deaths)
        case ExecutionRetrying(not_before=at):
            return Leave(at) if now < at else _again(event, sequence)
        case ExecutionWaiting(deadline_at=at):
            return Leave(at) if now < at else Expire(event, sequence)
        case ExecutionAnswered():
            return _go_on(event, sequence)
        case _:
            assert_never(event)


def on_lost_claim(seen: Seen | None, bringer: Bringer, most_deaths: int, now: datetime) -> Decision:
    """Between looking and claiming somebody else wrote. A claim found now is no dead worker's, as far as anyone
    knows: taking it over could stop a run that is well."""
    if seen is not None and isinstance(seen.event, ExecutionStarted):
        return Leave()
    return on_taken(seen, bringer, most_deaths, now)


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


def _after(claim: ExecutionStarted, sequence: int, delivery: int, most_deaths: int) -> Decision:
    if delivery <= claim.delivery:
        return Leave()
    deaths = claim.deaths + (not claim.handed_back)
    carried = Carried(usage=claim.usage, approvals=for_another_attempt(claim.approvals))
    if deaths >= most_deaths:
        return Close(claim.attempt, sequence, _lost(deaths), carried)
    return Start(claim.attempt + 1, sequence, deaths, claim.part, carried=carried)


def _again(event: ExecutionRetrying, sequence: int) -> Start:
    carried = Carried(usage=event.usage, approvals=for_another_attempt(event.approvals))
    return Start(event.attempt + 1, sequence, event.deaths, event.part, carried=carried)


def _go_on(event: ExecutionAnswered, sequence: int) -> Start:
    """The same attempt, where it was parked; or the next, where it had not begun and left no state."""
    carried = Carried(
        event.usage,
        event.approvals,
        event.log_lines,
        event.log_batches,
        event.steps,
        event.decisions,
        event.ran_seconds,
        event.pieces,
        event.log_sequence,
    )
    begun = event.pieces > 1
    attempt = event.attempt if begun else event.attempt + 1
    return Start(attempt, sequence, event.deaths, event.part, begun, carried)


def _lost(deaths: int) -> Final:
    times = "Its worker died" if deaths == 1 else f"The workers of {deaths} attempts died"
    return failed("lost", f"{times} or went silent, and it is not tried again.")
