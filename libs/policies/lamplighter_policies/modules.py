"""What a module in Rego calls and reads, as its parser found it.

The engine looks a function up only when it comes to it: one that it does not know, in a body that seldom gets so far,
would be found when it matters. So all of them are looked up beforehand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Syntax = Any
"""What the parser says: nested objects and lists."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`input.job.name` or `glob.match`: its parts as far as they are fixed, and the line it is on."""

    kind: Literal["call", "read"]
    parts: tuple[str, ...]
    line: int

    @property
    def name(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Module:
    """`rules` are the first parts of all names that it gives a value; `functions` the whole names of its functions."""

    package: tuple[str, ...]
    rules: frozenset[str]
    functions: frozenset[str]
    references: tuple[Reference, ...]

    def defines(self, call: Reference) -> bool:
        """Whether the function is one of its own, by its short name or by the whole."""
        own = ("data", *self.package)
        parts = call.parts[len(own) :] if call.parts[: len(own)] == own else call.parts
        return ".".join(parts) in self.functions


def read_module(syntax: Syntax) -> Module:
    """`syntax` is the parser's tree of one module."""
    heads = [head for rule in syntax["rules"] for head in _heads(rule)]
    package, _ = _of(syntax["package"]["refr"])
    return Module(
        package,
        frozenset(parts[0] for _, parts in heads if parts),
        frozenset(".".join(parts) for kind, parts in heads if kind == "Func"),
        tuple(_references(syntax["rules"])),
    )


def _heads(rule: Syntax) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The kind of each head, and the name that it gives a value."""
    for kind, told in rule.items():
        heads = {"Func" if told["args"] else kind: told} if kind == "Default" else told["head"]
        for head_kind, head in heads.items():
            parts, _ = _of(head["refr"])
            yield head_kind, parts


def _references(syntax: Syntax) -> Iterator[Reference]:
    if isinstance(syntax, list):
        for one in syntax:
            yield from _references(one)
    elif isinstance(syntax, dict):
        yield from _reference(syntax)
        for one in syntax.values():
            yield from _references(one)


def _reference(syntax: Syntax) -> Iterator[Reference]:
    if "Call" in syntax:
        parts, line = _of(syntax["Call"]["fcn"])
        yield Reference("call", parts, line)
    elif "RefDot" in syntax or "RefBrack" in syntax:
        parts, line = _of(syntax)
        if parts[:1] == ("input",):
            yield Reference("read", parts, line)


def _of(syntax: Syntax) -> tuple[tuple[str, ...], int]:
    """The parts of a reference from its root on, up to one that is not fixed, and its line."""
    links: list[str | None] = []
    while True:
        if "RefDot" in syntax:
            links.append(str(syntax["RefDot"]["field"][1]))
            syntax = syntax["RefDot"]["refr"]
        elif "RefBrack" in syntax:
            index = syntax["RefBrack"]["index"]
            links.append(str(index["String"]["value"]) if "String" in index else None)
            syntax = syntax["RefBrack"]["refr"]
        else:
            break
    if "Var" not in syntax:
        return (), 0
    fixed = [str(syntax["Var"]["value"])]
    for link in reversed(links):
        if link is None:
            break
        fixed.append(link)
    return tuple(fixed), int(syntax["Var"]["span"]["line"])
