"""Patterns of events' names."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.webhooks.names import fits, is_named


@pytest.mark.parametrize(
    ("pattern", "name", "fit"),
    [
        ("push", "push", True),
        ("push", "pushed", False),
        ("Push", "push", False),
        ("issues.*", "issues.opened", True),
        ("issues.*", "issues", False),
        ("*", "", True),
        ("*.paid", "invoice.paid", True),
        ("a*a", "a", False),
        ("a*b*c", "abbc", True),
        ("a*b*bc", "abc", False),
    ],
)
def test_a_pattern(pattern: str, name: str, fit: bool) -> None:
    assert fits(pattern, name) == fit


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_it_is_what_shells_do(pattern: str, name: str) -> None:
    assert fits(pattern, name) == (re.match(translate(pattern), name) is not None)


def test_many_stars_take_no_longer() -> None:
    assert not fits("*a" * 50 + "b", "a" * 5_000)


def test_one_name_and_one_pattern_are_enough() -> None:
    assert is_named(["push", "issues.opened"], ["issues", "issues.opened"])
    assert not is_named(["push"], ["issues", "issues.opened"])
    assert not is_named([], ["push"])
