"""Seats at agents and environments that take only so many executions at once: who needs one, who has one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lamplighter_contracts.executions import ExecutionStatus
from lamplighter_contracts.seats import SeatKind, Seats
from lamplighter_dispatcher.admission.plans import Plan

CLAIM_TIME = timedelta(minutes=1)
"""A claim follows the seat: who has not claimed for so long has let go of it, or is dead."""

_AT_WORK = frozenset({ExecutionStatus.RUNNING, ExecutionStatus.CANCELLING})


@dataclass(frozen=True, slots=True)
class Place:
    """An agent or an environment, and how many it takes at once."""

    kind: SeatKind
    object_id: str
    most: int

    @property
    def empty(self) -> Seats:
        return Seats(kind=self.kind, object_id=self.object_id)

    def __str__(self) -> str:
        executions = "execution" if self.most == 1 else "executions"
        return f"The {self.kind} {self.object_id!r} takes {self.most} {executions} at once."


def places(plan: Plan) -> tuple[Place, ...]:
    """Where an execution needs a seat: at each of its agents, and at its environment."""
    agents = {agent.agent_id: agent.limits.concurrent for agent in plan.everyone}
    environment = plan.environment
    return (
        *(Place("agent", agent_id, most) for agent_id, most in sorted(agents.items()) if most is not None),
        *(
            [Place("environment", environment.environment_id, environment.concurrent)]
            if environment.concurrent is not None
            else []
        ),
    )


def take(seats: Seats, execution_id: str, most: int, now: datetime) -> Seats | None:
    """With the execution seated since now; None where all seats are taken. One that has a seat keeps it, a moment
    later at least than before: so whoever had it for this execution can tell that it is another's now."""
    before = seats.seated.get(execution_id)
    if before is None and len(seats.seated) >= most:
        return None
    since = max(int(now.timestamp()), 0 if before is None else before + 1)
    return seats.model_copy(update={"seated": {**seats.seated, execution_id: since}})


def leave(seats: Seats, execution_id: str, since: int | None) -> Seats:
    """Without the execution, if it still has the seat that it took then."""
    if seats.seated.get(execution_id) != since:
        return seats
    seated = {one: at for one, at in seats.seated.items() if one != execution_id}
    return seats.model_copy(update={"seated": seated})


def prune(seats: Seats, statuses: Mapping[str, ExecutionStatus], now: datetime) -> Seats:
    """Without those that need their seat no more, as their statuses say. None has a status before its claim."""
    seated = {
        one: since
        for one, since in seats.seated.items()
        if _needs_it(statuses.get(one), now.timestamp() - since)
    }
    return seats.model_copy(update={"seated": seated})


def _needs_it(status: ExecutionStatus | None, seconds: float) -> bool:
    if status in _AT_WORK:
        return True
    if status is not None and status.is_final:
        return False
    # Not begun, parked, or between two attempts: it sits there to be claimed at once, or has forgotten to leave.
    return seconds <= CLAIM_TIME.total_seconds()
