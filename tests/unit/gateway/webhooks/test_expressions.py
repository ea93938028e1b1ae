"""Expressions in CEL: what is wrong with one is told with its place; what one does with any payload is a value."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.webhooks.expressions import FUNCTIONS, Wrong, group_of, passes, problem_of

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=20,
)
EXPRESSIONS = [
    "payload.a == 'x'",
    "payload.a.b.c > 1",
    "has(payload.a) && payload.a != null",
    "payload.a.exists(one, one.b == 'x')",
    "payload.a.map(one, one.b).size() > 0",
    "payload.all(key, payload[key] != null)",
    "payload == payload",
    "payload.a[0] + payload.a[1] == 2",
    "payload.a.matches('(a+)+b')",
    "payload.a / payload.b == 0 || payload.a % payload.b == 0",
    "int(payload.a) + 9223372036854775807 > 0",
    "timestamp(payload.a) > timestamp('2026-01-01T00:00:00Z')",
    "duration(payload.a) > duration('1h')",
    "string(payload.a).startsWith(headers['x-a'])",
    "size(payload.a) > 3",
]


@pytest.mark.parametrize(
    "expression",
    [
        *EXPRESSIONS,
        "headers['x-github-event'] == 'push' && payload.ref in ['refs/heads/main', 'refs/heads/next']",
        "payload.commits.exists(c, c.modified.exists(f, f.startsWith('docs/')))",
        "payload.a\n// a comment\n== 'x'",
        "payload.number",
        r'payload.a == r"\d" || payload.a == "\""',
        *(f"dyn(payload).{name}()" for name in FUNCTIONS),
    ],
)
def test_a_right_one_can_be_saved(expression: str) -> None:
    assert problem_of(expression) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("payload.a ==", "is not CEL at column 13: it ends too early"),
        ("payload.a = 'x'", "is not CEL at column 11: token recognition error at: '= '"),
        (
            "payload.a ==\n  payload..b",
            "is not CEL at line 2, column 11: no viable alternative at input '..'",
        ),
        ("payload.a b", "is not CEL at column 11: extraneous input 'b'"),
        ("body.a == 1", "names 'body', which is not there; there are headers and payload"),
        (
            "paylod.a == 1",
            "names 'paylod', which is not there: did you mean 'payload'?; there are headers and payload",
        ),
        ("payload.all(x, y > 1)", "names 'y', which is not there; there are headers and payload"),
        (
            "payload.a.startwith('x')",
            "calls 'startwith', which is no function of CEL: did you mean 'startsWith'?",
        ),
        ("system('ls')", "calls 'system', which is no function of CEL"),
        ("(" * 500 + "1" + ")" * 500, "is nested too deep"),
        ("123456789012345678901234567890 > 1", "is not CEL at column 1: invalid int literal"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expression: str, problem: str) -> None:
    assert problem_of(expression) == problem


@given(st.text(max_size=60) | st.text("payload.x()[]{}'\"\\&|!<>=+-*/%?:,1 ", max_size=60))
def test_whatever_somebody_saves_is_right_or_wrong(expression: str) -> None:
    problem = problem_of(expression)
    assert problem is None or problem


@pytest.mark.parametrize("shape", ["(", "[", "{1:", "!", "-", "size(", "payload[", "true?", "a.", "x.map(x,"])
def test_no_depth_breaks_the_engine(shape: str) -> None:
    for times in (30, 60, 90, 120, 2_000 // len(shape)):
        problem_of(shape * times + "1")


@given(payload=VALUES, expression=st.sampled_from(EXPRESSIONS))
def test_whatever_a_payload_is_the_outcome_is_a_value(payload: Any, expression: str) -> None:
    with suppress(Wrong):
        assert passes(expression, {"x-a": "b"}, payload) in (True, False)


@given(payload=VALUES)
def test_whatever_a_payload_is_its_group_is_text(payload: Any) -> None:
    with suppress(Wrong):
        assert isinstance(group_of("payload.a", {}, payload), str)


@pytest.mark.parametrize(
    ("expression", "payload", "detail"),
    [
        ("payload.a.b == 1", {}, "finds no 'a'"),
        ("headers['x-b'] == 'c'", {}, "finds no 'x-b'"),
        ("payload.a[3] == 1", {"a": [1]}, "finds nothing there: index out of bounds: 3"),
        (
            "payload.a.b == 1",
            {"a": 3},
            "does with a value what its kind does not allow, or looks below one that has no fields",
        ),
        ("payload.a", {"a": "x"}, "gives text, not true or false"),
        ("payload.a", {"a": None}, "gives null, not true or false"),
        ("payload", {"a": None}, "gives an object, not true or false"),
    ],
)
def test_why_it_says_nothing_is_told(expression: str, payload: Any, detail: str) -> None:
    with pytest.raises(Wrong) as wrong:
        passes(expression, {}, payload)
    assert str(wrong.value) == detail


@pytest.mark.parametrize(
    ("value", "group"),
    [("x", "x"), (7, "7"), (1.5, "1.5"), (True, None), (None, None), ([], None), ("x" * 201, None)],
)
def test_what_may_be_gathered_by(value: Any, group: str | None) -> None:
    if group is None:
        with pytest.raises(Wrong, match="gives"):
            group_of("payload.a", {}, {"a": value})
        return
    assert group_of("payload.a", {}, {"a": value}) == group
