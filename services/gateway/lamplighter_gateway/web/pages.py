"""How a list is answered: one page as a JSON array that says where the next one is, or all of it as lines."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from litestar import Request

from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.web.lines import MEDIA_TYPE, Documents, Lines
from lamplighter_gateway.web.lists import Listing
from lamplighter_gateway.web.responses import Answer, answer

Web = Request[Any, Any, Any]

JSON = "application/json"
STREAMED = 200
"""Objects in a page of those that a stream is made of."""


@dataclass(frozen=True)
class Page:
    documents: Documents
    next_cursor: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Turn = Callable[[str | None, int], Awaitable[Page]]
"""The page behind a cursor (None: the first), of at most so many."""


async def answer_list(
    request: Web, turn: Turn, *, cursor: str | None, limit: int, bound: int | None = None
) -> Answer:
    """`limit` is of a page that stands alone. A stream has everything, or as many as `bound` says."""
    if request.accept.best_match([JSON, MEDIA_TYPE], default=JSON) == MEDIA_TYPE:
        first = await turn(cursor, min(STREAMED, bound or STREAMED))
        return Lines(first.documents, _rest(turn, first, bound), gateway_of(request).leaving)
    page = await turn(cursor, limit)
    return answer(page.documents, headers={**page.headers, **_following(request, page.next_cursor)})


async def answer_listing(
    request: Web, listing: Listing, turn: Callable[[Listing], Awaitable[Page]]
) -> Answer:
    """The same for a list of the catalog's objects."""

    async def at(cursor: str | None, limit: int) -> Page:
        return await turn(listing.resumed(cursor, limit))

    return await answer_list(request, at, cursor=None, limit=listing.limit, bound=listing.bound)


async def answer_all(request: Web, documents: Sequence[dict[str, Any]]) -> Answer:
    """A list that has no pages, because it is never long."""

    async def turn(cursor: str | None, limit: int) -> Page:
        return Page(documents)

    return await answer_list(request, turn, cursor=None, limit=len(documents))


async def _rest(turn: Turn, page: Page, bound: int | None) -> AsyncGenerator[Documents, None]:
    """The pages after the first one."""
    sent = len(page.documents)
    while page.next_cursor is not None and (bound is None or sent < bound):
        left = STREAMED if bound is None else min(STREAMED, bound - sent)
        page = await turn(page.next_cursor, left)
        sent += len(page.documents)
        yield page.documents


def _following(request: Web, cursor: str | None) -> dict[str, str]:
    """Where the next page is (RFC 8288), relative to this one: so it holds behind a proxy that changes paths."""
    if cursor is None:
        return {}
    # In an order of its own: that of a parsed query is not the caller's.
    kept = sorted((k, v) for k, v in request.query_params.multi_items() if k not in ("cursor", "offset"))
    return {
        "Next-Cursor": cursor,
        "Link": f'<?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"',
    }
