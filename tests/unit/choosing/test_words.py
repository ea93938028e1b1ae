"""What counts as a word, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_choosing.words import spoken, stem, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("backups", "backup"),
        ("deployed", "deploy"),
        ("deploying", "deploy"),
        ("queries", "query"),
        ("databases", "database"),
        ("restarting", "restarted"),
        ("scanned", "scans"),
    ],
)
def test_forms_of_a_word_are_the_same(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("pods", "ports"), ("log", "logic"), ("user", "use"), ("bus", "bu")]
)
def test_other_words_are_not(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_a_text_is_cut_where_words_end_and_begin() -> None:
    assert words("Fix: CI/CD, in pod_7 (v2.30)!") == ["fix", "ci", "cd", "pod", "v2", "30"]


def test_a_name_is_the_same_however_it_is_written() -> None:
    assert words("PostgreSQL") == words("postgresql") == words("POSTGRESQL") == ["postgresql"]


def test_what_says_nothing_is_left_out() -> None:
    assert words("What is it that you would have me do with this?") == []


def test_a_word_is_told_in_the_form_in_which_it_was_said_first() -> None:
    assert spoken("Backups of Databases, a backup") == {
        stem("backup"): "backups",
        stem("database"): "databases",
    }


def test_other_alphabets_have_words_too() -> None:
    assert words("Резервная копия базы") == ["резервная", "копия", "базы"]


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert set(spoken(text)) == set(words(text))
