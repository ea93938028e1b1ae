"""No line twice, and none missing without a word."""

import re
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter_gateway.live.continuity import Continuity, Missing
from lamplighter_gateway.live.sse import Position, frame, read_position, written


@dataclass(frozen=True)
class Line:
    number: int


def _lines(first: int, last: int) -> list[Line]:
    return [Line(n) for n in range(first, last + 1)]


def test_a_log_from_its_beginning() -> None:
    lines = Continuity(from_start=True)
    assert lines.admit(1, _lines(1, 3)) == (None, _lines(1, 3))
    assert lines.admit(1, _lines(2, 5)) == (None, _lines(4, 5))
    assert lines.admit(1, _lines(2, 5)) == (None, [])
    assert lines.admit(1, _lines(8, 9)) == (Missing(1, 6, 7), _lines(8, 9))
    assert lines.admit(2, _lines(2, 3)) == (Missing(2, 1, 1), _lines(2, 3))
    assert lines.missing_at_end(2, 5) == Missing(2, 4, 5)
    assert lines.missing_at_end(1, 9) is None
    assert lines.missing_at_end(3, 0) is None


def test_a_reading_that_resumes() -> None:
    seeded = Continuity(from_start=False)
    seeded.seed(1, 4)
    assert seeded.admit(1, _lines(6, 6)) == (Missing(1, 5, 5), _lines(6, 6))
    unseeded = Continuity(from_start=False)
    assert unseeded.admit(1, _lines(6, 6)) == (None, _lines(6, 6))
    assert unseeded.admit(2, _lines(2, 2)) == (Missing(2, 1, 1), _lines(2, 2))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=20))
def test_what_is_sent_and_what_is_missing_make_up_the_whole(batches: list[tuple[int, int]]) -> None:
    lines, sent, missing = Continuity(from_start=True), list[int](), set[int]()
    for first, more in batches:
        gap, fresh = lines.admit(1, _lines(first, first + more))
        missing |= set(range(gap.first, gap.last + 1)) if gap else set()
        sent += [line.number for line in fresh]
    assert sent == sorted(set(sent))
    assert set(sent) | missing == set(range(1, max(sent, default=0) + 1))
    assert not set(sent) & missing


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 62))
def test_a_position_is_read_back(events: int, log: int) -> None:
    assert read_position(str(Position(events, log))) == Position(events, log)


@given(st.text(min_size=1).filter(lambda text: not re.fullmatch(r"\s*[0-9]{1,19}-[0-9]{1,19}\s*", text)))
@example("1")
@example("1-2-3")
@example("-1-1")
@example("1" * 20 + "-1")
@example("\u0661-\u0662")
def test_another_id_is_none_of_ours(text: str) -> None:
    assert read_position(text) is None


def test_no_position_is_the_beginning() -> None:
    assert read_position(None) == read_position("") == Position(0, 0)


@given(st.text())
def test_a_frame_is_one_event_whatever_is_in_it(text: str) -> None:
    data = written({"text": text.encode("utf-8", "replace").decode()})
    raw = b"".join(frame("log", data, Position(1, 2))).decode()
    assert raw.startswith("event: log\nid: 1-2\ndata: ")
    assert raw.endswith("}\n\n")
    assert raw.count("\n") == 4
    assert "\r" not in raw
