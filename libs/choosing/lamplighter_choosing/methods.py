"""A scorer by the name that settings have for it."""

from typing import Literal, assert_never

from lamplighter_choosing import meaning
from lamplighter_choosing.bm25 import BM25
from lamplighter_choosing.scoring import Scorer

Method = Literal["bm25", "meaning"]


def scorer_of(method: Method) -> Scorer:
    """Raises `LookupError` with a sentence where its libraries are not installed."""
    match method:
        case "bm25":
            return BM25()
        case "meaning":
            return meaning.scorer()
        case _:
            assert_never(method)
