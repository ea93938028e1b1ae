"""Whose token a text is."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.authentication import identify
from lamplighter_gateway.catalog import Catalog, key_of
from lamplighter_gateway.problems import Problem
from lamplighter_gateway.tokens import is_genuine, mint, token_id_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN, TEXT = mint("CI", Role.OPERATOR, NOW, NOW + timedelta(days=1), os.urandom)


def test_a_token_is_itself() -> None:
    assert token_id_of(TEXT) == TOKEN.token_id
    assert is_genuine(TOKEN, TEXT, NOW)
    assert TEXT not in TOKEN.model_dump_json()


def test_it_is_good_until_it_expires() -> None:
    end = NOW + timedelta(days=1)
    assert is_genuine(TOKEN, TEXT, end - timedelta(seconds=1))
    assert not is_genuine(TOKEN, TEXT, end)


@given(st.text())
def test_another_text_is_not_it(text: str) -> None:
    token_id_of(text)
    assert not is_genuine(TOKEN, text.encode("utf-8", "replace").decode(), NOW)
    assert not is_genuine(None, "", NOW)


def test_two_tokens_are_never_the_same() -> None:
    assert len({mint("CI", Role.VIEWER, NOW, None, os.urandom)[1] for _ in range(100)}) == 100


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER  {} "])
def test_a_header_that_is_let_in(form: str) -> None:
    assert identify(form.format(TEXT), _catalog(), NOW).role is Role.OPERATOR


@pytest.mark.parametrize(
    "form", [None, "", "{}", "Basic {}", "Bearer", "Bearer x{}", "Bearer {}x", "Bearer\t{}"]
)
def test_a_header_that_is_not(form: str | None) -> None:
    with pytest.raises(Problem) as refused:
        identify(form.format(TEXT) if form is not None else None, _catalog(), NOW)
    assert refused.value.word == "unauthenticated"


def _catalog() -> Catalog:
    catalog = Catalog()
    catalog.learn(key_of(type(TOKEN), TOKEN.token_id), 1, TOKEN)
    return catalog
