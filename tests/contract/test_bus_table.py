"""The table in the contracts' README is the whole bus: it names every stream and every query and event."""

from pathlib import Path

import pytest

from lamplighter_contracts import events, streams

README = (Path(__file__).parents[2] / "libs/contracts/README.md").read_text()


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
def test_every_stream_is_in_the_table(stream: streams.Stream) -> None:
    assert f"`{stream.name}`" in README


@pytest.mark.parametrize("event", events.Event.__subclasses__(), ids=lambda e: e.__name__)
def test_every_event_is_in_the_table(event: type[events.Event]) -> None:
    assert f"`{event.__name__}`" in README


@pytest.mark.parametrize("stream", streams.STREAMS, ids=lambda s: s.name)
def test_every_subject_leads_to_its_stream(stream: streams.Stream) -> None:
    for subject in stream.subjects:
        assert streams.stream_of(subject) is stream
