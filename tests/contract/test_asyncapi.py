"""The AsyncAPI document holds together, and leaves nothing of the bus out."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft7Validator, Draft202012Validator  # type: ignore[import-untyped]
from pydantic import TypeAdapter

from lamplighter_contracts import envelope, events, streams
from lamplighter_contracts.asyncapi import DURABLES, asyncapi
from lamplighter_contracts.bus import CHANNELS
from tests.contract.test_bus_table import published
from tests.contract.wire_types import WIRE_TYPES
from tests.support import happenings

DOCUMENT = asyncapi("1.2.3")
NAME = re.compile(r"[\w.\-]+")
ON_NO_SUBJECT = {"PolicyInput", "Verdict"}
"""What policies judge and decide crosses none of its own."""


def inside(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(inner)


def resolve(reference: str) -> Any:
    assert reference.startswith("#/")
    found: Any = DOCUMENT
    for part in reference[2:].split("/"):
        found = found[part]
    return found


def test_it_has_the_structure_of_asyncapi_3() -> None:
    read = ApplicationSchema.model_validate(DOCUMENT)
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT) == {
        *("asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components")
    }
    assert set(DOCUMENT["info"]) >= {"title", "version"}
    assert len(read.channels) == len(DOCUMENT["channels"])
    for key in (*DOCUMENT["channels"], *DOCUMENT["operations"], *DOCUMENT["components"]["messages"]):
        assert NAME.fullmatch(key), key


def test_every_reference_leads_somewhere() -> None:
    references = [found["$ref"] for found in inside(DOCUMENT) if isinstance(found.get("$ref"), str)]
    assert len(references) > 200
    for reference in references:
        resolve(reference)


def test_every_channel_names_the_parameters_of_its_address() -> None:
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values() if channel["address"]]
    assert len(addresses) == len(set(addresses))
    for channel in DOCUMENT["channels"].values():
        found = set(re.findall(r"{(\w+)}", channel["address"] or ""))
        assert found == set(channel.get("parameters", {}))
        assert channel["messages"]


def test_every_operation_is_of_a_channel_that_is_there() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive")
        assert name.split(".")[1] == operation["action"]
        resolve(operation["channel"]["$ref"])
    used = {operation["channel"]["$ref"].rpartition("/")[2] for operation in DOCUMENT["operations"].values()}
    unused = {name for name in DOCUMENT["channels"] if name not in used and not name.endswith(".reply")}
    # Any consumer writes there, and only people read.
    assert unused == {"dead"}


@pytest.mark.parametrize("event", published(events.Event), ids=lambda e: e.__name__)
def test_every_event_is_in_it_with_its_headers(event: type[events.Event]) -> None:
    message = DOCUMENT["components"]["messages"][event.__name__]
    assert message["name"] == event.event_type
    assert message["headers"]["properties"]["ce-type"]["const"] == event.event_type
    reference = f"#/components/messages/{event.__name__}"
    on = [
        name
        for name, c in DOCUMENT["channels"].items()
        for m in c["messages"].values()
        if m.get("$ref") == reference
    ]
    assert on


def test_every_wire_type_is_in_it() -> None:
    assert {model.__name__ for model in WIRE_TYPES} - ON_NO_SUBJECT == set(DOCUMENT["components"]["messages"])


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
def test_every_subject_of_a_stream_is_covered(stream: streams.Stream) -> None:
    """And no channel says that a stream keeps it which does not."""
    mine = [channel.subject for channel in CHANNELS if channel.stream is stream]
    for pattern in stream.subjects:
        assert any(subject.startswith(pattern.removesuffix(">")) for subject in mine), pattern
    for subject in mine:
        assert any(subject.startswith(pattern.removesuffix(">")) for pattern in stream.subjects), subject


def test_every_durable_consumer_is_told_of() -> None:
    told = {
        (channel["x-jetstream"]["stream"], durable)
        for operation in DOCUMENT["operations"].values()
        for channel in [resolve(operation["channel"]["$ref"])]
        for durable in operation.get("x-durable-consumers", ())
    }
    assert told == {(consumer.stream.name, consumer.durable) for consumer in DURABLES}
    named = {value for value in vars(streams).values() if isinstance(value, streams.Consumer)}
    assert named <= set(DURABLES)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name: str) -> None:
    """As draft 7 too, on which AsyncAPI's own schemas stand."""
    schema = DOCUMENT["components"]["schemas"][name]
    Draft7Validator.check_schema(schema)
    Draft202012Validator.check_schema(schema)
    words = {word for found in inside(schema) for word in found}
    assert not words & {"prefixItems", "$defs", "discriminator", "unevaluatedProperties"}


@pytest.mark.parametrize(
    "event",
    [
        happenings.due(),
        happenings.skipped(),
        happenings.started(),
        happenings.waiting(),
        happenings.decided(),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_message_as_it_is_sent_is_what_the_document_says(event: events.Event) -> None:
    message = DOCUMENT["components"]["messages"][type(event).__name__]
    whole = {"components": DOCUMENT["components"]}
    Draft7Validator({**whole, **message["payload"]}).validate(json.loads(envelope.body(event)))
    headers = envelope.headers(event, event_id="x", source="/test", time=happenings.NOON)
    Draft7Validator(message["headers"]).validate(TypeAdapter(dict[str, str]).validate_python(headers))
