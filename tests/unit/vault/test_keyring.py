"""Sealed secrets: only the place they were sealed for opens them, and no message shows a key."""

import base64
import os
import traceback

import pytest

from lamplighter_vault import CannotOpen, KeyRing, new_key

OLD, NEW = new_key("old"), new_key("new")
RING = KeyRing.parse(f"{NEW},{OLD}")


def test_what_is_sealed_opens_again() -> None:
    sealed = RING.seal("staging", "API_KEY", "grüße, 世界")
    assert sealed.startswith("v1.new.")
    assert RING.open("staging", "API_KEY", sealed) == "grüße, 世界"
    assert RING.seal("staging", "API_KEY", "grüße, 世界") != sealed, (
        "the same value must not look the same twice"
    )


def test_the_first_key_seals_and_all_of_them_open() -> None:
    before = KeyRing.parse(OLD).seal("staging", "API_KEY", "value")
    assert RING.open("staging", "API_KEY", before) == "value"
    assert (RING.key_id(before), RING.is_stale(before)) == ("old", True)
    assert not RING.is_stale(RING.seal("staging", "API_KEY", "value"))
    assert (RING.current, RING.key_ids) == ("new", ("new", "old"))


@pytest.mark.parametrize(
    ("environment_id", "name"), [("production", "API_KEY"), ("staging", "OTHER"), ("stagin", "gAPI_KEY")]
)
def test_a_secret_opens_nowhere_else(environment_id: str, name: str) -> None:
    sealed = RING.seal("staging", "API_KEY", "value")
    with pytest.raises(CannotOpen, match="sealed for another place"):
        RING.open(environment_id, name, sealed)


def test_a_changed_secret_does_not_open() -> None:
    sealed = RING.seal("staging", "API_KEY", "value")
    data = bytearray(base64.urlsafe_b64decode(sealed.split(".")[2]))
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(CannotOpen):
            RING.open("staging", "API_KEY", f"v1.new.{base64.urlsafe_b64encode(changed).decode()}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain text",
        "v1.new.",
        "v1.new.!!!",
        "v1.new.AAAA",
        "v2.new.AAAA",
        "v1..AAAA",
        "v1.a b.AAAA",
        "v1.gone.AAAA",
    ],
)
def test_what_was_not_sealed_here_does_not_open(text: str) -> None:
    with pytest.raises(CannotOpen) as refused:
        RING.open("staging", "API_KEY", text)
    assert "plain" not in str(refused.value)


def test_a_key_of_the_same_id_but_another_one_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        KeyRing.parse(new_key("new")).open("staging", "API_KEY", RING.seal("staging", "API_KEY", "value"))


_KEY = base64.b64encode(os.urandom(32)).decode()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no id and key"),
        (_KEY, "has no id and key"),
        (f":{_KEY}", "has no id and key"),
        (f"a b:{_KEY}", "has no id and key"),
        (f"a.b:{_KEY}", "has no id and key"),
        (f"a:{_KEY},", "Entry 2"),
        (f"a:{_KEY},a:{_KEY}", "the id of an earlier one"),
        (f"a:{_KEY[:20]}", "not 32 bytes"),
        (f"a:{_KEY}{_KEY}", "not 32 bytes"),
        (f"a:{_KEY[:-4]}!!!=", "not 32 bytes"),
        ("a:kéy", "not 32 bytes"),
    ],
)
def test_a_key_ring_that_is_not_one_is_refused_without_showing_it(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        KeyRing.parse(text)
    shown = "".join(traceback.format_exception(refused.value, limit=0))
    assert _KEY[:12] not in shown


def test_no_representation_shows_a_key() -> None:
    key = NEW.split(":")[1]
    assert key not in repr(RING)
    assert repr(base64.b64decode(key)) not in repr(vars(RING))


def test_a_key_may_be_written_with_the_signs_of_urls() -> None:
    key = base64.urlsafe_b64encode(b"\xfb\xff" * 16).decode()
    assert KeyRing.parse(f"a: {key} ").current == "a"
