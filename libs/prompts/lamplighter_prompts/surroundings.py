"""What a token is by the tokens around it."""

from collections.abc import Iterator, Sequence

from .tags import Token
from .vocabulary import KEYWORDS

_NOTHING = Token("sign", "", 0)


class Tokens:
    """The tokens of one expression. Beyond its ends there is nothing, and no error."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens

    def __getitem__(self, index: int) -> Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _NOTHING

    def __iter__(self) -> Iterator[Token]:
        return iter(self._tokens)

    def is_field(self, index: int) -> bool:
        return self[index].kind == "name" and self[index - 1].text == "."

    def is_filter(self, index: int) -> bool:
        return self[index].kind == "name" and self[index - 1].text == "|"

    def is_test(self, index: int) -> bool:
        """The name after `is` or `is not`."""
        before = self[index - 1].text
        negated = before == "not" and self[index - 2].text == "is"
        return self[index].kind == "name" and self[index].text != "not" and (before == "is" or negated)

    def is_value(self, index: int) -> bool:
        """Whether a value ends here, so that a bracket that follows belongs to it."""
        token = self[index]
        if token.kind == "name":
            return token.text not in KEYWORDS or self.is_field(index)
        return token.kind != "sign" or token.text in (")", "]")
