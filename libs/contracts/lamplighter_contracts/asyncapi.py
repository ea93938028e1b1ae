"""The AsyncAPI 3.0 document of the bus, made of the running definitions: `bus`, the models, the streams."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lamplighter_contracts import envelope
from lamplighter_contracts.bus import CHANNELS, Channel, query_channels
from lamplighter_contracts.events import Event
from lamplighter_contracts.queries import QueryFailed
from lamplighter_contracts.streams import (
    HISTORY_AUDIT,
    HISTORY_CATALOG,
    HISTORY_DELIVERIES,
    HISTORY_EXECUTIONS,
    HISTORY_JOBS,
    HISTORY_LOGS,
    HISTORY_STARTS,
    SCHEDULER_BACKFILLS,
    SCHEDULER_CATALOG,
    SCHEDULER_ENDS,
    SCHEDULER_TICKS,
    SCHEDULER_TRIGGERS,
    Consumer,
    Stream,
    dispatcher_due,
    dispatcher_resume,
)

Document = dict[str, Any]

SERVICES = ("gateway", "scheduler", "dispatcher", "history", "executor")
_QUEUE = "{queue}"
DURABLES: tuple[Consumer, ...] = (
    *(SCHEDULER_CATALOG, SCHEDULER_TICKS, SCHEDULER_TRIGGERS, SCHEDULER_BACKFILLS, SCHEDULER_ENDS),
    *(HISTORY_JOBS, HISTORY_EXECUTIONS, HISTORY_LOGS, HISTORY_DELIVERIES),
    *(HISTORY_CATALOG, HISTORY_STARTS, HISTORY_AUDIT),
    *(dispatcher_due(_QUEUE), dispatcher_resume(_QUEUE)),
)
_ABOUT = (
    "What the parts of Lamplighter say to each other over NATS, and what any other program may listen to. Events are "
    "CloudEvents 1.0 in binary mode: attributes in `ce-` headers, the body is the event's JSON. Unknown fields are to "
    "be ignored; a breaking change is a new version in the type."
)
_SCHEMAS = "#/components/schemas/"
_MESSAGES = "#/components/messages/"


@cache
def asyncapi(version: str) -> Document:
    """The whole document. It is the same for every call: do not change it."""
    channels = [*CHANNELS, *query_channels()]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "The bus of Lamplighter", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "nats": {
                "host": "localhost:4222",
                "pathname": "/",
                "protocol": "nats",
                "description": "NATS with JetStream, 2.14 or later; where it is, `NATS_URL` says.",
            }
        },
        "channels": {key: told for channel in channels for key, told in _channels(channel)},
        "operations": {key: told for channel in channels for key, told in _operations(channel)},
        "components": {
            "messages": {name: _message(model) for name, model in sorted(_models(channels).items())},
            "schemas": _schemas(list(_models(channels).values())),
        },
    }


def key_of(channel: Channel) -> str:
    """The name of a channel in the document: `job.due.<queue>.<job>` is `job.due`."""
    fixed = [part for part in channel.subject.split(".") if part[0] not in "<>$"]
    return ".".join(fixed)


def address_of(channel: Channel) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", channel.subject)


def _channels(channel: Channel) -> Iterator[tuple[str, Document]]:
    messages = {model.__name__: {"$ref": f"{_MESSAGES}{model.__name__}"} for model in channel.models}
    told: Document = {
        "address": address_of(channel),
        "title": channel.subject,
        "description": f"Written by: {channel.publisher}. Read by: {channel.consumers}.",
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": messages or {"message": _foreign(channel)},
        "parameters": {name: {"description": f"The {name}."} for name in channel.parameters},
    }
    if channel.stream is not None:
        told["x-jetstream"] = _stream(channel.stream)
    yield key_of(channel), told
    if channel.reply is not None:
        yield f"{key_of(channel)}.reply", _replies(channel, channel.reply)


def _foreign(channel: Channel) -> Document:
    """A message that is no JSON of ours."""
    empty = {} if channel.stream else {"maxLength": 0}
    return {"title": channel.said, "contentType": "application/octet-stream", "payload": empty}


def _replies(channel: Channel, reply: type[BaseModel]) -> Document:
    """Where the answer goes, the asker says in each request."""
    models = (reply, QueryFailed) if key_of(channel).startswith("query.") else (reply,)
    return {
        "address": None,
        "description": f"What is answered on `{channel.subject}`.",
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": {model.__name__: {"$ref": f"{_MESSAGES}{model.__name__}"} for model in models},
    }


def _operations(channel: Channel) -> Iterator[tuple[str, Document]]:
    """What each part of Lamplighter does there, under the part's name."""
    key = key_of(channel)
    reference = {"$ref": f"#/channels/{key}"}
    reply = {"reply": {"channel": {"$ref": f"#/channels/{key}.reply"}}} if channel.reply else {}
    for service in parts_in(channel.publisher):
        yield (
            f"{service}.send.{key}",
            {"action": "send", "channel": reference, "tags": [{"name": service}], **reply},
        )
    for service in parts_in(channel.consumers):
        told: Document = {"action": "receive", "channel": reference, "tags": [{"name": service}], **reply}
        if channel.reply is not None and service in ("history", "dispatcher") and not channel.or_plain:
            told["bindings"] = {"nats": {"queue": service, "bindingVersion": "0.1.0"}}
        if durables := [one.durable for one in DURABLES if _reads(one, service, channel)]:
            told["x-durable-consumers"] = durables
        yield f"{service}.receive.{key}", told


def parts_in(words: str) -> list[str]:
    """The parts of Lamplighter that a sentence of the table names."""
    return [service for service in SERVICES if re.search(rf"\b{service}\b", words)]


def _reads(consumer: Consumer, service: str, channel: Channel) -> bool:
    mine = consumer.durable.startswith(f"{service}-") and consumer.stream is channel.stream
    return mine and any(_matches(filter_, channel.subject) for filter_ in consumer.filters)


def _matches(pattern: str, subject: str) -> bool:
    """Whether messages on the subject may match the pattern. Both may hold parts that stand for others."""
    theirs = subject.split(".")
    for place, part in enumerate(pattern.split(".")):
        if part == ">":
            return place < len(theirs)
        if place >= len(theirs) or not (part[0] in "*{" or theirs[place][0] in "<>" or part == theirs[place]):
            return False
    return len(theirs) == len(pattern.split("."))


def _stream(stream: Stream) -> Document:
    return {
        "stream": stream.name,
        "subjects": list(stream.subjects),
        "maxAgeSeconds": int(stream.max_age.total_seconds()) if stream.max_age else None,
        "maxBytes": stream.max_bytes,
        "whenFull": "the oldest go" if stream.discard_old else "it refuses",
    }


def _models(channels: list[Channel]) -> dict[str, type[BaseModel]]:
    models = {model.__name__: model for channel in channels for model in channel.models}
    replies = {channel.reply.__name__: channel.reply for channel in channels if channel.reply}
    return {**models, **replies, QueryFailed.__name__: QueryFailed}


def _message(model: type[BaseModel]) -> Document:
    summary = (model.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
    told: Document = {
        "name": model.event_type if issubclass(model, Event) else model.__name__,
        "title": model.__name__,
        "contentType": "application/json",
        "payload": {"$ref": f"{_SCHEMAS}{model.__name__}"},
    }
    if summary and "Usage docs" not in summary:
        told["summary"] = re.sub(r" {2,}", " ", summary)
    if issubclass(model, Event):
        told["headers"] = _headers(model)
    return told


def _headers(model: type[Event]) -> Document:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["ce-specversion", envelope.ID_HEADER, "ce-source", envelope.TYPE_HEADER, "ce-time"],
        "properties": {
            "ce-specversion": {"type": "string", "const": envelope.SPEC_VERSION},
            envelope.ID_HEADER: {**text, "description": "With the source: the same for the same event."},
            "ce-source": {**text, "examples": ["/lamplighter/scheduler"]},
            envelope.TYPE_HEADER: {"type": "string", "const": model.event_type},
            "ce-time": {"type": "string", "format": "date-time"},
            "ce-subject": {**text, "description": "The job."},
            "content-type": {"type": "string", "const": "application/json"},
        },
    }


def _schemas(models: list[type[BaseModel]]) -> Document:
    _, whole = models_json_schema(
        [(model, "serialization") for model in models], ref_template=f"{_SCHEMAS}{{model}}"
    )
    return {name: _plain(schema) for name, schema in sorted(whole["$defs"].items())}


def _plain(schema: Any) -> Any:
    """Without `discriminator`, which AsyncAPI has in another shape: the constants within say as much."""
    if isinstance(schema, dict):
        named = "discriminator" in schema and "propertyName" in str(schema["discriminator"])
        return {key: _plain(value) for key, value in schema.items() if not (named and key == "discriminator")}
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema
