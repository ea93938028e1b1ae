"""What of a server's text reaches a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_cli.terminal import clean, fit, safe_json, styled, width


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain text", "plain text"),
        ("Zürich 東京 ✓", "Zürich 東京 ✓"),
        ("a\tb", "a\tb"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hcleared", "cleared"),
        ("\x9b31mred", "red"),
        ("\x1b]0;your title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\text", "text"),
        ("\x1b(Btext", "text"),
        ("\x1bctext", "text"),
        ("100 %\rfake", "100 %fake"),
        ("back\x08\x08space\x7f", "backspace"),
        ("bell\x07", "bell"),
        ("two\nlines\r\nhere", "two lines here"),
        ("\u202egnp.exe", "gnp.exe"),
        ("ends in\x1b", "ends in"),
    ],
)
def test_escapes_and_controls_are_stripped(given: str, shown: str) -> None:
    assert clean(given) == shown


@given(st.text())
def test_nothing_that_steers_a_terminal_survives(text: str) -> None:
    shown = clean(text)
    assert not any((ord(c) < 32 and c != "\t") or 0x7F <= ord(c) <= 0x9F for c in shown)
    assert clean(shown) == shown


@given(st.text())
def test_json_says_the_same_without_raw_controls(text: str) -> None:
    safe = safe_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(safe) == {"text": text}
    assert not any(0x7F <= ord(c) <= 0x9F for c in safe)


def test_wide_characters_take_two_columns() -> None:
    assert (width("abc"), width("東京"), width("e\u0301")) == (3, 4, 1)
    assert fit("東京タワー", 5) == "東京…"
    assert fit("short", 5) == "short"


def test_no_colour_where_none_is_wanted() -> None:
    assert styled("text", "31", colour=False) == "text"
    assert styled("text", "31", colour=True) == "\x1b[31mtext\x1b[0m"
