"""What the routes of agents, teams, calendars, environments and policies have in common: everything but their path."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Request

from lamplighter_contracts import ids
from lamplighter_contracts.requests import RequestMade
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.answers import Wire, thing_answer
from lamplighter_gateway.catalog.contents import Write
from lamplighter_gateway.catalog.requests import Once
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.jobs.cautions import Cautions
from lamplighter_gateway.jobs.situations import cautions_of
from lamplighter_gateway.named.lists import read_filters, sorts_of
from lamplighter_gateway.named.things import Named, Sort, Thing, chosen_id
from lamplighter_gateway.web.bodies import check_same_id, read_object
from lamplighter_gateway.web.idempotency import answer_once, thing_made
from lamplighter_gateway.web.lists import Listing, read_listing, take
from lamplighter_gateway.web.pages import Page, answer_listing
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.preconditions import etag, read_conditions, read_if_match
from lamplighter_gateway.web.responses import Answer, answer

SUFFIX_BYTES = 2
NONE: Mapping[str, str] = {}

Web = Request[Any, Any, Any]


async def read(request: Web) -> dict[str, Any]:
    return await read_object(request, gateway_of(request).settings.body_limit_bytes)


async def create(request: Web, sort: Sort, body: Mapping[str, Any] | None = None) -> Answer:
    """`body` where it has been read already."""
    body = await read(request) if body is None else body
    name = body.get("name")
    slug = ids.slug(name) if isinstance(name, str) else ""
    made = slug or f"{sort.word}-{gateway_of(request).entropy(SUFFIX_BYTES).hex()}"
    object_id = chosen_id(body, sort.id_field, made)

    async def make(asked: Once | None) -> Answer:
        thing = await _change(request, sort, object_id, lambda named: named.create(object_id, body), asked)
        return _made(request, sort, thing)

    async def again(made: RequestMade) -> Answer:
        return _made(request, sort, await thing_made(gateway_of(request), sort.item, made))

    return await answer_once(request, body, make, again)


async def replace(request: Web, sort: Sort, object_id: str, body: Mapping[str, Any] | None = None) -> Answer:
    """`body` where it has been read already."""
    body = await read(request) if body is None else body
    check_same_id(body, sort.id_field, object_id)
    conditions, is_new = read_conditions(request.headers), False

    def decide(named: Named) -> Sequence[Write]:
        nonlocal is_new
        is_new = named.catalog.find(sort.item, object_id) is None
        return named.replace(object_id, body, conditions)

    thing = await _change(request, sort, object_id, decide)
    return _made(request, sort, thing) if is_new else _shown(request, thing)


async def show_all(
    request: Web, sort: Sort, brief: Callable[[Thing, Cautions], Wire] = thing_answer
) -> Answer:
    gateway, query = gateway_of(request), Parameters(request.query_params)
    is_wanted, listing = read_filters(sort.item, query), read_listing(query, sorts_of(sort.id_field))
    query.check()

    async def turn(at: Listing) -> Page:
        walk = Named(sort, gateway.catalog, gateway.now()).walk(at)
        found, cautions = take(at, walk, is_wanted, sort.name_of), cautions_of(gateway)
        return Page([brief(thing, cautions) for thing in found.items], found.next_cursor)

    return await answer_listing(request, listing, turn)


async def show(request: Web, sort: Sort, object_id: str) -> Answer:
    gateway = gateway_of(request)
    named = Named(sort, gateway.catalog, gateway.now())
    thing: Thing = await gateway.current(sort.key(object_id), lambda: named.find(object_id))
    return _shown(request, thing)


async def change(request: Web, sort: Sort, object_id: str, body: Mapping[str, Any] | None = None) -> Answer:
    """`body` where it has been read already."""
    body = await read(request) if body is None else body
    thing = await _change(request, sort, object_id, lambda named: named.change(object_id, body))
    return _shown(request, thing)


async def remove(request: Web, sort: Sort, object_id: str) -> None:
    await _write(request, sort, object_id, lambda named: named.delete(object_id))


def _shown(request: Web, thing: Thing, status: int = 200, headers: Mapping[str, str] = NONE) -> Answer:
    document = thing_answer(thing, cautions_of(gateway_of(request)))
    return answer(document, status, {**headers, "ETag": etag(thing.revision)})


def _made(request: Web, sort: Sort, thing: Thing) -> Answer:
    return _shown(request, thing, 201, {"Location": f"{sort.path}/{sort.name_of(thing)}"})


async def _change(
    request: Web,
    sort: Sort,
    object_id: str,
    decide: Callable[[Named], Sequence[Write]],
    asked: Once | None = None,
) -> Thing:
    await _write(request, sort, object_id, decide, asked)
    gateway = gateway_of(request)
    return Named(sort, gateway.catalog, gateway.now()).find(object_id)


async def _write(
    request: Web,
    sort: Sort,
    object_id: str,
    decide: Callable[[Named], Sequence[Write]],
    asked: Once | None = None,
) -> None:
    gateway = gateway_of(request)
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return decide(Named(sort, gateway.catalog, gateway.now(), if_match))

    await gateway.change(sort.key(object_id), writes, caller_of(request), asked)
