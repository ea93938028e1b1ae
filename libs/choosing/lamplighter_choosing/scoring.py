"""What a scorer is: it says how well a prompt fits each of several agents, and how far ahead the best has to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from lamplighter_contracts.agents import Agent


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one agent fits. `text` is the scorer's own measure, `matched` the words that made it."""

    text: float
    matched: tuple[str, ...] = ()
    enough: bool = False
    """Whether it is enough to be chosen for."""


class Scorer(Protocol):
    @property
    def method(self) -> Literal["bm25", "meaning"]: ...

    @property
    def ahead(self) -> float:
        """How far the best has to be ahead of the next, in relevance or in score. Also what a full load counts against
        an agent: so load decides between those that fit about alike, never against one that fits clearly better."""

    @property
    def relative(self) -> bool:
        """Whether `text` means something only beside the best of the others, as it does where it has no bound."""

    def fits(self, prompt: str, agents: Sequence[Agent]) -> Mapping[str, Fit]:
        """By agent id, for each of them. The order of agents makes no difference."""
