"""A source as text and tags, and each tag as tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .errors import PromptError, refusal
from .vocabulary import LONGEST_SOURCE, MOST_TAGS, MOST_TOKENS

Kind = Literal["name", "string", "number", "sign"]

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPENING = re.compile(r"\{[{%#]")
_RAW = re.compile(r"\{%-?\s*raw\s*(-?)%\}(.*?)\{%(-?)\s*endraw\s*(-?)%\}", re.DOTALL)
_RAW_START = re.compile(r"\{%-?\s*raw\s*-?%\}")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|\*\*|//|[-+*/%~|.,:=<>()\[\]{}])""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    kind: Kind
    text: str
    line: int


@dataclass(frozen=True)
class Text:
    content: str
    line: int


@dataclass(frozen=True)
class Tag:
    opening: Literal["{{", "{%"]
    tokens: tuple[Token, ...]
    line: int
    written: str
    """What stands between the braces, blanks folded."""


Node = Text | Tag


def read_tags(source: str) -> list[Node]:
    """Text and tags in order; comments are gone, blanks trimmed where a `-` says so. Raises PromptError."""
    if len(source) > LONGEST_SOURCE:
        raise refusal(1, f"the prompt has {len(source):,} characters, where {LONGEST_SOURCE:,} is the most.")
    nodes = list(_Reader(source).nodes())
    tags = [node for node in nodes if isinstance(node, Tag)]
    if len(tags) > MOST_TAGS:
        raise refusal(
            tags[MOST_TAGS].line, f"the prompt has {len(tags):,} tags, where {MOST_TAGS:,} is the most."
        )
    return nodes


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.trims = False
        self._counted = (0, 1)

    def nodes(self) -> Iterator[Node]:
        while opening := _OPENING.search(self.source, self.at):
            start = opening.start()
            dashed = self.source.startswith("-", start + 2)
            yield from self._text(self.source[self.at : start], self.at, trims_end=dashed)
            yield from self._opened(start, opening.group())
        yield from self._text(self.source[self.at :], self.at)

    def _opened(self, start: int, opening: str) -> Iterator[Node]:
        if opening == "{#":
            self._skip_comment(start)
        elif opening == "{%" and _RAW_START.match(self.source, start):
            yield from self._raw(start)
        else:
            yield self._tag(start, "{{" if opening == "{{" else "{%")

    def _text(self, content: str, start: int, trims_end: bool = False) -> Iterator[Text]:
        if self.trims:
            stripped = content.lstrip()
            start, content = start + len(content) - len(stripped), stripped
        self.trims = False
        content = content.rstrip() if trims_end else content
        if content:
            yield Text(content, self._line(start))

    def _skip_comment(self, start: int) -> None:
        end = self.source.find("#}", start + 2)
        if end < 0:
            raise refusal(self._line(start), "the comment `{#` is not closed with `#}`.", raw=True)
        self.at, self.trims = end + 2, self.source[end - 1] == "-"

    def _raw(self, start: int) -> Iterator[Text]:
        raw = _RAW.match(self.source, start)
        if raw is None:
            raise refusal(self._line(start), "`{% raw %}` is not closed with `{% endraw %}`.")
        after_start, content, before_end, after_end = raw.groups()
        self.trims = bool(after_start)
        yield from self._text(content, raw.start(2), trims_end=bool(before_end))
        self.at, self.trims = raw.end(), bool(after_end)

    def _tag(self, start: int, opening: Literal["{{", "{%"]) -> Tag:
        closing = _CLOSING[opening]
        line = self._line(start)
        self.at = start + 2 + self.source.startswith("-", start + 2)
        first, tokens = self.at, list[Token]()
        while not (end := self._ending(closing)):
            if self.at >= len(self.source) or len(tokens) > MOST_TOKENS:
                raise self._unending(line, opening, closing, len(tokens))
            tokens.extend(self._token(line, opening, closing))
        written = " ".join(self.source[first : self.at].split())
        self.at, self.trims = self.at + end, end == len(closing) + 1
        return Tag(opening, tuple(tokens), line, written)

    def _ending(self, closing: str) -> int:
        if self.source.startswith(closing, self.at):
            return len(closing)
        return len(closing) + 1 if self.source.startswith(f"-{closing}", self.at) else 0

    def _token(self, line: int, opening: str, closing: str) -> Iterator[Token]:
        found = _TOKEN.match(self.source, self.at)
        if found is None:
            odd = self.source[self.at]
            what = "a text is not closed" if odd in "\"'" else f"{odd!r} is not understood"
            raise refusal(self._line(self.at), f"{what} inside `{opening} {closing}`.", raw=True)
        start, self.at = self.at, found.end()
        match found.lastgroup:
            case "name" | "string" | "number" | "sign" as kind:
                yield Token(kind, found.group(), self._line(start))

    def _unending(self, line: int, opening: str, closing: str, tokens: int) -> PromptError:
        if tokens > MOST_TOKENS:
            return refusal(
                line, f"the tag has more than {MOST_TOKENS} parts: give names to some of them with `set`."
            )
        return refusal(line, f"`{opening}` is not closed with `{closing}`.", raw=True)

    def _line(self, position: int) -> int:
        # Positions only grow, but for a tag's own start: what was counted is not counted again.
        known, line = self._counted if self._counted[0] <= position else (0, 1)
        line += self.source.count("\n", known, position)
        self._counted = (position, line)
        return line
