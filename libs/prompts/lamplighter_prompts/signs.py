"""Which signs an expression may have: no arithmetic, no calls, no lists but those of constants after `in`."""

from dataclasses import dataclass
from typing import Literal

from .errors import PromptError, refusal
from .surroundings import Tokens
from .tags import Token
from .vocabulary import CONSTANTS, FILTERS, TESTS
from .zones import refuse_unknown_zone

_REFUSED = {
    **dict.fromkeys(("+", "*", "/", "%", "**", "//"), "a prompt does not count"),
    **dict.fromkeys(("{", "}"), "a prompt builds no objects"),
    "=": "`==` compares, and arguments have no names",
    ":": "`:` stands once, between the ends of a slice",
}
_NO_LISTS = 'a prompt builds no lists; `in` may be followed by one of constants: `in ["a", "b"]`.'


@dataclass
class _Bracket:
    kind: Literal["arguments", "group", "list", "index"]
    opened: int
    of: str = ""
    parted: int = 0
    """How many commas it has, or colons."""


class Signs:
    """Reads the signs and constants of one expression, in order. Raises PromptError."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._open: list[_Bracket] = []

    def read(self, index: int) -> None:
        token = self._tokens[index]
        if self._inside == "list" and token.kind == "name" and token.text not in CONSTANTS:
            raise refusal(token.line, _NO_LISTS)
        if token.kind == "string":
            self._text(index, token)
        elif token.kind == "sign":
            self._sign(index, token)

    @property
    def _inside(self) -> str:
        return self._open[-1].kind if self._open else ""

    def _sign(self, index: int, token: Token) -> None:
        match token.text:
            case "(":
                self._open.append(self._round(index, token))
            case "[":
                self._open.append(self._square(index, token))
            case ")" | "]" if self._open:
                self._close(index, token, self._open.pop())
            case ",":
                self._comma(token)
            case "-":
                self._minus(index, token)
            case ":" if self._inside == "index" and not self._open[-1].parted:
                self._open[-1].parted += 1
            case refused if refused in _REFUSED:
                raise refusal(
                    token.line, f"{_REFUSED[refused]}: `{refused}` is not allowed.", raw=refused in "{}"
                )

    def _round(self, index: int, token: Token) -> _Bracket:
        before = self._tokens[index - 1].text
        if self._tokens.is_filter(index - 1) or self._tokens.is_test(index - 1):
            return _Bracket("arguments", index, before)
        if self._tokens.is_value(index - 1):
            hint = " The pairs of an object are `payload | items`." if before == "items" else ""
            raise refusal(
                token.line, f"`{before}(` is a call, and a prompt calls nothing but filters.{hint}", raw=True
            )
        return _Bracket("group", index)

    def _square(self, index: int, token: Token) -> _Bracket:
        if self._tokens.is_value(index - 1):
            return _Bracket("index", index)
        if self._tokens[index - 1].text != "in":
            raise refusal(token.line, _NO_LISTS)
        return _Bracket("list", index)

    def _close(self, index: int, token: Token, bracket: _Bracket) -> None:
        if bracket.kind == "arguments":
            count = bracket.parted + 1 if index - bracket.opened > 1 else 0
            refuse_miscounted(bracket.of, count, token.line)

    def _comma(self, token: Token) -> None:
        if self._inside not in ("arguments", "list"):
            raise refusal(token.line, _NO_LISTS)
        self._open[-1].parted += 1

    def _minus(self, index: int, token: Token) -> None:
        if self._tokens.is_value(index - 1) or self._tokens[index + 1].kind != "number":
            raise refusal(token.line, "a prompt does not count: `-` stands before a number only.")

    def _text(self, index: int, token: Token) -> None:
        """The time zone of `date` is known when the prompt is saved."""
        if self._inside == "arguments" and (self._open[-1].of, self._open[-1].parted) == ("date", 1):
            refuse_unknown_zone(token.text[1:-1], token.line)


def refuse_miscounted(name: str, count: int, line: int) -> None:
    """`name` is a filter or a test. Raises PromptError."""
    allowed = FILTERS.get(name, TESTS.get(name, range(0)))
    if count not in allowed:
        raise _miscounted(name, allowed, count, line)


def _miscounted(name: str, allowed: range, count: int, line: int) -> PromptError:
    takes = " or ".join(str(number) for number in allowed)
    return refusal(line, f"`{name}` takes {takes} arguments, and was given {count}.")
