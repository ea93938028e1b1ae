"""What an expression may be, and which names it mentions.

Looked at, token by token, is what the engine's own parser would let pass. Whether the tokens make sense together it
says itself.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from .errors import refusal, unknown
from .signs import Signs, refuse_miscounted
from .surroundings import Tokens
from .tags import Token
from .vocabulary import FIELDS, FILTERS, KEYWORDS, MOMENTS, MOST_JOINS, NAMES, TESTS

Place = tuple[str, int]
"""A word and its line."""


@dataclass(frozen=True)
class Mentions:
    """`names` are top-level names, and `previous.result`."""

    names: frozenset[str] = frozenset()
    variables: tuple[Place, ...] = ()
    filters: tuple[Place, ...] = ()


def read_expression(tokens: Sequence[Token], bound: Set[str], most_joins: int = MOST_JOINS) -> Mentions:
    """`bound` are the names that the prompt itself sets. Raises PromptError for what a prompt may not hold."""
    reader = _Reader(Tokens(tokens), bound)
    reader.read()
    joins = [token for token in tokens if token.text == "~"]
    if len(joins) > most_joins:
        where = (
            f"more than {most_joins} `~` stand in one tag" if most_joins else "`~` joins inside `{{ }}` only"
        )
        raise refusal(joins[0].line, f"{where}: print values side by side, {{{{ a }}}}{{{{ b }}}}.")
    return Mentions(frozenset(reader.names), tuple(reader.variables), tuple(reader.filters))


class _Reader:
    def __init__(self, tokens: Tokens, bound: Set[str]) -> None:
        self.tokens = tokens
        self.bound = bound
        self.names: set[str] = set()
        self.variables: list[Place] = []
        self.filters: list[Place] = []

    def read(self) -> None:
        signs = Signs(self.tokens)
        for index, token in enumerate(self.tokens):
            signs.read(index)
            if token.kind == "name" and not self.tokens.is_field(index):
                self._name(index, token)

    def _name(self, index: int, token: Token) -> None:
        if self.tokens.is_filter(index):
            self._worker(index, token, "filter", FILTERS)
            self.filters.append((token.text, token.line))
        elif self.tokens.is_test(index):
            self._worker(index, token, "test", TESTS)
        elif token.text not in KEYWORDS:
            self._value(index, token)

    def _worker(self, index: int, token: Token, noun: str, known: dict[str, range]) -> None:
        if token.text not in known:
            raise unknown(token.line, f"there is no {noun} {token.text!r}", token.text, known)
        after = self.tokens[index + 1]
        if after.text == ".":
            raise refusal(
                token.line, f"a field of what a {noun} gives needs brackets: `(a | {token.text}).b`."
            )
        # A test may have its argument without brackets: `is startingwith "a"`.
        if after.text != "(" and not (noun == "test" and after.kind in ("string", "number")):
            refuse_miscounted(token.text, 0, token.line)

    def _value(self, index: int, token: Token) -> None:
        if token.text not in NAMES | self.bound:
            what = f"there is no name {token.text!r}"
            raise unknown(token.line, what, token.text, NAMES | self.bound, raw=True)
        if token.text in FIELDS:
            self.names.add(self._field(index, token.text))
            return
        if token.text in MOMENTS and self.tokens[index + 1].text in (".", "["):
            advice = f'write {{{{ {token.text} | date("%Y-%m-%d") }}}} for a part of it'
            raise refusal(token.line, f"`{token.text}` has no fields: {advice}.")
        self.names.add(token.text)

    def _field(self, index: int, root: str) -> str:
        """The name that counts as mentioned: of what is before a run, only its result came from outside."""
        part, known = self._part(index), FIELDS[root]
        if part is None:
            fields = ", ".join(f"`{root}.{name}`" for name in sorted(known))
            raise refusal(self.tokens[index].line, f"`{root}` is followed by one of its fields: {fields}.")
        if part.text not in known:
            raise unknown(part.line, f"there is no field `{root}.{part.text}`", part.text, known)
        if part.text == "variables":
            self._variable(index + 2, part.line)
        path = f"{root}.{part.text}"
        return path if path == "previous.result" else root

    def _variable(self, index: int, line: int) -> None:
        name = self._part(index)
        if name is None:
            raise refusal(
                line, "`job.variables` is followed by the name of a variable: `job.variables.NAME`."
            )
        self.variables.append((name.text, name.line))

    def _part(self, index: int) -> Token | None:
        """What follows the name at `index` and a dot."""
        return self.tokens[index + 2] if self.tokens.is_field(index + 2) else None
