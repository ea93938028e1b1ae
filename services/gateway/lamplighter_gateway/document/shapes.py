"""What is told of one operation, before it is written as OpenAPI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

JSON, NDJSON, SSE = "application/json", "application/x-ndjson", "text/event-stream"
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-12-01T09:00:00Z"]}
ANYTHING: Schema = {}
FREE: Schema = {"type": "object"}


def or_null(schema: Schema) -> Schema:
    """Either that or null."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def softened(value: Any) -> Any:
    """What fits one of several may fit another too, unless something in it says which of them it is: a runner of a kind
    that a package adds is of any kind."""
    match value:
        case dict():
            kept = {name: softened(one) for name, one in value.items()}
            if "oneOf" in kept and "discriminator" not in kept:
                kept["anyOf"] = kept.pop("oneOf")
            return kept
        case list():
            return [softened(one) for one in value]
        case _:
            return value


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def words(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def thing(described: str = "", optional: Sequence[str] = (), **properties: Schema) -> Schema:
    """An object that has all of these, but for the `optional` ones; `from_` stands for `from`."""
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    whole: Schema = {"type": "object", "properties": named}
    whole["required"] = [name for name in named if name not in optional]
    return {**whole, "description": described} if described else whole


def extended(schema: Schema, more: Mapping[str, Schema]) -> Schema:
    """With more properties, all of them there."""
    return {
        **schema,
        "properties": {**schema["properties"], **more},
        "required": [*schema["required"], *more],
    }


@dataclass(frozen=True)
class Query:
    """A parameter of the query, never required."""

    name: str
    schema: Schema
    description: str = ""


@dataclass(frozen=True)
class Said:
    """An answer that succeeds. Without a schema it has no body."""

    status: int
    description: str
    schema: Schema | None = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """`problems` are the words of those that do not go without saying. `is_list`: it is an array, in pages or not, or
    as lines; `is_paged`: it says where the next page is."""

    tag: str
    says: tuple[Said, ...]
    query: tuple[Query, ...] = ()
    headers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_list: bool = False
    is_paged: bool = False
    has_body: bool | None = None
    """None: where a schema of its body is told."""
    needs_body: bool = field(default=True)
