"""What a line of output or a message of an executor says, and how it is told apart from log."""

import json

import pytest

from lamplighter_contracts.executors import Log, Progress, Result
from lamplighter_contracts.usage import Usage
from lamplighter_dispatcher.runners.progress import LINE_LIMIT, MOST_USED, is_sane, read_line
from lamplighter_dispatcher.runners.saying import MESSAGE_LIMIT, read_message
from lamplighter_dispatcher.runners.sieve import Piece, Sieve


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"step": "read"}', Progress(step="read")),
        ('{"step": "read", "phase": "started", "detail": "x"}\r\n', Progress(step="read", phase="started", detail="x")),
        ('{"effect": "sent", "more": 1}', Progress(effect="sent")),
        ('{"usage": {"input_tokens": 3, "unknown": 1}}', Progress(usage=Usage(input_tokens=3))),
        ('{"result": "done"}', Result(outcome="completed", result="done")),
        ('{"result": "", "outcome": "failed", "reason": "r"}', Result(outcome="failed", reason="r")),
        ('{"type": "result", "result": "r", "usage": {"output_tokens": 2}}',
         Result(outcome="completed", result="r", usage=Usage(output_tokens=2))),
        ('{"result": "r", "step": "s"}', Result(outcome="completed", result="r")),
    ],
)  # fmt: skip
def test_a_report_is_read(line: str, said: Progress | Result) -> None:
    assert read_line(line) == said


@pytest.mark.parametrize(
    "line",
    [
        "",
        "step",
        "{",
        "{}",
        "[]",
        '"step"',
        '{"message": "step"}',
        '{"step": 1}',
        '{"step": null}',
        '{"step": "a", "phase": "begun"}',
        '{"usage": 5}',
        '{"usage": null}',
        '{"usage": {"cost": -1}}',
        '{"usage": {"cost": 1e999}}',
        '{"usage": {"cost": NaN}}',
        '{"usage": {"input_tokens": 99999999999999999999}}',
        '{"result": {"answer": 42}}',
        '{"result": "r", "outcome": "perhaps"}',
        '{"result": "\\ud800"}',
        '{"step": "a"} and more',
        'INFO {"step": "a"}',
        '{"step": ' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
)
def test_anything_else_is_log(line: str) -> None:
    assert read_line(line) is None


def test_what_no_run_can_use_is_not_sane() -> None:
    assert is_sane(None)
    assert is_sane(Usage(input_tokens=MOST_USED))
    assert not is_sane(Usage(tool_calls=MOST_USED + 1))
    assert not is_sane(Usage(cost=float("inf")))


REPORT = b'{"step": "a"}\n'
STEP = Progress(step="a")
STREAM = b"one\n" + REPORT + b'{"a": 1}\ntwo {"step": "no"}\n' + REPORT + b'  {"step": "b"}\nthree'
SIFTED: list[Piece] = [b"one\n", STEP, b'{"a": 1}\ntwo {"step": "no"}\n', STEP, b'  {"step": "b"}\nthree']


def joined(pieces: list[Piece]) -> list[Piece]:
    made: list[Piece] = []
    for piece in pieces:
        last = made[-1] if made else None
        if isinstance(piece, bytes) and isinstance(last, bytes):
            made[-1] = last + piece
        else:
            made.append(piece)
    return made


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 1_000])
def test_the_stream_is_divided_alike_whatever_chunks_it_comes_in(size: int) -> None:
    sieve, pieces = Sieve(), list[Piece]()
    for start in range(0, len(STREAM), size):
        pieces += sieve.feed(STREAM[start : start + size])
    assert joined(pieces + sieve.close()) == SIFTED


@pytest.mark.parametrize(("end", "said"), [(b'{"step": "a"}', STEP), (b'{"step": "a', b'{"step": "a')])
def test_the_last_line_needs_no_end(end: bytes, said: Piece) -> None:
    sieve = Sieve()
    assert sieve.feed(end) == []
    assert sieve.close() == [said]
    assert sieve.close() == []


def test_what_cannot_be_a_report_is_not_held_back() -> None:
    sieve = Sieve()
    assert sieve.feed(b"Password: ") == [b"Password: "]
    assert sieve.feed(b'{"step": "a"}') == [b'{"step": "a"}']
    assert sieve.feed(b"\n" + REPORT) == [b"\n", STEP]


@pytest.mark.parametrize(("size", "is_report"), [(LINE_LIMIT, True), (LINE_LIMIT + 1, False)])
def test_a_line_is_read_up_to_its_limit_and_held_no_longer(size: int, is_report: bool) -> None:
    frame = len(b'{"step": ""}\n')
    line = json.dumps({"step": "x" * (size - frame)}).encode() + b"\n"
    assert len(line) == size
    sieve, pieces, held = Sieve(), list[Piece](), 0
    for start in range(0, size, 1_000):
        pieces += sieve.feed(line[start : start + 1_000])
        held = max(held, len(sieve._held))
    assert isinstance(pieces[0], Progress) == is_report
    assert is_report or b"".join(piece for piece in pieces if isinstance(piece, bytes)) == line
    assert held <= LINE_LIMIT
    assert sieve.feed(REPORT) == [STEP]


def test_a_line_without_end_is_passed_on_as_it_comes() -> None:
    sieve, passed = Sieve(), 0
    for _ in range(300):
        passed += sum(len(piece) for piece in sieve.feed(b"{" * 1_000) if isinstance(piece, bytes))
        assert len(sieve._held) <= LINE_LIMIT
    assert passed == 300_000


def test_a_message_is_read_by_its_kind() -> None:
    assert read_message("progress", b"") == Progress()
    assert read_message("log", b'{"text": "a", "stream": "stderr"}') == Log(text="a", stream="stderr")
    assert read_message("result", b'{"outcome": "failed"}') == Result(outcome="failed")


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("stop", b"{}", "one of .progress, .log, .result"),
        ("result", b"", "makes no sense"),
        ("result", b'{"outcome": "completed", "result": 5}', "result: "),
        ("log", b" " * (MESSAGE_LIMIT + 1), "262,145 bytes"),
        ("progress", b'{"usage": {"requests": 9999999999999}}', "no run uses more"),
    ],
)
def test_what_is_wrong_with_a_message_is_a_sentence(kind: str, data: bytes, words: str) -> None:
    said = read_message(kind, data)
    assert isinstance(said, str)
    assert words in said
    assert said.endswith(".")
