"""A text as the numbers that the model reads: WordPiece, as BERT's uncased vocabulary has it.

`vocabulary.txt` is that of all-MiniLM-L6-v2, which is BERT's (both under the Apache License 2.0). Devlin et al.,
"BERT: Pre-training of Deep Bidirectional Transformers" (2019); the reference is `tokenization.py` beside it.
"""

import re
import string
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

MOST_PIECES = 256
"""What the model was made to read at once. What a text has beyond it is not read."""
LONGEST_WORD = 100

_VOCABULARY = Path(__file__).with_name("vocabulary.txt")
_IDEOGRAPH = re.compile(r"([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f])")


class WordPieces:
    def __init__(self) -> None:
        tokens = _VOCABULARY.read_text(encoding="utf-8").splitlines()
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._begin, self._end, self._unknown = (self._numbers[t] for t in ("[CLS]", "[SEP]", "[UNK]"))

    def read(self, text: str) -> list[int]:
        found: list[int] = []
        for token in _tokens(text):
            found += self._pieces(token)
            if len(found) >= MOST_PIECES - 2:
                break
        return [self._begin, *found[: MOST_PIECES - 2], self._end]

    def _pieces(self, token: str) -> list[int]:
        """The longest pieces from the left; a token that does not come out even is unknown as a whole."""
        if len(token) > LONGEST_WORD:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(token):
            number, start = self._longest(token, start)
            if number is None:
                return [self._unknown]
            found.append(number)
        return found

    def _longest(self, token: str, start: int) -> tuple[int | None, int]:
        for end in range(len(token), start, -1):
            piece = token[start:end] if start == 0 else f"##{token[start:end]}"
            if piece in self._numbers:
                return self._numbers[piece], end
        return None, start


def _tokens(text: str) -> Iterator[str]:
    """Words and signs, in small letters without accents; each ideograph is a word."""
    bare = unicodedata.normalize("NFD", _IDEOGRAPH.sub(r" \1 ", text))
    written = "".join(_as_read(character) for character in bare)
    return iter(written.lower().split())


@lru_cache(maxsize=4_096)
def _as_read(character: str) -> str:
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    if character in string.punctuation or kind[0] == "P":
        return f" {character} "
    # Accents, and what is not seen: controls, marks of direction, characters that are not assigned.
    return "" if kind == "Mn" or kind[0] == "C" else character
