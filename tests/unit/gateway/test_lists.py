"""Orders that are kept as changes come, and pages that neither skip nor repeat whatever happens between them."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter_gateway.catalog.orders import Order
from lamplighter_gateway.web import cursors
from lamplighter_gateway.web.lists import (
    By,
    Listing,
    in_order,
    milliseconds,
    named,
    read_listing,
    sorts,
    take,
)
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.problems import Problem


@dataclass(frozen=True)
class Item:
    item_id: str
    name: str
    size: int = 0


BY_NAME, BY_SIZE = By("name", named), By("size", lambda item: item.size, int)
KNOWN = sorts(BY_NAME, BY_SIZE)
IDS = st.sampled_from([f"i{number}" for number in range(12)])
NAMES = st.text(alphabet="abAB", max_size=2)


class Kept:
    """Objects and their order, as a catalog keeps them."""

    def __init__(self, by: By, backwards: bool) -> None:
        self.items: dict[str, Item] = {}
        self.order = Order(by.key_of, [])
        self.by, self.backwards = by, backwards

    def put(self, item_id: str, item: Item | None) -> None:
        self.order.change(item_id, self.items.pop(item_id, None), item)
        if item is not None:
            self.items[item_id] = item

    def page(self, cursor: str | None, limit: int) -> tuple[list[Item], str | None]:
        listing = Listing(self.by, self.backwards, None).resumed(cursor, limit)
        walk = (self.items[i] for i in self.order.walk(listing.after, backwards=self.backwards))
        found = take(listing, walk, lambda _: True, lambda item: item.item_id)
        return found.items, found.next_cursor


@given(
    st.lists(st.tuples(IDS, st.none() | NAMES, st.integers(0, 3)), max_size=40),
    st.sampled_from([BY_NAME, BY_SIZE]),
    st.booleans(),
)
def test_an_order_is_what_sorting_would_make(
    changes: list[tuple[str, str | None, int]], by: By, backwards: bool
) -> None:
    kept = Kept(by, backwards)
    for item_id, name, size in changes:
        kept.put(item_id, None if name is None else Item(item_id, name, size))

    ids = list(kept.order.walk(None, backwards=backwards))

    wanted = sorted(kept.items.values(), key=lambda i: (by.key_of(i), i.item_id), reverse=backwards)
    assert ids == [item.item_id for item in wanted]
    listing = Listing(by, backwards, None)
    assert list(in_order(kept.items.values(), listing, lambda i: i.item_id)) == wanted


@given(
    st.dictionaries(IDS, NAMES, min_size=1),
    st.lists(st.tuples(IDS, st.none() | NAMES), max_size=8),
    st.booleans(),
    st.integers(1, 4),
)
def test_pages_have_all_that_stays_once(
    first: dict[str, str], changes: list[tuple[str, str | None]], backwards: bool, limit: int
) -> None:
    """Of what is neither made nor renamed nor deleted between two pages, each is on one page, in order."""
    kept = Kept(BY_NAME, backwards)
    for item_id, name in first.items():
        kept.put(item_id, Item(item_id, name))
    touched, pending = set[str](), list(changes)
    seen: list[Item] = []
    cursor: str | None = None
    for _ in range(len(first) + len(changes) + 1):
        page, cursor = kept.page(cursor, limit)
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break
        if pending:
            item_id, changed = pending.pop()
            touched.add(item_id)
            kept.put(item_id, None if changed is None else Item(item_id, changed))
    assert cursor is None, "it ends"

    stayed = [item for item in seen if item.item_id not in touched]
    assert [item.item_id for item in stayed] == [
        item_id
        for _, item_id in sorted(
            ((name.casefold(), item_id) for item_id, name in first.items() if item_id not in touched),
            reverse=backwards,
        )
    ]


def asked(**query: str) -> Listing:
    parameters = Parameters(query)
    listing = read_listing(parameters, KNOWN, offsets=True)
    parameters.check()
    return listing


def test_what_is_asked_for() -> None:
    assert asked() == Listing(BY_NAME, False, None, 100, None, 0)
    assert asked(sort="-size", limit="7", offset="3") == Listing(BY_SIZE, True, None, 7, 7, 3)
    cursor = cursors.written("-size", (4, "i1"))
    assert asked(cursor=cursor) == Listing(BY_SIZE, True, (4, "i1"), 100, None, 0)
    assert asked(cursor=cursor, sort="-size").after == (4, "i1")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "colour"}, "sort"),
        ({"sort": "--name"}, "sort"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "a" * 4_000}, "cursor"),
        ({"cursor": cursors.written("colour", ("a", "b"))}, "cursor"),
        ({"cursor": cursors.written("size", ("a", "b"))}, "cursor"),
        ({"cursor": cursors.written("name", (1, "b"))}, "cursor"),
        ({"cursor": cursors.written("size", (True, "b"))}, "cursor"),
        ({"cursor": cursors.written("name", ("a", "b")), "sort": "-name"}, "cursor"),
    ],
)
def test_what_is_wrong_is_named(query: dict[str, str], field: str) -> None:
    with pytest.raises(Problem) as refused:
        asked(**query)
    assert refused.value.word == "invalid-input"
    assert [error.field for error in refused.value.errors] == [field]


@given(st.text(), st.text() | st.integers(), st.text())
def test_a_cursor_is_read_as_it_was_written(sort: str, key: str | int, object_id: str) -> None:
    written = cursors.written(sort, (key, object_id))
    assert written.isascii()
    if len(written) <= cursors.MOST_CHARACTERS:
        assert cursors.read(written) == (sort, (key, object_id))


@given(st.text())
def test_no_text_is_too_odd_for_a_cursor(text: str) -> None:
    found = cursors.read(text)
    assert found is None or isinstance(found[0], str)


def test_instants_are_ordered_to_the_millisecond() -> None:
    from lamplighter_contracts.agents import Agent

    def made(at: str) -> Agent:
        return Agent.model_validate(
            {"agent_id": "a", "name": "A", "runner": {"kind": "noop"}, "created_at": at, "updated_at": at}
        )

    key: Callable[[object], int] = milliseconds("created_at")
    instants = ["2026-12-01T09:00:00Z", "2026-12-01T09:00:00.001Z", "2026-12-01T09:00:00.123Z"]
    assert [key(made(at)) for at in instants] == sorted(key(made(at)) for at in instants)
    assert len({key(made(at)) for at in instants}) == 3
