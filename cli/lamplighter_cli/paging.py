"""Lists that come in pages, as one list."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lamplighter_cli.client import Client

PAGE = 200
DEFAULT_LIMIT = 20

Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most so many.")]


def collect(client: "Client", path: str, query: dict[str, str | None], limit: int) -> list[dict[str, Any]]:
    """The first `limit` items, over as many pages as they take."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(items) < limit:
        size = min(limit - len(items), PAGE)
        answer = client.request("GET", path, query={**query, "limit": size, "cursor": cursor})
        items += answer.document
        cursor = answer.headers.get("Next-Cursor")
        if not (cursor and answer.document):
            break
    return items
