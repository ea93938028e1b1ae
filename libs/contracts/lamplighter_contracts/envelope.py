"""CloudEvents 1.0 in binary mode: attributes as `ce-` headers, the body is the event's JSON alone."""

from datetime import datetime
from typing import TypeVar

from pydantic import TypeAdapter

from lamplighter_contracts.events import Event
from lamplighter_contracts.executions import ExecutionTransition
from lamplighter_contracts.fields import rfc3339

SPEC_VERSION = "1.0"
TYPE_HEADER = "ce-type"
ID_HEADER = "ce-id"
GATED_HEADER = "ce-gated"
"""An extension attribute: `1` where a gate waits for this execution's end, so that others need not look inside."""
AUTHOR_HEADER = "Lamplighter-By"
"""On a catalog write, and on a start by hand: who did this (a token's id, `oidc:<subject>`)."""
AUTHOR_NAME_HEADER = "Lamplighter-Name"
AUTHOR_ROLE_HEADER = "Lamplighter-Role"
ADDRESS_HEADER = "Lamplighter-From"
"""Likewise: where the request came from."""
PROJECT_HEADER = "Lamplighter-Project"
"""Likewise: the project of the object, which one that ends does not say itself."""
OPERATION_HEADER = "KV-Operation"
"""On a catalog write that ends an object: `DEL`, or `PURGE` where its old revisions go too."""

E = TypeVar("E", bound=Event)

_TRANSITION: TypeAdapter[ExecutionTransition] = TypeAdapter(ExecutionTransition)


class UnexpectedType(ValueError):
    """A message carries another event than the one its subject promises."""


def headers(event: Event, *, event_id: str, source: str, time: datetime, subject: str = "") -> dict[str, str]:
    """The headers of `event`. `source` names the service, as in `/lamplighter/scheduler`."""
    attributes = {
        "ce-specversion": SPEC_VERSION,
        ID_HEADER: event_id,
        "ce-source": source,
        TYPE_HEADER: event.event_type,
        "ce-time": rfc3339(time),
        "content-type": "application/json",
    }
    if subject:
        attributes["ce-subject"] = subject
    return attributes


def body(event: Event) -> bytes:
    return event.model_dump_json(exclude_defaults=False).encode()


def read(model: type[E], data: bytes, message_headers: dict[str, str] | None) -> E:
    """The event in a message. Raises `UnexpectedType`, or pydantic's `ValidationError` for a bad body."""
    found = (message_headers or {}).get(TYPE_HEADER, model.event_type)
    if found != model.event_type:
        raise UnexpectedType(f"expected {model.event_type!r}, found {found!r}")
    return model.model_validate_json(data)


def read_transition(data: bytes) -> ExecutionTransition:
    """The event in a message on a status subject. Raises pydantic's `ValidationError`."""
    return _TRANSITION.validate_json(data)
