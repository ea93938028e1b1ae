"""Options whose fields lie inside others: `limits.tokens`. A part is sent whole, so what it had before stays in it."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from lamplighter_cli.settings import Setting

Body = dict[str, Any]


def given_of(settings: Iterable[Setting], params: Mapping[str, Any]) -> dict[Setting, Any]:
    """The settings that were given, with what to send for each."""
    said = {one: params.get(one.name) for one in settings}
    return {one: one.value(value) for one, value in said.items() if value not in (None, ())}


def touches_parts(given: Iterable[Setting]) -> bool:
    return any("." in one.field for one in given)


def body_of(given: Mapping[Setting, Any], before: Mapping[str, Any] | None = None) -> Body:
    """The fields that these name, laid over the parts of `before`. An empty value is null, and takes a field of a part
    away."""
    body: Body = {}
    for one, value in given.items():
        part, point, rest = one.field.partition(".")
        if not point:
            body[part] = value
            continue
        if part not in body:
            body[part] = deepcopy((before or {}).get(part)) or {}
        _put(body[part], rest, value)
    return body


def _put(part: Body, path: str, value: Any) -> None:
    name, point, rest = path.partition(".")
    if point:
        inner = part.get(name) or {}
        _put(inner, rest, value)
        part[name] = inner
    elif value is None:
        part.pop(name, None)
    else:
        part[name] = value
