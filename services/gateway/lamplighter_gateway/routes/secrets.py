"""Secrets of environments: set, listed by name, deleted, sealed anew. No answer has a value."""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, delete, get, post, put

from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_gateway.access.authentication import caller_of
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.catalog.contents import Key, Write, key_of, secret_key
from lamplighter_gateway.catalog.environments import find_environment
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.named.environments import secrets_of
from lamplighter_gateway.named.secrets import MOST_AT_ONCE, Secrets, read_name, read_value
from lamplighter_gateway.web.bodies import read_secret
from lamplighter_gateway.web.lists import By, Listing, in_order, milliseconds, read_listing, sorts, take
from lamplighter_gateway.web.pages import Page, answer_listing
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.preconditions import etag, match_revision, read_if_match
from lamplighter_gateway.web.problems import not_found
from lamplighter_gateway.web.responses import Answer, answer
from lamplighter_gateway.webhooks.given import Given

Web = Request[Any, Any, Any]

SORTS = sorts(
    By("name", lambda secret: secret.name),
    By("created_at", milliseconds("created_at"), int),
    By("updated_at", milliseconds("updated_at"), int),
)


@get("/api/v1/environments/{environment_id:str}/secrets")
async def list_secrets(request: Web, environment_id: str) -> Answer:
    """The names of an environment's secrets, and when they were set; never their values."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    listing = read_listing(query, SORTS)
    query.check()
    secrets = _secrets(request, gateway)
    await gateway.current(key_of(Environment, environment_id), lambda: secrets.check(environment_id))

    async def turn(at: Listing) -> Page:
        walk = in_order(secrets_of(gateway.catalog, environment_id), at, _name)
        found = take(at, walk, lambda _: True, _name)
        return Page([secrets.answer(one) for one in found.items], found.next_cursor)

    return await answer_listing(request, listing, turn)


@get("/api/v1/environments/{environment_id:str}/secrets/{name:str}")
async def get_secret(request: Web, environment_id: str, name: str) -> Answer:
    """When a secret was set, and by whom; never its value."""
    gateway, key = gateway_of(request), secret_key(environment_id, read_name(name))
    secrets = _secrets(request, gateway)
    await gateway.current(key_of(Environment, environment_id), lambda: secrets.check(environment_id))
    found: SealedSecret = await gateway.current(key, lambda: secrets.find(environment_id, name))
    return _shown(secrets, found)


@put("/api/v1/environments/{environment_id:str}/secrets/{name:str}", status_code=200)
async def put_secret(request: Web, environment_id: str, name: str) -> Answer:
    """Set a secret: `{"value": "..."}`, 6 to 32,768 bytes. It is sealed at once, and nothing reads it back."""
    gateway = gateway_of(request)
    value = read_value(await read_secret(request, gateway.settings.body_limit_bytes))
    key = secret_key(environment_id, read_name(name))
    environment = key_of(Environment, environment_id)
    before = await gateway.current(environment, lambda: _secrets(request, gateway).check(environment_id))
    if_match = _if_match(request)

    def put_there(secrets: Secrets) -> Sequence[Write]:
        _check_match(secrets, key, if_match)
        return secrets.put(environment_id, name, value)

    await _change(request, key, put_there)
    # Somebody may have deleted the environment meanwhile: whoever comes later sees the other.
    await gateway.store.refresh([environment])
    after = find_environment(environment_id, gateway.catalog)
    if after is None or after.project != before.project:
        await forget_orphans(gateway, environment_id, caller_of(request))
    found = gateway.catalog.find(SealedSecret, key.object_id)
    if found is None:
        raise not_found("environment", environment_id)
    return _shown(_secrets(request, gateway), found)


@delete("/api/v1/environments/{environment_id:str}/secrets/{name:str}")
async def delete_secret(request: Web, environment_id: str, name: str) -> None:
    """Delete a secret, with all that it was before."""
    key = secret_key(environment_id, read_name(name))
    if_match = _if_match(request)

    def delete_there(secrets: Secrets) -> Sequence[Write]:
        secrets.find(environment_id, name)
        _check_match(secrets, key, if_match)
        return secrets.delete(environment_id, name)

    await _change(request, key, delete_there)


@post("/api/v1/secrets/rotate", status_code=200)
async def rotate_secrets(request: Web) -> Answer:
    """Seal with the first key of the ring whatever another one sealed; after it the others may go."""
    gateway, count = gateway_of(request), 0
    while found := _secrets(request, gateway).reseal():
        await _change(request, found[0].key, lambda secrets: secrets.reseal())
        count += len(found)
    given = Given(gateway.catalog, gateway.settings.ring, gateway.now())
    while found := given.reseal(MOST_AT_ONCE):
        await gateway.change(found[0].key, lambda: given.reseal(MOST_AT_ONCE), caller_of(request))
        count += len(found)
    return answer({"resealed": count, "key_id": gateway.settings.ring.current})


async def forget_orphans(gateway: Gateway, environment_id: str, by: Caller) -> None:
    """The secrets of an environment that is gone, unless somebody has made it anew. Nobody but who had it knows of
    them, so whoever comes to have its name is not left with them."""

    def writes() -> Sequence[Write]:
        whole = gateway.catalog.whole
        if whole.find(Environment, environment_id) is not None:
            return []
        return Secrets(whole, gateway.settings.ring, gateway.now(), by.name).forget(environment_id)

    while found := writes():
        await gateway.change(found[0].key, writes, by)


async def _change(request: Web, key: Key, decide: Callable[[Secrets], Sequence[Write]]) -> None:
    gateway = gateway_of(request)
    await gateway.change(key, lambda: decide(_secrets(request, gateway)), caller_of(request))


def _if_match(request: Web) -> int | None:
    return read_if_match(request.headers.get("if-match"))


def _check_match(secrets: Secrets, key: Key, if_match: int | None) -> None:
    """Raises `Problem`."""
    found = secrets.catalog.find(SealedSecret, key.object_id)
    match_revision(key.object_id, if_match, found.revision if found else 0)


def _name(secret: SealedSecret) -> str:
    return secret.name


def _shown(secrets: Secrets, secret: SealedSecret) -> Answer:
    return answer(secrets.answer(secret), headers={"ETag": etag(secret.revision)})


def _secrets(request: Web, gateway: Gateway) -> Secrets:
    return Secrets(gateway.catalog, gateway.settings.ring, gateway.now(), caller_of(request).name)


HANDLERS = [list_secrets, get_secret, put_secret, delete_secret, rotate_secrets]
