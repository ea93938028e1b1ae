"""CEL over `headers` and `payload`: whether an expression is right, and what it says of a delivery.

The engine is Rust's, bound by `common-expression-language`: it has a bound on depth, its regular expressions take
linear time, and it was some two hundred times faster than an engine in Python. What an expression over a large list
takes has no bound that could be told beforehand: so it is asked by processes apart (`reader`), which have one.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeVar

import cel

from lamplighter_gateway.webhooks.looks import RESERVED, looked_at, made_names, pruned, words

FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "type", "dyn"),
        *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
        *("getHours", "getMinutes", "getSeconds", "getMilliseconds"),
    }
)
VARIABLES = ("headers", "payload")
MOST_DETAIL = 300
"""Characters of what is said about an expression that failed."""
MOST_GROUP = 200

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_EXPECTING = re.compile(r" expecting .*", re.DOTALL)
T = TypeVar("T")


class Wrong(ValueError):
    """What is wrong with an expression, or why it says nothing of a delivery; a sentence's end."""


def problem_of(expression: str) -> str | None:
    """Why it cannot be saved, with its place; None where it can."""
    try:
        program = _compiled(expression)
    except Wrong as wrong:
        return str(wrong)
    used = program.references()
    known = made_names(words(expression)) | set(VARIABLES)
    for name in used["variables"]:
        if name not in known:
            return (
                f"names {name!r}, which is not there{_near(name, VARIABLES)}; there are headers and payload"
            )
    for name in used["functions"]:
        if name.isidentifier() and not name.startswith("_") and name not in FUNCTIONS:
            return f"calls {name!r}, which is no function of CEL{_near(name, FUNCTIONS)}"
    return None


def passes(expression: str, headers: Mapping[str, str], payload: Any) -> bool:
    """Raises `Wrong` where it fails, or says neither true nor false."""
    said = _said(expression, headers, payload)
    if not isinstance(said, bool):
        raise Wrong(f"gives {_kind(said)}, not true or false")
    return said


def group_of(expression: str, headers: Mapping[str, str], payload: Any) -> str:
    """Raises `Wrong` where it fails, or gives neither text nor a number."""
    said = _said(expression, headers, payload)
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        raise Wrong(f"gives {_kind(said)}, not text or a number")
    text = str(said)
    if len(text) > MOST_GROUP:
        raise Wrong(f"gives {len(text):,} characters; {MOST_GROUP} may be gathered by")
    return text


def _said(expression: str, headers: Mapping[str, str], payload: Any) -> object:
    program = _compiled(expression)
    seen = {"headers": dict(headers), "payload": pruned(payload, looked_at(expression))}
    return _guarded(lambda: program.execute(seen), _failure)


@lru_cache(maxsize=1_000)
def _compiled(expression: str) -> cel.Program:
    return _guarded(lambda: cel.compile(expression), _misspelt)


def _guarded(act: Callable[[], T], said: Callable[[BaseException], str]) -> T:
    """What the engine throws, a panic of Rust's among it, which is no `Exception`, as `Wrong`."""
    try:
        return act()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001
        raise Wrong(said(error)[:MOST_DETAIL]) from None


def _misspelt(error: BaseException) -> str:
    if "recursion limit" in str(error).lower():
        return "is nested too deep"
    if place := _PLACE.search(str(error)):
        line, column, what = place.groups()
        at = f"column {column}" if line == "1" else f"line {line}, column {column}"
        what = _EXPECTING.sub("", what).replace("mismatched input '<EOF>'", "it ends too early")
        return f"is not CEL at {at}: {what}"
    return "is not CEL"


def _failure(error: BaseException) -> str:
    match error:
        case KeyError():
            return f"finds no {str(error.args[0] if error.args else '').strip(chr(39))!r}"
        case IndexError():
            return f"finds nothing there: {error}"
        case TypeError() if str(error).startswith("No such overload"):
            return "does with a value what its kind does not allow, or looks below one that has no fields"
        case _:
            return f"fails: {error}"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "something else"


def _near(name: str, known: Any) -> str:
    near = get_close_matches(name, [*known, *RESERVED], n=1)
    return f": did you mean {near[0]!r}?" if near else ""
