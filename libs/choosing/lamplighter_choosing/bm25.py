"""How much the words of a prompt are those of one agent more than of the others: Okapi BM25 over their cards."""

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from lamplighter_choosing.cards import card
from lamplighter_choosing.scoring import Fit
from lamplighter_choosing.words import spoken, words
from lamplighter_contracts.agents import Agent

FREQUENCY, LENGTH = 1.2, 0.75
"""The usual k1 and b: how soon a repeated word counts no more, and how much a long card counts against itself."""
KEPT_INDEXES = 4
"""Of the catalog as it is, as it was before the last change, and of what others ask for meanwhile."""
MOST_MATCHED = 8
LEAST_TEXT = 1.0
LEAST_WORDS, LEAST_SHARE = 2, 0.5
"""One word that is shared may be an accident: of 72 labelled prompts the agent was the right one in 2 of 10 where it
was but one, and in 27 of 28 where there were two. So it takes two, or half of those that a short prompt has."""

Edition = tuple[tuple[str, int], ...]
"""Agent ids with their revisions, in order."""


class BM25:
    """Keeps the index of the agents that it saw last: of unchanged ones it is not made again."""

    method: Literal["bm25"] = "bm25"
    ahead = 0.1
    relative = True

    def __init__(self) -> None:
        self._indexes: OrderedDict[Edition, Index] = OrderedDict()

    def fits(self, prompt: str, agents: Sequence[Agent]) -> Mapping[str, Fit]:
        return self._index(agents).fits(prompt)

    def _index(self, agents: Sequence[Agent]) -> "Index":
        edition = tuple(sorted((agent.agent_id, agent.revision) for agent in agents))
        index = self._indexes.get(edition)
        # What has no revision was never stored, and may differ from what went by the same id before.
        if index is None or any(revision == 0 for _, revision in edition):
            index = self._indexes[edition] = Index(agents)
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(edition)
        return index


class Index:
    """Of each word, the agents that have it and how much it weighs for each."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        cards = {agent.agent_id: Counter(words(card(agent))) for agent in agents}
        lengths = {agent_id: counts.total() for agent_id, counts in cards.items()}
        average = sum(lengths.values()) / max(len(lengths), 1) or 1
        having = Counter(word for counts in cards.values() for word in counts)
        self._agent_ids = tuple(cards)
        self._weights: dict[str, dict[str, float]] = {word: {} for word in having}
        for agent_id, counts in cards.items():
            damping = FREQUENCY * (1 - LENGTH + LENGTH * lengths[agent_id] / average)
            for word, count in counts.items():
                rarity = math.log(1 + (len(cards) - having[word] + 0.5) / (having[word] + 0.5))
                self._weights[word][agent_id] = rarity * count * (FREQUENCY + 1) / (count + damping)

    def fits(self, prompt: str) -> dict[str, Fit]:
        """A word of the prompt counts once, however often it is said."""
        shared: dict[str, list[tuple[float, str]]] = {agent_id: [] for agent_id in self._agent_ids}
        asked = spoken(prompt)
        for word, as_said in asked.items():
            for agent_id, weight in self._weights.get(word, {}).items():
                shared[agent_id].append((weight, as_said))
        return {agent_id: _fit(found, len(asked)) for agent_id, found in shared.items()}


def _fit(found: list[tuple[float, str]], asked: int) -> Fit:
    weightiest = sorted(found, key=lambda pair: (-pair[0], pair[1]))
    # Summed in one order, so that the same words are the same sum to the last bit.
    text = sum(weight for weight, _ in weightiest)
    several = len(found) >= min(LEAST_WORDS, LEAST_SHARE * asked)
    return Fit(text, tuple(word for _, word in weightiest[:MOST_MATCHED]), several and text >= LEAST_TEXT)
