"""What must hold between a job, its gate, its timer and its executions; and what is wrong where it does not.

What is only under way is not wrong: everything gets a moment to settle first.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from lamplighter_contracts import envelope
from lamplighter_contracts.executions import ExecutionFinished
from lamplighter_contracts.streams import DUE_TTL
from lamplighter_planning.agenda import is_released, next_alarm
from lamplighter_planning.backfills import is_left
from lamplighter_planning.lanes import admissible, has_backfill_room
from lamplighter_planning.rulings import Situation
from lamplighter_runtime.latest import Last
from lamplighter_scheduler.records import SCHEDULE, at

GRACE = timedelta(seconds=10)
"""How long a change may be under way before it counts as lost."""


class Fault(StrEnum):
    TIMER_MISSING = "timer_missing"
    TIMER_WRONG = "timer_wrong"
    TIMER_SUPERFLUOUS = "timer_superfluous"
    END_MISSED = "end_missed"
    DUE_EXPIRED = "due_expired"
    WAITING_LEFT = "waiting_left"


def timer_fault(situation: Situation, timer: Last | None, now: datetime) -> Fault | None:
    """Whether the timer agrees with job and gate. Raises `ScheduleError`."""
    instant = next_alarm(situation.job, situation.gate)
    if _unsettled(situation, instant, now):
        return None
    if instant is None:
        return Fault.TIMER_SUPERFLUOUS if timer else None
    if timer is None:
        return Fault.TIMER_MISSING
    return None if timer.headers.get(SCHEDULE) == at(instant) else Fault.TIMER_WRONG


def _unsettled(situation: Situation, instant: datetime | None, now: datetime) -> bool:
    """Whether job or gate changed just now, or the instant has just come: its tick is being decided."""
    if instant is not None and instant <= now:
        # One that is long due waits for no quiet moment: the gate of a busy job never has one.
        return now - instant < GRACE
    changed = [situation.gate_written_at, situation.job.updated_at if situation.job else None]
    return any(moment is not None and now - moment < GRACE for moment in changed)


def execution_fault(due_at: datetime, status: Last | None, now: datetime) -> Fault | None:
    """Whether an execution that the gate holds for running is over. `status` is its last status message."""
    if status is None:
        # Unclaimed, and the due event has expired: nobody will ever claim it.
        return Fault.DUE_EXPIRED if now - due_at > DUE_TTL + GRACE else None
    over = status.headers.get(envelope.TYPE_HEADER) == ExecutionFinished.event_type
    return Fault.END_MISSED if over and now - status.stored_at > GRACE else None


def waiting_fault(situation: Situation, now: datetime) -> Fault | None:
    """Whether something waits, or is left of a backfill, though it has had room and time for a while."""
    job, gate, written = situation.job, situation.gate, situation.gate_written_at
    if not (gate.waiting or gate.backfills) or written is None or now - written < GRACE:
        return None
    if job is None or job.deleted_at is not None or any(admissible(job, gate, (), now - GRACE)):
        return Fault.WAITING_LEFT
    left = any(has_backfill_room(gate, b) and is_left(b) for b in gate.backfills)
    return Fault.WAITING_LEFT if left else None


def is_unsettled(situation: Situation) -> bool:
    """Whether a change of the job may decide something: what a pause passed over, what waits, where it goes on."""
    job, gate = situation.job, situation.gate
    if job is not None and (job.pause is not None or is_released(job, gate)):
        return True
    return bool(gate.waiting or gate.backfills)
