"""Names with `*` in them."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_policies.patterns import any_matches, matches

NAMES = st.text("ab.-", max_size=8)
PATTERNS = st.text("ab.-*", max_size=6)


@pytest.mark.parametrize(
    ("pattern", "name", "means"),
    [
        ("shell", "shell", True),
        ("shell", "shells", False),
        ("*", "", True),
        ("*", "anything at all\n", True),
        ("mcp.github.*", "mcp.github.get_issue", True),
        ("mcp.github.*", "mcp.gitlab.get_issue", False),
        ("*.delete", "files.delete", True),
        ("a*a", "a", False),
        ("a*b*c", "a-b-b-c", True),
        ("a.b", "aXb", False),
    ],
)
def test_a_star_is_any_part(pattern: str, name: str, means: bool) -> None:
    assert matches(pattern, name) is means


@given(PATTERNS, NAMES)
def test_it_means_what_a_regular_expression_would(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, name) is (re.fullmatch(expression, name) is not None)


def test_no_pattern_searches_back_and_forth() -> None:
    began = time.perf_counter()
    assert not matches("*a" * 99 + "*b", "a" * 20_000)
    assert time.perf_counter() - began < 1


def test_of_several_one_is_enough() -> None:
    assert any_matches(("x", "sh*"), iter(("http", "shell")))
    assert not any_matches((), ("shell",))
    assert not any_matches(("*",), ())
