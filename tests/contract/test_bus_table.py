"""The table in the contracts' README is the whole bus: it names every stream, model and event, and where queries go."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from lamplighter_contracts import events, executions, queries, streams
from lamplighter_contracts.bus import ANSWERS, CHANNELS, QUERY_ROW
from tests.contract.wire_types import WIRE_TYPES

README = (Path(__file__).parents[2] / "libs/contracts/README.md").read_text()


def test_the_table_is_the_one_in_the_code() -> None:
    """Whoever changes one of the two finds here what the other has to say."""
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    assert rows == [*(channel.row for channel in CHANNELS), QUERY_ROW]


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
def test_every_stream_is_in_the_table(stream: streams.Stream) -> None:
    assert f"`{stream.name}`" in README


def published(event: type[events.Event]) -> Iterator[type[events.Event]]:
    """Those that have a type of their own: what several events share has none."""
    if "event_type" in vars(event):
        yield event
    for kind in event.__subclasses__():
        yield from published(kind)


@pytest.mark.parametrize("event", published(events.Event), ids=lambda e: e.__name__)
def test_every_event_is_in_the_table(event: type[events.Event]) -> None:
    assert f"`{event.__name__}`" in README


def test_every_event_of_an_execution_is_looked_for() -> None:
    assert {executions.ExecutionWaiting, executions.ExecutionAnswered} <= set(published(events.Event))


@pytest.mark.parametrize("model", WIRE_TYPES, ids=lambda m: m.__name__)
def test_every_model_is_in_the_table_or_among_the_queries(model: type[BaseModel]) -> None:
    assert model.__module__ == queries.__name__ or f"`{model.__name__}`" in README


@pytest.mark.parametrize("query", queries.Query.__subclasses__(), ids=lambda q: q.__name__)
def test_every_query_goes_where_the_table_says(query: type[queries.Query]) -> None:
    assert query in ANSWERS
    assert query.subject.startswith("query.")


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
def test_every_subject_leads_to_its_stream(stream: streams.Stream) -> None:
    for subject in stream.subjects:
        assert streams.stream_of(subject) is stream
