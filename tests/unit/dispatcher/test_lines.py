"""Bytes into lines: whatever the chunks, whatever the bytes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lamplighter_dispatcher.attempt.ending import BYTES, LINES, Ending
from lamplighter_dispatcher.attempt.lines import LINE_LIMIT, LineSplitter, printable


def split(*chunks: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + splitter.close()


def test_lines_across_chunks() -> None:
    assert split(b"on", b"e\ntwo\r\n\nla", b"st") == ["one", "two", "", "last"]
    assert split(b"") == []
    assert split(b"ends\n") == ["ends"]


def test_a_long_line_is_cut_and_says_so() -> None:
    (line, after) = split(b"a" * LINE_LIMIT, b"b" * 1_000, b"c" * 234 + b"\nafter")
    assert line == "a" * LINE_LIMIT + " [1,234 bytes cut]"
    assert after == "after"


def test_what_cannot_be_shown_is_replaced() -> None:
    assert printable(b"a\xffb\x00c\x07\x1b[31m\td\x7f\rz") == "a\ufffdb\u2400c\u2407\x1b[31m\td\u2421\u240dz"
    assert printable("\x9b31m".encode()) == "\ufffd31m"


@given(st.lists(st.binary(max_size=64)))
def test_any_bytes_make_lines_that_json_carries(chunks: list[bytes]) -> None:
    lines = split(*chunks)
    assert json.loads(json.dumps(lines)) == lines
    assert lines == split(b"".join(chunks))
    assert not any(ord(c) < 32 and c not in "\t\x1b" for line in lines for c in line)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=12).map(lambda b: b.replace(b"\x01", b"\n")))))
def test_every_line_is_either_kept_or_counted(chunks: list[tuple[bool, bytes]]) -> None:
    splitter, kept, left_out = LineSplitter(), 0, 0
    for keep, chunk in chunks:
        if keep:
            kept += len(splitter.feed(chunk))
        else:
            left_out += splitter.skip(chunk)
    kept += len(splitter.close())
    whole = b"".join(chunk for _, chunk in chunks)
    assert kept + left_out == len(whole.split(b"\n")) - whole.endswith(b"\n") - (whole == b"")


def test_a_line_begun_and_left_out_is_cut() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"begin") == []
    assert splitter.skip(b"middle") == 0
    assert splitter.feed(b"end\nnext\n") == ["begin [9 bytes cut]", "next"]


def test_the_rest_of_a_line_that_is_left_out_does_not_come_back() -> None:
    splitter = LineSplitter()
    assert splitter.skip(b"one\ntwo-") == 2
    assert splitter.skip(b"still-") == 0
    assert splitter.feed(b"two\nthree\n") == ["three"]


def ending(*chunks: bytes) -> str:
    kept = Ending()
    for chunk in chunks:
        kept.feed(chunk)
    return kept.text()


def test_the_result_is_the_last_lines() -> None:
    assert ending(b"one\ntwo\n") == "one\ntwo"
    assert ending(*(f"{n}\n".encode() for n in range(100))) == "\n".join(
        str(n) for n in range(100 - LINES, 100)
    )
    assert ending() == ""


def test_the_result_is_bounded_and_begins_with_a_whole_line() -> None:
    assert ending(b"x" * 10 + b"\n" + b"y" * BYTES + b"\nshort\n") == "short"
    assert ending(b"z" * (BYTES * 3)) == "z" * BYTES
    assert ending(b"a" * BYTES) == "a" * BYTES
