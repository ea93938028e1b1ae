"""Whether an attempt that failed is followed by another, and when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lamplighter_contracts.executions import Effected, ExecutionStatus
from lamplighter_contracts.jobs import Retry
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import DETAIL_LIMIT, Final, failed

NAMED = 3


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt, not before its time."""

    not_before: datetime
    final: Final
    """How this one went."""


def follow_up(
    final: Final, retry: Retry, failures: int, effects: Sequence[Effected], now: datetime
) -> Final | Again:
    """`failures` counts the attempts that failed, this one among them: the deaths of workers are no failures."""
    if (
        final.status is not ExecutionStatus.FAILED
        or final.reason not in retry.on
        or failures >= retry.attempts
    ):
        return final
    if effects and not retry.after_effects:
        detail = f"{final.detail} It is not tried again, since it has had effects: {told(effects)}."
        return replace(final, reason=Failed.EFFECTS.value, detail=detail[:DETAIL_LIMIT])
    return Again(now + timedelta(seconds=wait(retry, failures, final.retry_after_seconds)), final)


def wait(retry: Retry, failures: int, asked_seconds: float | None = None) -> float:
    """Seconds: longer after each failure, and never shorter than whoever refused has asked for, up to the longest."""
    own = retry.first_seconds * retry.factor ** (failures - 1)
    return min(max(own, asked_seconds or 0), retry.most_seconds)


def after_death(effects: Sequence[Effected], retry: Retry) -> Final | None:
    """How an execution ends whose worker died after it had had effects; None where it may begin anew."""
    if not effects or retry.after_effects:
        return None
    detail = f"Its worker died after it had had effects, which must not be repeated: {told(effects)}."
    return failed(Failed.LOST.value, detail)


def told(effects: Sequence[Effected]) -> str:
    """The first few of them, in a line."""
    words = "; ".join(told_one(effect) for effect in effects[:NAMED])
    more = len(effects) - NAMED
    return f"{words}; and {more} more" if more > 0 else words


def told_one(effect: Effected) -> str:
    doubt = "" if effect.done else " (begun, perhaps not done)"
    return f"{effect.name} {effect.detail}".strip() + doubt
