"""Whose token a text is."""

import os
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.tokens import Grant, is_genuine, mint, token_id_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN, TEXT = mint(Grant("CI", Role.OPERATOR, ("default",), NOW + timedelta(days=1)), NOW, os.urandom, "ada")


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
    assert len({mint(Grant("CI", Role.VIEWER), NOW, os.urandom)[1] for _ in range(100)}) == 100
