"""Hostile bytes end in a value or in a problem."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamplighter_contracts.payloads import MalformedBody, read_payload
from lamplighter_gateway.web.bodies import MOST_DEPTH, parse_json
from lamplighter_gateway.web.problems import Problem

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
)


def _outcome(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """What was read, or the word of the problem."""
    try:
        return read(), None
    except Problem as problem:
        return None, problem.word
    except MalformedBody:
        return None, "malformed-json"


@given(VALUES)
def test_json_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary())
@example(b"[" * 100_000)
@example(b'"\\ud800"')
@example(b"1" * 5_000)
@example(b"\xef\xbb\xbf{}")
@example(b"Infinity")
@example(b"[-1e400]")
def test_other_bytes_are_a_problem(raw: bytes) -> None:
    value, word = _outcome(lambda: parse_json(raw))
    assert word in (None, "malformed-json")
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(("depth", "accepted"), [(MOST_DEPTH, True), (MOST_DEPTH + 1, False)])
def test_depth_is_bounded(depth: int, accepted: bool) -> None:
    raw = b"[" * depth + b"]" * depth
    if accepted:
        parse_json(raw)
    else:
        with pytest.raises(Problem, match="nested deeper"):
            parse_json(raw)


def test_width_is_not_depth() -> None:
    assert len(parse_json(b"[" + b",".join([b"{}"] * 1_000) + b"]")) == 1_000


@given(
    st.sampled_from(
        [None, "", "application/json", "text/plain", "application/x-www-form-urlencoded", "a;b;c"]
    ),
    st.binary(),
)
@example("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 2_000))
@example("application/x-www-form-urlencoded", b"payload=%ed%a0%80")
@example(None, b"[" * 10_000)
def test_any_delivery_has_a_payload_or_a_problem(content_type: str | None, body: bytes) -> None:
    payload, word = _outcome(lambda: read_payload(content_type, body))
    assert word in (None, "malformed-json")
    json.dumps(payload, ensure_ascii=False).encode()
