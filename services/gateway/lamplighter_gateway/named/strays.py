"""Fields of a body that nothing reads, however deep they lie. The models pass over what they do not know, for the sake
of services of another version; a person who wrote such a field has mistaken its name."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from lamplighter_contracts.problems import FieldError

MOST = 20
"""So many are told of; the others after these are mended."""


def strays(model: type[BaseModel], body: Mapping[str, Any]) -> list[FieldError]:
    """Every field below the fields of `body` that its model does not have, at its place."""
    found = (
        stray
        for name, value in body.items()
        if name in model.model_fields
        for stray in _below(model.model_fields[name].annotation, value, name)
    )
    return [stray for stray, _ in zip(found, range(MOST), strict=False)]


def unknown(place: str, name: str, known: Collection[str]) -> FieldError:
    """With the nearest field that there is, or all of them."""
    near = get_close_matches(name, sorted(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
    return FieldError(field=place, problem=f"is not known; {hint}")


def _below(annotation: Any, value: Any, place: str) -> Iterator[FieldError]:
    kind = _plain(annotation, value)
    arguments = get_args(kind)
    match value:
        case dict() if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _of_model(kind, value, place)
        case dict() if get_origin(kind) is dict:
            for name, one in value.items():
                yield from _below(arguments[1], one, f"{place}.{name}")
        case list() if get_origin(kind) is tuple:
            for number, one in enumerate(value):
                yield from _below(arguments[0], one, f"{place}.{number}")


def _of_model(model: type[BaseModel], body: Mapping[str, Any], place: str) -> Iterator[FieldError]:
    fields = model.model_fields
    for name, value in body.items():
        if name in fields:
            yield from _below(fields[name].annotation, value, f"{place}.{name}")
        else:
            yield unknown(f"{place}.{name}", name, fields)


def _plain(annotation: Any, value: Any) -> Any:
    """What `value` is read as: without what is said beside a type, and of several types the one that fits."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0], value)
    if origin not in (Union, UnionType):
        return annotation
    choices = [_plain(one, value) for one in get_args(annotation) if one is not NoneType]
    return next((one for one in choices if _fits(one, value)), choices[0])


def _fits(annotation: Any, value: Any) -> bool:
    """Of models that are told apart by their `kind`: the one that has it. One that takes any kind comes last."""
    if not (isinstance(value, dict) and isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return False
    kind = annotation.model_fields.get("kind")
    return (
        kind is None
        or get_origin(kind.annotation) is not Literal
        or value.get("kind") in get_args(kind.annotation)
    )
