"""What a list of the catalog's objects is asked for, and the page that it comes to: the same for every noun."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic, TypeVar

from lamplighter_gateway.catalog.orders import KeyOf, Place
from lamplighter_gateway.web import cursors
from lamplighter_gateway.web.parameters import Parameters

PAGE, MOST = 100, 1_000
MOST_OFFSET = 1 << 31

T = TypeVar("T")


@dataclass(frozen=True)
class By:
    """One order of a noun. `key_of` gives texts or whole numbers, one or the other throughout."""

    name: str
    key_of: KeyOf
    kind: type = str


@dataclass(frozen=True)
class Sorts:
    """The orders that a noun can be listed in, the first one where none is asked for."""

    orders: Mapping[str, By]

    @property
    def default(self) -> str:
        return next(iter(self.orders))

    @property
    def words(self) -> list[str]:
        """As a request may name them: a minus stands for the other way round."""
        return [f"{sign}{name}" for name in self.orders for sign in ("", "-")]


def sorts(*orders: By) -> Sorts:
    return Sorts({by.name: by for by in orders})


@dataclass(frozen=True)
class Listing:
    """`limit` is of one page; `bound` is what the caller named as one, where it did."""

    by: By
    backwards: bool
    after: Place | None
    limit: int = PAGE
    bound: int | None = None
    offset: int = 0

    @property
    def sort(self) -> str:
        return f"-{self.by.name}" if self.backwards else self.by.name

    def resumed(self, cursor: str | None, limit: int) -> "Listing":
        """The page behind a cursor that this list has given, or its first."""
        found = cursors.read(cursor) if cursor is not None else None
        if found is None:
            return replace(self, limit=limit)
        return replace(self, limit=limit, after=found[1], offset=0)


def read_listing(query: Parameters, known: Sorts, *, offsets: bool = False) -> Listing:
    """From `sort`, `cursor`, `limit`, and where it takes one `offset`. What is wrong is noted in `query`."""
    bound = query.number("limit", 0, 1, MOST) or None
    offset = query.number("offset", 0, 0, MOST_OFFSET) if offsets else 0
    sort, after = _begin(query, known)
    name = sort.removeprefix("-")
    return Listing(known.orders[name], sort != name, after, bound or PAGE, bound, offset)


def _begin(query: Parameters, known: Sorts) -> tuple[str, Place | None]:
    sort, cursor = query.word("sort", known.words), query.text("cursor")
    if cursor is None:
        return sort or known.default, None
    found = cursors.read(cursor)
    if found is None or found[0] not in known.words or not _is_key(found[1], known, found[0]):
        query.wrong("cursor", "is none of this list: take it from the 'Next-Cursor' of an answer")
        return sort or known.default, None
    if sort is not None and sort != found[0]:
        query.wrong("cursor", f"belongs to a list in the order {found[0]!r}: leave 'sort' as it was")
    return found


def _is_key(place: Place, known: Sorts, sort: str) -> bool:
    return type(place[0]) is known.orders[sort.removeprefix("-")].kind


@dataclass(frozen=True)
class Found(Generic[T]):
    items: list[T]
    next_cursor: str | None


def take(
    listing: Listing, walk: Iterable[T], is_wanted: Callable[[T], bool], id_of: Callable[[T], str]
) -> Found[T]:
    """The page that a walk in that order comes to, and where the next one begins if there is one."""
    wanted = (item for item in walk if is_wanted(item))
    items = list(islice(wanted, listing.offset, listing.offset + listing.limit + 1))
    if len(items) <= listing.limit:
        return Found(items, None)
    items.pop()
    last = items[-1]
    return Found(items, cursors.written(listing.sort, (listing.by.key_of(last), id_of(last))))


def in_order(items: Iterable[T], listing: Listing, id_of: Callable[[T], str]) -> Iterator[T]:
    """A walk over a few that nobody keeps in order."""
    after, backwards = listing.after, listing.backwards
    places = {(listing.by.key_of(item), id_of(item)): item for item in items}
    behind = [one for one in places if after is None or (one < after if backwards else one > after)]
    return (places[one] for one in sorted(behind, reverse=backwards))


def named(item: Any) -> str:
    return str(item.name.casefold())


def milliseconds(field: str) -> KeyOf:
    """An instant as a number: that is how exactly instants are stored."""
    return lambda item: round(getattr(item, field).timestamp() * 1000)
