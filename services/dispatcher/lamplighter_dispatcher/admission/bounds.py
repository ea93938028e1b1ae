"""What an execution may use, of all that is said about it: the lowest of each. Pure."""

from collections.abc import Iterable
from typing import TypeVar

from lamplighter_contracts.agents import RunLimits
from lamplighter_contracts.jobs import Limits
from lamplighter_contracts.policies import Constraints


def lowest(*several: RunLimits) -> RunLimits:
    return RunLimits(
        seconds=_least(limits.seconds for limits in several),
        tokens=_least(limits.tokens for limits in several),
        cost=_least(limits.cost for limits in several),
        tool_calls=_least(limits.tool_calls for limits in several),
        requests=_least(limits.requests for limits in several),
    )


def of_job(limits: Limits) -> RunLimits:
    return RunLimits(
        seconds=limits.timeout_seconds, tokens=limits.tokens, cost=limits.cost, tool_calls=limits.tool_calls
    )


def of_policies(constraints: Constraints) -> RunLimits:
    return RunLimits(
        seconds=constraints.max_seconds,
        tokens=constraints.max_tokens,
        cost=constraints.max_cost,
        tool_calls=constraints.max_tool_calls,
    )


N = TypeVar("N", int, float)


def _least(values: Iterable[N | None]) -> N | None:
    return min((value for value in values if value is not None), default=None)
