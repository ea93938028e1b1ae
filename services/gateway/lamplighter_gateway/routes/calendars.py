"""Calendars: days and spans of time that jobs and environments leave out."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, delete, get, patch, post, put

from lamplighter_gateway.answers import brief_calendar
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.named.calendars import CALENDARS, given_ways, with_file
from lamplighter_gateway.routes import named
from lamplighter_gateway.timing.ics_reader import Reading
from lamplighter_gateway.web.responses import Answer

Web = Request[Any, Any, Any]


@post("/api/v1/calendars")
async def create_calendar(request: Request[Any, Any, Any]) -> Answer:
    """Make a calendar of `dates` (as text), `entries`, or the text of an .ics file (`ics`)."""
    body = await named.read(request)
    return await named.create(request, with_file(await _file(request, body)), body)


@get("/api/v1/calendars")
async def list_calendars(request: Request[Any, Any, Any]) -> Answer:
    """All calendars, by id, without their entries."""
    return await named.show_all(request, CALENDARS, brief_calendar)


@get("/api/v1/calendars/{calendar_id:str}")
async def get_calendar(request: Request[Any, Any, Any], calendar_id: str) -> Answer:
    """One calendar, with its entries."""
    return await named.show(request, CALENDARS, calendar_id)


@patch("/api/v1/calendars/{calendar_id:str}")
async def change_calendar(request: Request[Any, Any, Any], calendar_id: str) -> Answer:
    """Change some fields; `dates`, `entries` or `ics` replaces all that is in it. With If-Match only what was read."""
    body = await named.read(request)
    return await named.change(request, with_file(await _file(request, body)), calendar_id, body)


@put("/api/v1/calendars/{calendar_id:str}", status_code=200)
async def replace_calendar(request: Request[Any, Any, Any], calendar_id: str) -> Answer:
    """Put it in place of what there is, or make it: what is not said has its default. With `If-None-Match: *` it is
    made only, with If-Match it replaces what was read."""
    body = await named.read(request)
    return await named.replace(request, with_file(await _file(request, body)), calendar_id, body)


@delete("/api/v1/calendars/{calendar_id:str}")
async def delete_calendar(request: Request[Any, Any, Any], calendar_id: str) -> None:
    """Delete a calendar that no job and no environment uses."""
    await named.remove(request, CALENDARS, calendar_id)


async def _file(request: Web, body: Mapping[str, Any]) -> Reading | None:
    """What the file in a body holds: read before anything is decided, once."""
    text, gateway = body.get("ics"), gateway_of(request)
    if given_ways(body) != ["ics"] or not isinstance(text, str):
        return None
    return await gateway.files.read(text, gateway.now())


HANDLERS = [create_calendar, list_calendars, get_calendar, change_calendar, replace_calendar, delete_calendar]
