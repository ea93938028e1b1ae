"""The part of a payload that an expression looks at: what it says of that is what it says of the whole."""

from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.webhooks.looks import Tree, looked_at, made_names, pruned, words


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("true", {}),
        ("payload.a == 1", {"a": {}}),
        ("payload.a.b.c == 1 && payload.a.b.d > 2 || payload.e", {"a": {"b": {"c": {}, "d": {}}}, "e": {}}),
        ("payload.a.b == 1 && payload.a.size() > 1", {"a": {}}),
        ("payload.a.size() > 1 && payload.a.b == 1", {"a": {}}),
        ("payload['a'].b[\"c d\"] == 1", {"a": {"b": {"c d": {}}}}),
        ("payload.a[0].b == 1", {"a": {}}),
        ("payload.a[payload.b] == 1", {"a": {}, "b": {}}),
        ("payload.list.exists(one, one.payload.x == 1)", {"list": {}}),
        ("has(payload.a.b)", {"a": {"b": {}}}),
        ("payload . a // payload.c\n == 'payload.d'", {"a": {}}),
        (r'r"\" + payload.a == "x"', {"a": {}}),
        (r'"\" + payload.a" == payload.b', {"b": {}}),
        ('"""a "payload.c" b""" == payload.b', {"b": {}}),
        ("payload", None),
        ("payload == headers", None),
        ("payload.size() > 1", None),
        ("payload[headers['a']] == 1", None),
        ("payload['a\\'b'] == 1", None),
        ("'x' in payload", None),
        ("payload.exists(key, key == 'a')", None),
        ("[1].map(payload, payload + 1)", None),
        ("{payload: 1}", None),
        (".payload.a == 1", None),
    ],
)
def test_what_is_looked_at(expression: str, tree: Tree | None) -> None:
    assert looked_at(expression) == tree


KEYS = st.sampled_from(["a", "b", "c"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)
PATHS = st.lists(
    KEYS.map(lambda key: f".{key}") | KEYS.map(lambda key: f"['{key}']") | st.just("[0]"), max_size=4
).map("".join)
TERMS = st.one_of(
    PATHS.map(lambda path: f"payload{path}"),
    PATHS.map(lambda path: f"size(payload{path})"),
    PATHS.map(lambda path: f"payload{path}.map(x, x == payload.a)"),
    PATHS.map(lambda path: f"payload{path}.exists(a, a.b == 1)"),
    st.sampled_from(["1", "'a'", "null", "[payload.b]"]),
)


@given(payload=VALUES, left=TERMS, right=TERMS, sign=st.sampled_from(["==", "!=", "in", "+", "<"]))
def test_an_expression_says_the_same_of_that_part(payload: Any, left: str, right: str, sign: str) -> None:
    expression = f"{left} {sign} {right}"

    def said(of: Any) -> Any:
        try:
            return cel.compile(expression).execute({"payload": of, "headers": {}})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is to be the same
            return type(error).__name__

    assert said(pruned(payload, looked_at(expression))) == said(payload)


@given(st.text())
def test_any_text_is_words(text: str) -> None:
    assert "".join(word.text for word in words(text)).strip() in "".join(text.split()) or words(text)
    looked_at(text)


def test_names_that_macros_make() -> None:
    assert made_names(words("payload.a.all(x, x.b.map(y, y)) && has(z)")) == {"x", "y"}
