"""Why an agent was chosen, or nobody: one sentence for people."""

from collections import Counter
from collections.abc import Sequence

from lamplighter_choosing.contenders import Contender
from lamplighter_choosing.ranking import Lead
from lamplighter_contracts.choices import Filter

MOST_WORDS = 4
REASON_LIMIT = 500

_REMOVED = {
    Filter.INACTIVE: "not active",
    Filter.CAPABILITY: "without the capabilities asked for",
    Filter.ENVIRONMENT: "in an environment that is another one, missing or not ready",
    Filter.QUEUE: "on a queue without a worker",
    Filter.RUNNER: "of a runner that no worker has",
    Filter.POLICY: "kept from it by a policy",
    Filter.TRUST: "kept by a policy from what comes from outside",
}


def only(agent_id: str, candidates: int) -> str:
    others = " that there is" if candidates == 1 else f" of {candidates} that may take it"
    return f"{agent_id!r} takes it: it is the only agent{others}."


def clear(found: Lead, left: int, method: str) -> str:
    if method == "bm25":
        how = f"shares the words {_words(found)} with the prompt"
    else:
        how = f"is the nearest to the prompt in meaning ({found.first.fit.text:.2f})"
    if found.next is None:
        return (
            f"{found.first.agent_id!r} takes it: it {how}, and of {_agents(left)} no other kind may take it."
        )
    beside = f"{found.ahead:.2f} ahead of {found.next.agent_id!r}"
    return f"{found.first.agent_id!r} takes it: of {_agents(left)} that may, it {how}, {beside}."


def not_clear(found: Lead, wanted: float, method: str) -> str:
    """Without its full stop: what follows from it is said in the same sentence."""
    first = found.first
    if first.fit.text <= 0:
        return "no agent that may take it fits the prompt at all"
    if not first.fit.enough:
        sharing = (
            f"shares only {_words(found)} with the prompt" if method == "bm25" else "is far from the prompt"
        )
        return (
            f"no agent fits the prompt well: the best, {first.agent_id!r}, {sharing} ({first.fit.text:.2f})"
        )
    assert found.next is not None
    apart = f"{found.ahead:.2f} apart where it takes {wanted:.2f}"
    return f"{first.agent_id!r} and {found.next.agent_id!r} fit the prompt about alike ({apart})"


def nobody_left(contenders: Sequence[Contender]) -> str:
    if not contenders:
        return "there is no agent"
    if len(contenders) == 1:
        return f"the only agent, {contenders[0].agent.agent_id!r}, {contenders[0].detail}"
    counts = Counter(one.removed_by for one in contenders)
    said = [
        f"{counts[by]} {'is' if counts[by] == 1 else 'are'} {words}"
        for by, words in _REMOVED.items()
        if counts[by]
    ]
    return f"none of {_agents(len(contenders))} may take it: {', '.join(said)}"


def without_fallback(why: str) -> str:
    return f"Nobody takes it: {why}, and the job names no fallback."


def fallback(why: str, agent_id: str) -> str:
    return f"{agent_id!r} takes it as the job's fallback: {why}."


def fallback_missing(why: str, agent_id: str) -> str:
    return f"Nobody takes it: {why}, and the job's fallback {agent_id!r} does not exist."


def fallback_removed(why: str, named: Contender) -> str:
    return f"Nobody takes it: {why}, and the job's fallback {named.agent.agent_id!r} {named.detail}."


def by_model(agent_id: str, reason: str) -> str:
    said = " ".join(reason.split())[:REASON_LIMIT].rstrip(".")
    return f"{agent_id!r} takes it: a model was asked and chose it{f' ({said})' if said else ''}."


def _agents(number: int) -> str:
    return "one agent" if number == 1 else f"{number} agents"


def _words(found: Lead) -> str:
    return ", ".join(repr(word) for word in found.first.fit.matched[:MOST_WORDS])
