"""A signature is accepted or refused, and nothing else ever happens."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.signatures import accepts, hub_signature, webhook_secret

KEY = bytes(range(32))
SECRET = webhook_secret(KEY, "job-1", "/deploy", 1)


def test_a_secret_is_its_own() -> None:
    others = [
        webhook_secret(KEY, "job-1", "/deploy", 2),
        webhook_secret(KEY, "job-1", "/deploy2", 1),
        webhook_secret(KEY, "job-2", "/deploy", 1),
        webhook_secret(bytes(32), "job-1", "/deploy", 1),
    ]
    assert len({SECRET, *others}) == 5
    assert SECRET.startswith("lampwh_")
    assert len(SECRET) == len("lampwh_") + 43


def test_it_is_what_github_sends() -> None:
    """The vector of GitHub's documentation on validating webhook deliveries."""
    expected = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert hub_signature("It's a Secret to Everybody", b"Hello, World!") == expected


@given(st.binary())
def test_the_right_signature_is_accepted(body: bytes) -> None:
    assert accepts(SECRET, body, hub_signature(SECRET, body))
    assert accepts(SECRET, body, "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest())


@given(
    st.binary(), st.one_of(st.none(), st.text(), st.characters(categories=["Cs"]), st.binary().map(bytes.hex))
)
def test_anything_else_is_refused(body: bytes, signature: str | None) -> None:
    assert not accepts(SECRET, body, signature)
    assert not accepts(SECRET, body, f"sha256={signature}")


@given(st.binary(min_size=1), st.data())
def test_one_bit_is_enough_to_be_refused(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    flipped = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
    assert not accepts(SECRET, flipped, hub_signature(SECRET, body))
