"""Requests with an Idempotency-Key: carried out once, and answered alike however often they are repeated."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request

from lamplighter_contracts.requests import RequestMade
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.catalog.contents import KINDS, Item
from lamplighter_gateway.catalog.requests import Once, Repeated, once
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.web.bodies import read_key
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.responses import Answer
from lamplighter_gateway.webhooks.claims import IDEMPOTENCY_KEY

REPLAYED = {"Idempotency-Replayed": "true"}

I = TypeVar("I", bound=Item)  # noqa: E741

Make = Callable[[Once | None], Awaitable[Answer]]
Again = Callable[[RequestMade], Awaitable[Answer]]


async def answer_once(request: Request[Any, Any, Any], body: Any, make: Make, again: Again) -> Answer:
    """What `make` answers; what `again` does where it has been made before, under this key by this caller."""
    key = read_key(request, IDEMPOTENCY_KEY)
    if key is None:
        return await make(None)
    asked = once(caller_of(request), key, request.method, request.scope["path"], body)
    try:
        await gateway_of(request).requests.check(asked)
        return await make(asked)
    except Repeated as repeated:
        check_same(asked, repeated.made)
        answered = await again(repeated.made)
        answered.headers.update(REPLAYED)
        return answered


def check_same(asked: Once, made: RequestMade) -> None:
    """Raises `Problem`."""
    if made.fingerprint != asked.fingerprint:
        detail = (
            f"The key {asked.key!r} came with another request before: choose a new one for a new request."
        )
        raise Problem("idempotency-key-reused", detail)


async def thing_made(gateway: Gateway, model: type[I], made: RequestMade) -> I:
    """What a request has made, as it was then; or as it is, where that is no longer kept. Raises `Problem`."""
    items = await gateway.requests.objects(made) if KINDS.get(made.kind) is model else []
    found = items or [gateway.catalog.find(model, object_id) for object_id in made.object_ids]
    item = next(iter(found), None)
    if not (isinstance(item, model) and _is_seen(gateway, item)):
        named = ", ".join(map(repr, made.object_ids))
        raise Problem("conflict", f"The request was carried out; what it made, {named}, is no longer there.")
    return item


def _is_seen(gateway: Gateway, item: Item) -> bool:
    project = getattr(item, "project", None)
    return project is None or gateway.catalog.reaches(project)
