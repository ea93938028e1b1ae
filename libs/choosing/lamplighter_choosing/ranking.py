"""The contenders that are left, by score: which of them is first, and whether it is clear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter_choosing.cards import are_twins
from lamplighter_choosing.contenders import Contender
from lamplighter_choosing.scoring import Fit, Scorer


@dataclass(frozen=True, slots=True)
class Ranked:
    """A contender that is left, with its numbers."""

    contender: Contender
    fit: Fit
    relevance: float
    score: float

    @property
    def agent_id(self) -> str:
        return self.contender.agent.agent_id


@dataclass(frozen=True, slots=True)
class Lead:
    """The first of a ranking, the next one that is no twin of it, and how far they are apart."""

    first: Ranked
    next: Ranked | None
    ahead: float
    clear: bool


def rank(left: Sequence[Contender], fits: Mapping[str, Fit], scorer: Scorer) -> list[Ranked]:
    """The best first; of equals the one with less load, then by id."""
    best = max((fits[one.agent.agent_id].text for one in left), default=0.0) if scorer.relative else 1.0
    ranked = [_ranked(one, fits[one.agent.agent_id], best, scorer.ahead) for one in left]
    return sorted(ranked, key=lambda one: (-one.score, one.contender.load, one.agent_id))


def lead(ranking: Sequence[Ranked], wanted: float) -> Lead:
    """Of at least one."""
    first = ranking[0]
    others = [one for one in ranking[1:] if not are_twins(first.contender.agent, one.contender.agent)]
    if not others:
        return Lead(first, None, first.score, first.fit.enough)
    by_relevance = first.relevance - max(one.relevance for one in others)
    ahead = max(by_relevance, first.score - others[0].score)
    return Lead(first, others[0], ahead, first.fit.enough and ahead >= wanted)


def _ranked(one: Contender, fit: Fit, best: float, weight_of_load: float) -> Ranked:
    relevance = min(1.0, max(0.0, fit.text / best)) if best > 0 else 0.0
    return Ranked(one, fit, relevance, relevance - weight_of_load * one.load)
