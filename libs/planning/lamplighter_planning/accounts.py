"""What became of one recorded occurrence, in a sentence."""

from datetime import timedelta
from typing import assert_never

from lamplighter_contracts.events import Firing, Outcome, SkipReason, TriggerKind
from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.gates import Gate, Waiting
from lamplighter_contracts.jobs import Job
from lamplighter_contracts.queries import ExecutionRecord, OccurrenceRecord
from lamplighter_contracts.timing import Overlap
from lamplighter_planning.clock_words import Clock, span
from lamplighter_planning.inquiry import Inquiry
from lamplighter_planning.standings import continued, standing

_WORTH_TELLING = timedelta(seconds=1)


def account(inquiry: Inquiry, record: OccurrenceRecord) -> str:
    """A full sentence, or two."""
    clock = inquiry.clock
    # A record may stand for several: it is told of the one that was asked about.
    at = inquiry.at if record.count > 1 and inquiry.at is not None else record.firing.nominal_at
    on = f"on {clock.full(at)}{_among(record, clock)}"
    why = _why(record, clock)
    match record.outcome:
        case Outcome.FIRED:
            return f"{_fired(record, clock)}: {_execution(record, inquiry)}."
        case Outcome.QUEUED:
            return _queued(record, inquiry.gate, clock)
        case Outcome.COALESCED:
            return f"It did not fire by itself {on}: {why}{_joined(record, inquiry)}."
        case Outcome.SKIPPED:
            return _skipped(record, on, why, inquiry.job)
        case Outcome.MISSED:
            return f"It was missed {on}: {why}."
        case Outcome.BLOCKED:
            return _blocked(on, why, inquiry.execution)
        case _:
            assert_never(record.outcome)


def in_short(record: OccurrenceRecord) -> str:
    """`fired`, or `was skipped (overlap)`: what is said of a neighbour."""
    match record.outcome:
        case Outcome.FIRED:
            return "fired"
        case Outcome.QUEUED:
            return "waits for its turn"
        case Outcome.SKIPPED:
            return f"was skipped ({(record.reason or record.outcome).replace('_', ' ')})"
        case Outcome.COALESCED | Outcome.MISSED | Outcome.BLOCKED:
            return f"was {record.outcome}"
        case _:
            assert_never(record.outcome)


def _why(record: OccurrenceRecord, clock: Clock) -> str:
    return clock.retold(record.detail or str(record.reason or record.outcome)).removesuffix(".")


def _among(record: OccurrenceRecord, clock: Clock) -> str:
    if record.count == 1 or record.first_at is None:
        return ""
    first, last = clock.brief(record.first_at), clock.brief(record.firing.nominal_at)
    return f", as one of {record.count:,} from {first} to {last}"


def _policy(record: OccurrenceRecord, job: Job) -> str:
    """What the job says of overlaps, where it said the same then."""
    if record.reason is not SkipReason.OVERLAP or job.updated_at > record.decided_at:
        return ""
    match job.concurrency.overlap, job.concurrency.bound:
        case Overlap.SKIP, 1:
            return ", and the job skips overlaps"
        case ((Overlap.SKIP | Overlap.ALLOW), int(bound)):
            return f", and the job runs at most {bound} at a time"
        case _:
            return ""


def _fired(record: OccurrenceRecord, clock: Clock) -> str:
    firing = record.firing
    started = f"{_began(firing)} on {clock.full(firing.nominal_at)}"
    if firing.gathered:
        # How late the first of them fires is no delay.
        return f"{started}, where {_gathered(firing)} gathered until {clock.time(record.decided_at, firing.nominal_at)}"
    if firing.caught_up:
        return f"It was due on {clock.full(firing.nominal_at)}, was missed, and the job caught up with it"
    effective = firing.effective_at or firing.nominal_at
    put_off = effective > firing.nominal_at
    spread = f", put off to {clock.time(effective, firing.nominal_at)} by its spread" if put_off else ""
    late = record.decided_at - effective
    is_late = late > _WORTH_TELLING and firing.kind is not TriggerKind.BACKFILL
    return started + spread + (f", {span(late)} after it was due" if is_late else "")


def _began(firing: Firing) -> str:
    match firing.kind:
        case TriggerKind.SCHEDULE:
            return "It fired"
        case TriggerKind.MANUAL:
            return f"{firing.triggered_by or 'Somebody'} started it by hand"
        case TriggerKind.WEBHOOK:
            return "A delivery to its webhook started it"
        case TriggerKind.BACKFILL:
            return f"Backfill {firing.backfill_id} ran the occurrence"
        case _:
            assert_never(firing.kind)


def _gathered(firing: Firing) -> str:
    return "no other was" if firing.gathered == 1 else f"{firing.gathered} deliveries were"


def _joined(record: OccurrenceRecord, inquiry: Inquiry) -> str:
    """How the execution stands that it became part of, where that is known."""
    if not record.into or inquiry.execution is None:
        return ""
    if any(waiting.execution_id == record.into for waiting in inquiry.gate.waiting):
        # No dispatcher has been asked for it.
        return ", which has still to start"
    return f", which {standing(inquiry.execution, inquiry.clock, inquiry.now)}"


def _skipped(record: OccurrenceRecord, on: str, why: str, job: Job) -> str:
    match record.reason:
        case SkipReason.POLICY:
            return f"It did not run {on}: it was denied by policy: {continued(why)}."
        case SkipReason.APPROVAL:
            return f"It did not run {on}: it was not approved: {continued(why)}."
        case _:
            return f"It did not fire {on}: {why}{_policy(record, job)}."


def _blocked(on: str, why: str, execution: ExecutionRecord | None) -> str:
    """It fired, and nobody could do it; or its prompt could not be rendered, and it became no execution."""
    if execution is not None and execution.status is ExecutionStatus.BLOCKED:
        return f"It did not run {on}: {continued(why)}."
    return f"It did not fire {on}: its prompt could not be rendered. {why}."


def _execution(record: OccurrenceRecord, inquiry: Inquiry) -> str:
    name = f"execution {record.execution_id}"
    if inquiry.execution is None:
        return f"{name}, of which nothing more is recorded"
    return f"{name} {standing(inquiry.execution, inquiry.clock, inquiry.now)}"


def _queued(record: OccurrenceRecord, gate: Gate, clock: Clock) -> str:
    due = f"It was due on {clock.full(record.firing.nominal_at)}"
    place = next((n for n, w in enumerate(gate.waiting) if w.execution_id == record.execution_id), None)
    if place is None:
        return (
            f"{due} and has waited: {_why(record, clock)}. Its turn has come, or it was cancelled: ask again."
        )
    waiting = gate.waiting[place]
    if waiting.gathers:
        return _gathering(record, waiting, clock)
    before = sum(other.lane == waiting.lane for other in gate.waiting[:place])
    ahead = f" {before} {'waits' if before == 1 else 'wait'} before it." if before else ""
    start = f" It starts on {clock.brief(waiting.not_before)}." if waiting.not_before else ""
    return f"{due} and waits for its turn: {_why(record, clock)}.{ahead}{start}"


def _gathering(record: OccurrenceRecord, waiting: Waiting, clock: Clock) -> str:
    """The first of a group, while others may still join it."""
    others = len(waiting.joined)
    came = f"A delivery came on {clock.full(record.firing.nominal_at)}"
    joined = {0: "none has", 1: "one has"}.get(others, f"{others} have")
    if waiting.not_before is None:
        return f"{came} and waits for its turn; of others of its kind, {joined} joined it."
    kind = f" of {waiting.group!r}" if waiting.group else ""
    return f"{came} and waits for others{kind} until {clock.brief(waiting.not_before)}: {joined} joined it so far."
