"""An exported audit is checked without any server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_cli.audit_files import verify
from lamplighter_contracts.chain import FIRST, link_hash


def exported(count: int = 6, **more: object) -> list[bytes]:
    previous, lines = FIRST, []
    for number in range(1, count + 1):
        record: dict[str, Any] = {
            "number": number,
            "at": "2026-07-01T12:00:00Z",
            "actor": "ada",
            "action": "job.change",
            "detail": "",
            "before": None,
            "after": '{"name": "Grüße"}',
            "previous": previous,
            **more,
        }
        previous = link_hash(record)
        lines.append(json.dumps({**record, "hash": previous}, ensure_ascii=False).encode() + b"\n")
    return lines


def hash_of(line: bytes) -> str:
    return str(json.loads(line)["hash"])


def test_a_whole_export_holds() -> None:
    lines = exported()
    said = verify([*lines, b"\n"])
    assert said.document == {
        "holds": True,
        "checked": 6,
        "begins": 1,
        "last_number": 6,
        "last_hash": hash_of(lines[-1]),
        "broken_at": None,
        "problem": "",
    }


def test_nothing_holds() -> None:
    assert verify([]).document["holds"]


def test_an_export_of_the_later_ones_holds_and_says_where_it_begins() -> None:
    said = verify(exported()[2:])
    assert (said.broken_at, said.checked, said.begins, said.last_number) == (None, 4, 3, 6)


@pytest.mark.parametrize(
    ("lines", "broken_at"),
    [
        pytest.param(lambda lines: lines[:2] + lines[3:], 3, id="one removed"),
        pytest.param(lambda lines: lines[:2] + lines[1:], 3, id="one twice"),
        pytest.param(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, id="two swapped"),
        pytest.param(lambda lines: [*lines[:2], b"nothing\n", *lines[3:]], 3, id="one that is none"),
        pytest.param(lambda lines: [*lines[:2], b"[]\n", *lines[3:]], 3, id="one that is no record"),
        pytest.param(lambda lines: lines[::-1], 7, id="newest first"),
    ],
)
def test_what_does_not_hold(lines: Any, broken_at: int) -> None:
    said = verify(lines(exported()))
    assert (said.broken_at, said.document["holds"]) == (broken_at, False)


def test_an_end_that_was_cut_off_is_missed_where_its_hash_is_known() -> None:
    lines = exported()
    assert verify(lines, hash_of(lines[-1]).upper()).broken_at is None
    assert verify(lines[:-1]).broken_at is None
    assert verify(lines[:-1], hash_of(lines[-1])).broken_at == 6


@given(st.integers(0, 5), st.data())
def test_any_flipped_bit_of_a_value_is_found(place: int, data: st.DataObject) -> None:
    lines = exported()
    changed = bytearray(lines[place])
    position = data.draw(st.integers(0, len(changed) - 2))
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    same = _meaning(bytes(changed)) == _meaning(lines[place])
    said = verify([*lines[:place], bytes(changed), *lines[place + 1 :]])
    assert (said.broken_at is None) is same
    # A first record with another number says that the file begins there.
    assert same or place == 0 or said.broken_at == place + 1


def _meaning(line: bytes) -> object:
    """Without what does not count: that nothing was before, and that nothing is said of it."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return {k: v for k, v in found.items() if k not in ("before",) and v not in (None, "")}
