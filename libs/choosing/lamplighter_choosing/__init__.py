"""Which agent fits a prompt: filters, a score, present load, and a sentence that says why. Pure.

wishes      what a smart job asks for
contenders  which agents may take it, and what removes the others
cards       what an agent says of itself
words       the words of a text as they are compared
scoring     what a scorer is, and when its best is clear
bm25        by the words that prompt and agent share; the default
methods     a scorer by its name in the settings
meaning     by likeness of meaning, with the extra: a small language model on this machine
choosing    the choice itself, and what a model makes of one that is not clear
sentences   why, for people

An agent is removed by the first hard fact that speaks against it: it is not active, lacks a capability, is not of the
job's environment or that is not ready, its queue has no worker, no worker there has its runner, a policy says no. Of
those that are left each has a score: its relevance, less a little for the load it has. Whoever is chosen has enough of
the prompt's words (or meaning) and is far enough ahead of the next; where that is nobody, the job's fallback takes
it; where there is none, nobody does.
"""

from lamplighter_choosing.bm25 import BM25
from lamplighter_choosing.choosing import choose, settle
from lamplighter_choosing.contenders import Contender, contenders
from lamplighter_choosing.methods import Method, scorer_of
from lamplighter_choosing.scoring import Fit, Scorer
from lamplighter_choosing.wishes import Wish

__all__ = [
    "BM25",
    "Contender",
    "Fit",
    "Method",
    "Scorer",
    "Wish",
    "choose",
    "contenders",
    "scorer_of",
    "settle",
]
