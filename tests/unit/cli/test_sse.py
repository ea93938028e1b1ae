"""Server-sent events out of lines."""

import pytest

from lamplighter_cli.sse import ServerEvent, parse


def events(text: bytes, last_id: str = "") -> list[ServerEvent]:
    return list(parse(text.splitlines(keepends=True), last_id))


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (b"", []),
        (b"data: x\n\n", [ServerEvent("message", "x", "")]),
        (b"id: 7-9\nevent: log\ndata: {}\n\n", [ServerEvent("log", "{}", "7-9")]),
        (b"event: log\r\ndata: a\r\ndata:b\r\n\r\n", [ServerEvent("log", "a\nb", "")]),
        (b": heartbeat\n\n", []),
        (b"id: 1\n\ndata: x\n\n", [ServerEvent("", "", "1"), ServerEvent("message", "x", "1")]),
        (b": heartbeat\nid: 1\n\nid: 1\n\n", [ServerEvent("", "", "1")]),
        (b"event: x\n\ndata: y\n\n", [ServerEvent("message", "y", "")]),
        (b"retry: 10\nunknown\ndata: x\n\n", [ServerEvent("message", "x", "")]),
        (b"data: \xff\xc3\xbc\n\n", [ServerEvent("message", "\ufffdü", "")]),
    ],
)
def test_events_are_read_as_the_standard_says(text: bytes, parsed: list[ServerEvent]) -> None:
    assert events(text) == parsed


def test_an_id_stays_until_another_comes() -> None:
    assert [e.last_id for e in events(b"data: a\n\nid: 2\ndata: b\n\ndata: c\n\n", "1")] == ["1", "2", "2"]


WHOLE = b"id: 1\nevent: log\ndata: one\n\nid: 2\nevent: log\ndata: two\n\n"


@pytest.mark.parametrize("cut", range(len(WHOLE)))
def test_a_cut_anywhere_leaves_only_whole_events(cut: int) -> None:
    seen = events(WHOLE[:cut])
    assert seen == events(WHOLE)[: len(seen)]
    assert len(seen) == WHOLE[:cut].count(b"\n\n")
