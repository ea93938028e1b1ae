"""Which names hold data from outside."""

from collections.abc import Iterable, Set

from .vocabulary import OUTSIDE


def tainted_names(bindings: Iterable[tuple[Set[str], Set[str]]]) -> frozenset[str]:
    """Of (names bound, names mentioned) pairs: what came from outside, by however many steps.

    Wherever a name is bound, it counts for all of the prompt: what is data in one branch is labelled in every one.
    """
    pairs, names = list(bindings), set(OUTSIDE)
    while grown := {name for bound, mentioned in pairs if mentioned & names for name in bound} - names:
        names |= grown
    return frozenset(names)
