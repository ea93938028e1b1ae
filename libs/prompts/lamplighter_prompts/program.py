"""A source checked, written anew for the engine, and compiled."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from minijinja import Environment, TemplateError

from .errors import refusal
from .expressions import Mentions, Place, read_expression
from .filters import WORKING
from .printing import MISSING, Print, Printer
from .readings import Record
from .statements import Statement, check_pairs, read_statement
from .tags import Node, Tag, Text, read_tags
from .taint import tainted_names
from .vocabulary import FUEL, MOST_JOINS, NAMES

TEMPLATE = "prompt"
_SHORT = 4_096
"""Characters of a source of which many are kept. Compiled, a source takes some twenty times its length."""
_KEPT, _KEPT_LONG = 512, 32
_LONG_TEXT = 256


@dataclass(frozen=True)
class Program:
    names: frozenset[str]
    variables: tuple[Place, ...]
    filters: tuple[Place, ...]
    prints: tuple[Print, ...]
    engine: Environment


@dataclass(frozen=True)
class _Step:
    """A piece of the source, understood."""

    node: Node
    statement: Statement | None
    mentions: Mentions


def compiled(source: str) -> Program | None:
    """None for a text without tags. Raises PromptError. The latest are kept, all together some hundred megabytes."""
    return (compiled_short if len(source) <= _SHORT else compiled_long)(source)


def _compiled(source: str) -> Program | None:
    if not any(marker in source for marker in ("{{", "{%", "{#")):
        return None
    steps = _understood(read_tags(source))
    mentions = [step.mentions for step in steps]
    writer = _Writer(steps)
    engine = _engine("".join(writer.written()))
    return Program(
        names=frozenset(name.partition(".")[0] for each in mentions for name in each.names) & NAMES,
        variables=tuple(place for each in mentions for place in each.variables),
        filters=tuple(place for each in mentions for place in each.filters),
        prints=tuple(writer.prints),
        engine=engine,
    )


compiled_short = lru_cache(maxsize=_KEPT)(_compiled)
compiled_long = lru_cache(maxsize=_KEPT_LONG)(_compiled)


def _understood(nodes: Sequence[Node]) -> list[_Step]:
    read = [(node, read_statement(node) if isinstance(node, Tag) else None) for node in nodes]
    statements = [statement for _, statement in read if statement]
    check_pairs(statements)
    bound = frozenset[str]().union(*(statement.binds for statement in statements))
    loops = {"loop"} if any(statement.word == "for" for statement in statements) else set[str]()
    return [_Step(node, statement, _mentions(statement, bound | loops)) for node, statement in read]


def _mentions(statement: Statement | None, bound: Set[str]) -> Mentions:
    if statement is None or not statement.expression:
        return Mentions()
    # What is printed is counted. What is bound could be joined to itself and bound again; what is compared, often.
    return read_expression(statement.expression, bound, MOST_JOINS if statement.word == "print" else 0)


class _Writer:
    """Writes the source that the engine reads: the same texts and tokens, on the same lines.

    A text that holds a brace is written as a constant, so that no two pieces can make a tag together. One that stands
    in a loop and is long goes through the printer, which counts.
    """

    def __init__(self, steps: Sequence[_Step]) -> None:
        self.steps = steps
        self.prints: list[Print] = []
        self.tainted = tainted_names((s.statement.binds, s.mentions.names) for s in steps if s.statement)
        self._line = 1
        self._loops = 0

    def written(self) -> Iterator[str]:
        for step in self.steps:
            for piece in self._step(step):
                self._line += piece.count("\n")
                yield piece

    def _step(self, step: _Step) -> Iterator[str]:
        match step.node, step.statement:
            case Text(content, line), _:
                yield from self._text(content, line)
            case Tag() as tag, Statement(word="print"):
                is_data = bool(step.mentions.names & self.tainted)
                yield "{{ ("
                yield from self._tokens(tag)
                yield self._printed(Print(tag.written, tag.line, is_data))
            case Tag() as tag, Statement(word=word):
                self._loops += {"for": 1, "endfor": -1}.get(word, 0)
                yield "{%"
                yield from self._tokens(tag)
                yield " %}"

    def _tokens(self, tag: Tag) -> Iterator[str]:
        for token in tag.tokens:
            yield "\n" * (token.line - self._line) or " "
            yield token.text

    def _text(self, content: str, line: int) -> Iterator[str]:
        if "{" not in content and (not self._loops or len(content) < _LONG_TEXT):
            yield content
        else:
            quoted = content.replace("\\", "\\\\").replace('"', '\\"')
            yield f'{{{{("{quoted}"'
            yield self._printed(Print("", line, is_data=False))

    def _printed(self, print_: Print) -> str:
        self.prints.append(print_)
        return f") | default(__missing) | __print(__printer, {len(self.prints) - 1}) }}}}"


def _print(value: Any, printer: Printer, index: int) -> str:
    return printer.printed(value, index)


def _engine(written: str) -> Environment:
    engine = Environment(
        undefined_behavior="strict",
        fuel=FUEL,
        filters=WORKING | {"__print": _print},
        tests={"mapping": lambda value: isinstance(value, Record)},
        globals={"__missing": MISSING},
        auto_escape_callback=lambda _: False,
        keep_trailing_newline=True,
        pycompat=False,
    )
    try:
        engine.add_template(TEMPLATE, written)
    except TemplateError as error:
        raise refusal(error.line or 1, f"{error.detail or error.kind}.", raw=True) from None
    except UnicodeEncodeError:
        raise refusal(
            1, "the prompt holds a character that is no character (half of a surrogate pair)."
        ) from None
    return engine
