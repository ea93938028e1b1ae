"""The choice of an agent: by score and load among those that nothing removed, where it is clear; or by the fallback."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lamplighter_choosing import sentences
from lamplighter_choosing.contenders import Contender
from lamplighter_choosing.ranking import Ranked, lead, rank
from lamplighter_choosing.scoring import Fit, Scorer
from lamplighter_choosing.wishes import Wish
from lamplighter_contracts.choices import Candidate, Choice, Filter

_NOT_MEANT = frozenset({Filter.INACTIVE, Filter.CAPABILITY})
"""What removes an agent that nobody can have meant."""


@dataclass(frozen=True, slots=True)
class Decided:
    how: Literal["score", "only", "fallback", "nobody"]
    reason: str
    chosen: str = ""
    confident: bool = False


def choose(wish: Wish, contenders: Sequence[Contender], scorer: Scorer) -> Choice:
    """Among the same contenders in any order the choice is the same."""
    fits = scorer.fits(wish.words, [one.agent for one in contenders])
    ranking = rank([one for one in contenders if one.removed_by is None], fits, scorer)
    decided = _decide(wish, contenders, ranking, scorer)
    return Choice(
        chosen=decided.chosen,
        how=decided.how,
        confident=decided.confident,
        reason=decided.reason,
        candidates=_candidates(contenders, ranking, fits),
        method=scorer.method,
        capabilities=wish.capabilities,
        environment=wish.environment or "",
    )


def settle(choice: Choice, agent_id: str, reason: str) -> Choice:
    """What a model made of a choice that was not clear. Raises `ValueError` where the agent is none of those left."""
    if not any(one.agent_id == agent_id and one.removed_by is None for one in choice.candidates):
        raise ValueError(f"the model chose {agent_id!r}, which is none of the agents that may take it")
    said = sentences.by_model(agent_id, reason)
    return choice.model_copy(update={"chosen": agent_id, "how": "model", "confident": True, "reason": said})


def _decide(
    wish: Wish, contenders: Sequence[Contender], ranking: Sequence[Ranked], scorer: Scorer
) -> Decided:
    if not ranking:
        return _instead(wish, contenders, sentences.nobody_left(contenders))
    if len(ranking) == 1 and _nobody_else_was_meant(contenders):
        only = ranking[0].agent_id
        return Decided("only", sentences.only(only, len(contenders)), only, confident=True)
    found = lead(ranking, scorer.ahead)
    if found.clear:
        said = sentences.clear(found, len(ranking), scorer.method)
        return Decided("score", said, found.first.agent_id, confident=True)
    return _instead(wish, contenders, sentences.not_clear(found, scorer.ahead, scorer.method))


def _nobody_else_was_meant(contenders: Sequence[Contender]) -> bool:
    """One that is left because others are away for the moment may be quite the wrong one: it has to fit as well."""
    return all(one.removed_by is None or one.removed_by in _NOT_MEANT for one in contenders)


def _instead(wish: Wish, contenders: Sequence[Contender], why: str) -> Decided:
    if wish.fallback is None:
        return Decided("nobody", sentences.without_fallback(why))
    named = next((one for one in contenders if one.agent.agent_id == wish.fallback), None)
    if named is None:
        return Decided("nobody", sentences.fallback_missing(why, wish.fallback))
    # A capability that it lacks was no reason to name another one, and is the last that it is asked.
    if named.removed_by not in (None, Filter.CAPABILITY):
        return Decided("nobody", sentences.fallback_removed(why, named))
    return Decided("fallback", sentences.fallback(why, wish.fallback), wish.fallback)


def _candidates(
    contenders: Sequence[Contender], ranking: Sequence[Ranked], fits: Mapping[str, Fit]
) -> tuple[Candidate, ...]:
    """Those that are left by score, then those that are removed, in the order of what removed them."""
    order = list(Filter)
    removed = [(order.index(one.removed_by), one) for one in contenders if one.removed_by is not None]
    removed.sort(key=lambda pair: (pair[0], pair[1].agent.agent_id))
    return (
        *(_left(one) for one in ranking),
        *(_removed(one, fits[one.agent.agent_id]) for _, one in removed),
    )


def _left(one: Ranked) -> Candidate:
    return Candidate(
        agent_id=one.agent_id,
        revision=one.contender.agent.revision,
        text=round(one.fit.text, 3),
        relevance=round(one.relevance, 3),
        load=round(one.contender.load, 3),
        score=round(one.score, 3),
        matched=one.fit.matched,
    )


def _removed(one: Contender, fit: Fit) -> Candidate:
    return Candidate(
        agent_id=one.agent.agent_id,
        revision=one.agent.revision,
        removed_by=one.removed_by,
        detail=one.detail,
        text=round(fit.text, 3),
        matched=fit.matched,
    )
