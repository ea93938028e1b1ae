"""Lists that come in pages, as one list."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lamplighter_cli.client import Answer, Client

PAGE, LARGE_PAGE = 200, 500
"""Items of one request: where some are asked for, and where all are."""
DEFAULT_LIMIT = 20

Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")]


def pages(
    client: "Client", path: str, query: Mapping[str, str | None], limit: int | None = None
) -> Iterator["Answer"]:
    """A list page by page, until there is no more or there are `limit` items."""
    cursor, left = None, limit
    while left is None or left > 0:
        size = LARGE_PAGE if left is None else min(left, PAGE)
        answer = client.request("GET", path, query={**query, "limit": size, "cursor": cursor})
        yield answer
        cursor = answer.headers.get("Next-Cursor")
        if not (cursor and answer.document):
            return
        left = None if left is None else left - len(answer.document)


def collect(
    client: "Client", path: str, query: Mapping[str, str | None], limit: int | None = None
) -> list[dict[str, Any]]:
    """The first `limit` items, or all, over as many pages as they take."""
    return [one for answer in pages(client, path, query, limit) for one in answer.document]
