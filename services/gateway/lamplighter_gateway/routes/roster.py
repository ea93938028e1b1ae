"""What the routes of agents and of teams have in common: everything but their path."""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request

from lamplighter_contracts import ids
from lamplighter_contracts.agents import Agent, Team
from lamplighter_gateway.answers import item_answer
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.catalog import Write
from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.preconditions import etag, read_if_match
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.roster import Roster, Sort, chosen_id

SUFFIX_BYTES = 2

Web = Request[Any, Any, Any]


async def create(request: Web, sort: Sort) -> Answer:
    gateway = gateway_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    name = body.get("name")
    slug = ids.slug(name) if isinstance(name, str) else ""
    made = slug or f"{sort.word}-{gateway.entropy(SUFFIX_BYTES).hex()}"
    object_id = chosen_id(body, sort.id_field, made)
    item = await _change(request, sort, object_id, lambda roster: roster.create(object_id, body))
    location = f"/api/v1/{sort.word}s/{object_id}"
    return answer(item_answer(item), 201, {"Location": location, "ETag": etag(item.revision)})


async def show_all(request: Web, sort: Sort) -> Answer:
    found: list[Agent | Team] = [*gateway_of(request).catalog.all(sort.item)]
    return answer(sorted(map(item_answer, found), key=lambda item: str(item["id"])))


async def show(request: Web, sort: Sort, object_id: str) -> Answer:
    gateway = gateway_of(request)
    roster = Roster(sort, gateway.catalog, gateway.now())
    item = await gateway.current(sort.key(object_id), lambda: roster.find(object_id))
    return answer(item_answer(item), headers={"ETag": etag(item.revision)})


async def change(request: Web, sort: Sort, object_id: str) -> Answer:
    body = await read_object(request, gateway_of(request).settings.body_limit_bytes)
    item = await _change(request, sort, object_id, lambda roster: roster.change(object_id, body))
    return answer(item_answer(item), headers={"ETag": etag(item.revision)})


async def remove(request: Web, sort: Sort, object_id: str) -> None:
    await _write(request, sort, object_id, lambda roster: roster.delete(object_id))


async def _change(
    request: Web, sort: Sort, object_id: str, decide: Callable[[Roster], Sequence[Write]]
) -> Agent | Team:
    await _write(request, sort, object_id, decide)
    gateway = gateway_of(request)
    return Roster(sort, gateway.catalog, gateway.now()).find(object_id)


async def _write(
    request: Web, sort: Sort, object_id: str, decide: Callable[[Roster], Sequence[Write]]
) -> None:
    gateway = gateway_of(request)
    if_match = read_if_match(request.headers.get("if-match"))

    def writes() -> Sequence[Write]:
        return decide(Roster(sort, gateway.catalog, gateway.now(), if_match))

    await gateway.change(sort.key(object_id), writes, caller_of(request).token_id)
