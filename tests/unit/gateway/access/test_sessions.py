"""A session is what its cookie says, as long as that is ours and it lasts."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.access.sessions import MOST_CHARACTERS, Session, SessionKeys

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = SessionKeys(bytes(range(32)))
SESSION = Session(
    session_id="0a1b", actor="oidc:u-1", expires_at=NOW + timedelta(hours=1), name="Ada", rules=(0, 3)
)
COOKIE = KEYS.cookie(SESSION)


def test_a_cookie_is_read_until_the_session_is_over() -> None:
    assert KEYS.read(COOKIE, NOW) == SESSION
    assert KEYS.read(COOKIE, SESSION.expires_at - timedelta(seconds=1)) == SESSION
    assert KEYS.read(COOKIE, SESSION.expires_at) is None


def test_a_cookie_of_other_gateways_is_none() -> None:
    assert SessionKeys(bytes(32)).read(COOKIE, NOW) is None


@given(st.integers(0, len(COOKIE) - 1), st.characters())
def test_a_cookie_that_was_touched_is_none(place: int, character: str) -> None:
    touched = COOKIE[:place] + character + COOKIE[place + 1 :]
    if touched != COOKIE:
        assert KEYS.read(touched, NOW) is None


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*", fullmatch=True))
def test_any_other_text_is_none(text: str) -> None:
    assert KEYS.read(text, NOW) is None


def test_a_genuine_one_of_another_version_is_none() -> None:
    class Later(Session):
        more: int = 1

    later = Later(**SESSION.model_dump(), more=2)
    assert KEYS.read(KEYS.cookie(later), NOW) is None


def test_the_largest_one_fits_into_a_cookie() -> None:
    largest = Session(
        session_id=os.urandom(16).hex(),
        actor="oidc:" + "a" * 255,
        expires_at=NOW + timedelta(hours=1),
        name="\U0001f3ee" * 200,
        rules=tuple(range(64)),
        settings="0" * 16,
    )
    assert len(KEYS.cookie(largest)) < MOST_CHARACTERS
    assert KEYS.read(KEYS.cookie(largest), NOW) == largest


@pytest.mark.parametrize("given_token", ["", "x", "ä", COOKIE.partition(".")[2]])
def test_another_csrf_token_is_none(given_token: str) -> None:
    assert KEYS.is_csrf_token("0a1b", KEYS.csrf_token("0a1b"))
    assert not KEYS.is_csrf_token("0a1b", KEYS.csrf_token("0a1c"))
    assert not KEYS.is_csrf_token("0a1b", given_token)
