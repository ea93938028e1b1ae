"""What the routes of agents, teams, calendars, environments and policies have in common: everything but their path."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Request

from lamplighter_contracts import ids
from lamplighter_gateway.answers import Wire, thing_answer
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.catalog import Write
from lamplighter_gateway.cautions import Cautions
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.named import Named, Sort, Thing, chosen_id
from lamplighter_gateway.preconditions import etag, read_if_match
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.situations import cautions_of

SUFFIX_BYTES = 2

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
    thing = await _change(request, sort, object_id, lambda named: named.create(object_id, body))
    location = f"{sort.path}/{object_id}"
    document = thing_answer(thing, cautions_of(gateway_of(request)))
    return answer(document, 201, {"Location": location, "ETag": etag(thing.revision)})


async def show_all(
    request: Web, sort: Sort, brief: Callable[[Thing, Cautions], Wire] = thing_answer
) -> Answer:
    gateway = gateway_of(request)
    cautions = cautions_of(gateway)
    return answer([brief(thing, cautions) for thing in Named(sort, gateway.catalog, gateway.now()).all()])


async def show(request: Web, sort: Sort, object_id: str) -> Answer:
    gateway = gateway_of(request)
    named = Named(sort, gateway.catalog, gateway.now())
    thing: Thing = await gateway.current(sort.key(object_id), lambda: named.find(object_id))
    return answer(
        thing_answer(thing, cautions_of(gateway_of(request))), headers={"ETag": etag(thing.revision)}
    )


async def change(request: Web, sort: Sort, object_id: str, body: Mapping[str, Any] | None = None) -> Answer:
    """`body` where it has been read already."""
    body = await read(request) if body is None else body
    thing = await _change(request, sort, object_id, lambda named: named.change(object_id, body))
    return answer(
        thing_answer(thing, cautions_of(gateway_of(request))), headers={"ETag": etag(thing.revision)}
    )


async def remove(request: Web, sort: Sort, object_id: str) -> None:
    await _write(request, sort, object_id, lambda named: named.delete(object_id))


async def _change(
    request: Web, sort: Sort, object_id: str, decide: Callable[[Named], Sequence[Write]]
) -> Thing:
    await _write(request, sort, object_id, decide)
    gateway = gateway_of(request)
    return Named(sort, gateway.catalog, gateway.now()).find(object_id)


async def _write(
    request: Web, sort: Sort, object_id: str, decide: Callable[[Named], Sequence[Write]]
) -> None:
    gateway = gateway_of(request)
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return decide(Named(sort, gateway.catalog, gateway.now(), if_match))

    await gateway.change(sort.key(object_id), writes, caller_of(request).token_id)
