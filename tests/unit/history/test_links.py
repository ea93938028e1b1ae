"""Where the chain goes on, and how a break stays where it is."""

from typing import Any

import pytest

from lamplighter_contracts.chain import fault
from lamplighter_history.chain.links import NOTHING, Tail, links, plain, tail_of
from lamplighter_history.chain.verification import ending, misplaced
from tests.support.happenings import NOON


def drafts(count: int) -> list[dict[str, Any]]:
    return [{"at": NOON, "actor": "ada", "action": "job.change", "source": f"s{n}"} for n in range(count)]


CHAIN = links(NOTHING, drafts(5))


def tail(number: int) -> Tail:
    return Tail(number, CHAIN[number - 1]["hash"])


def test_links_follow_one_another() -> None:
    previous = ""
    for number, link in enumerate(CHAIN, start=1):
        assert fault(plain(link), number, previous) == ""
        previous = link["hash"]


def test_links_go_on_after_a_tail() -> None:
    (sixth,) = links(tail(5), drafts(1))
    assert (sixth["_id"], sixth["previous"]) == (6, CHAIN[4]["hash"])


@pytest.mark.parametrize(
    ("anchor", "newest", "expected"),
    [
        pytest.param(None, [], NOTHING, id="nothing yet"),
        pytest.param(None, CHAIN[4:], tail(5), id="a bus that was made anew"),
        pytest.param(tail(5), CHAIN[4:], tail(5), id="as it should be"),
        pytest.param(tail(3), CHAIN[2:], tail(5), id="killed before the anchor was moved"),
        pytest.param(tail(5), [], tail(5), id="the end was cut off: its numbers stay free"),
        pytest.param(Tail(5, "other"), CHAIN[4:], Tail(5, "other"), id="the last was replaced"),
        pytest.param(Tail(3, "other"), CHAIN[2:], Tail(5, "other"), id="one before the last was replaced"),
        pytest.param(tail(2), CHAIN[2:], Tail(5, tail(2).hash), id="the anchored one was removed"),
        pytest.param(
            tail(3), [CHAIN[2], CHAIN[4]], Tail(5, tail(3).hash), id="one after the anchor was removed"
        ),
    ],
)
def test_where_the_chain_goes_on(anchor: Tail | None, newest: list[dict[str, Any]], expected: Tail) -> None:
    assert tail_of(anchor, newest) == expected


@pytest.mark.parametrize(
    ("last", "anchor", "broken_at"),
    [
        (tail(5), None, None),
        (tail(5), tail(5), None),
        (tail(3), tail(5), 4),
        (NOTHING, tail(5), 1),
        (tail(5), tail(3), 4),
    ],
)
def test_an_end_is_compared_with_what_the_bus_knows(
    last: Tail, anchor: Tail | None, broken_at: int | None
) -> None:
    broke = ending(last, anchor)
    assert (broke.number if broke else None) == broken_at


def test_a_link_is_compared_with_what_the_bus_knows_of_it() -> None:
    assert misplaced(tail(3), tail(3)) is None
    assert misplaced(tail(3), tail(5)) is None
    broke = misplaced(tail(3), Tail(3, "other"))
    assert broke is not None
    assert broke.number == 3
