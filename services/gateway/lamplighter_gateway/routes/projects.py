"""Projects: what belongs together, and is seen by those who reach it."""

from typing import Any

from litestar import Request, get

from lamplighter_gateway.catalog.census import census
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.web.pages import answer_all
from lamplighter_gateway.web.responses import Answer


@get("/api/v1/projects")
async def list_projects(request: Request[Any, Any, Any]) -> Answer:
    """The projects that you reach, by name, with how many things are in each. One begins with the first thing that is
    made in it, or with a token that names it."""
    counts = census(gateway_of(request).catalog)
    return await answer_all(request, [{"id": project, **count} for project, count in counts.items()])


HANDLERS = [list_projects]
