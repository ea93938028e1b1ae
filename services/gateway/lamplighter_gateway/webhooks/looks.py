"""At which part of a payload an expression looks, and whose names it uses: read from its words alone.

Only that part is handed to CEL's engine, which copies all that it is given, at a microsecond a value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
"""Macros over lists: their first argument is a name that they make."""
RESERVED = frozenset({"true", "false", "null", "in"})

Tree = dict[str, Any]
"""Keys, each with those looked at below it; none below it means all of it."""

_WORD = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<text>
      (?:[bB]?[rR]|[rR][bB])(?:"{3}.*?"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
    | [bB]?(?:"{3}(?:\\.|[^\\])*?"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PLAIN_TEXT = re.compile(r"\"[^\"\\]*\"|'[^'\\]*'")


@dataclass(frozen=True, slots=True)
class Word:
    kind: str
    text: str


def words(expression: str) -> list[Word]:
    found = (Word(one.lastgroup or "", one.group()) for one in _WORD.finditer(expression))
    return [word for word in found if word.kind != "space"]


def made_names(read: Sequence[Word]) -> set[str]:
    """The names that macros make."""
    return {
        word.text
        for place, word in enumerate(read[3:], 3)
        if word.kind == "name"
        and read[place - 1].text == "("
        and read[place - 2].text in MACROS
        and read[place - 3].text == "."
    }


def looked_at(expression: str) -> Tree | None:
    """The parts of `payload` that the expression can look at; None where that cannot be told: then it is all."""
    read = words(expression)
    tree: Tree = {}
    for place, word in enumerate(read):
        if word != Word("name", "payload"):
            continue
        if place and read[place - 1].text == ".":
            # A field of that name; or the variable, after a point that stands alone.
            if place > 1 and _ends_a_value(read[place - 2]):
                continue
            return None
        path = list(_path(read[place + 1 :]))
        if not path:
            return None
        _plant(tree, path)
    return tree


def pruned(value: Any, tree: Tree | None) -> Any:
    """`value` with nothing but what the tree names."""
    if tree is None or not isinstance(value, Mapping):
        return value
    return {key: pruned(value[key], below or None) for key, below in tree.items() if key in value}


def _path(read: Sequence[Word]) -> Iterator[str]:
    """The keys that follow: `.name` (which is no call) or `["text"]`, as far as they are plain."""
    place = 0
    while place + 1 < len(read):
        sign, key = read[place], read[place + 1]
        after = read[place + 2].text if place + 2 < len(read) else ""
        if sign.text == "." and key.kind == "name" and after != "(":
            yield key.text
            place += 2
        elif sign.text == "[" and _PLAIN_TEXT.fullmatch(key.text) and after == "]":
            yield key.text[1:-1]
            place += 3
        else:
            return


def _plant(tree: Tree, path: Sequence[str]) -> None:
    for key in path[:-1]:
        if key in tree and not tree[key]:
            # All of it is looked at already.
            return
        tree = tree.setdefault(key, {})
    tree[path[-1]] = {}


def _ends_a_value(word: Word) -> bool:
    return word.kind in ("name", "text") or word.text in ")]}"
