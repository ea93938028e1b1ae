"""Spans of time, read and told."""

import pytest

from lamplighter_cli import spans


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7_200),
        ("3d", 259_200),
        ("1h30m", 5_400),
        ("1d 2h 3m 4s", 93_784),
        ("45", 45),
        ("0", 0),
        (" 2H ", 7_200),
    ],
)
def test_a_span_is_read(text: str, seconds: int) -> None:
    assert spans.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-5m", "5x", "m", "1.5h", "2 weeks", "30m1h", "٣h", "1e3"])
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span: write one such as 90s, 15m, 2h, 3d or 1h30m"):
        spans.seconds(text)


@pytest.mark.parametrize("text", ["90s", "15m", "2h", "3d", "90m", "0s", "61s"])
def test_a_span_is_written_in_its_largest_unit(text: str) -> None:
    assert spans.written(spans.seconds(text)) == text


def test_a_span_in_words() -> None:
    told = {0: "0 s", 60: "1 min", 5_400: "1 h 30 min", 93_784: "1 d 2 h 3 min 4 s", 59.6: "1 min"}
    assert {length: spans.words(length) for length in told} == told
    assert spans.words(None) is None
