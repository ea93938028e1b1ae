"""Several constraints as one: of limits the lowest, and all that any of them takes away."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from lamplighter_contracts.policies import Constraints
from lamplighter_policies.opinions import NONE

N = TypeVar("N", int, float)


def united(several: Iterable[Constraints]) -> Constraints:
    """The order of them never matters."""
    given = [constraints for constraints in several if constraints != NONE]
    if not given:
        return NONE
    return Constraints(
        remove_tools=_all(c.remove_tools for c in given),
        max_seconds=_lowest([c.max_seconds for c in given]),
        max_tokens=_lowest([c.max_tokens for c in given]),
        max_cost=_lowest([c.max_cost for c in given]),
        max_tool_calls=_lowest([c.max_tool_calls for c in given]),
        hide_secrets=_all(c.hide_secrets for c in given),
    )


def _all(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({name for names in several for name in names}))


def _lowest(bounds: Sequence[N | None]) -> N | None:
    return min((bound for bound in bounds if bound is not None), default=None)
