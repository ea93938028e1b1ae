"""Secrets of environments: set, listed by name, deleted, sealed anew. No answer has a value."""

from collections.abc import Callable, Sequence
from typing import Any

from litestar import Request, delete, get, post, put

from lamplighter_contracts.environments import Environment, SealedSecret
from lamplighter_gateway.authentication import caller_of
from lamplighter_gateway.bodies import read_object
from lamplighter_gateway.catalog import Key, Write, key_of, secret_key
from lamplighter_gateway.environments import secrets_of
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.problems import Problem, not_found
from lamplighter_gateway.responses import Answer, answer
from lamplighter_gateway.secrets import Secrets, read_name, read_value

Web = Request[Any, Any, Any]


@get("/api/v1/environments/{environment_id:str}/secrets")
async def list_secrets(request: Web, environment_id: str) -> Answer:
    """The names of an environment's secrets, and when they were set; never their values."""
    gateway = gateway_of(request)
    secrets = _secrets(request, gateway)
    await gateway.current(key_of(Environment, environment_id), lambda: secrets.check(environment_id))
    return answer([secrets.answer(one) for one in secrets_of(gateway.catalog, environment_id)])


@put("/api/v1/environments/{environment_id:str}/secrets/{name:str}", status_code=200)
async def put_secret(request: Web, environment_id: str, name: str) -> Answer:
    """Set a secret: `{"value": "..."}`, 6 to 32,768 bytes. It is sealed at once, and nothing reads it back."""
    gateway = gateway_of(request)
    value = read_value(await _read(request, gateway))
    key = secret_key(environment_id, read_name(name))
    environment = key_of(Environment, environment_id)
    await gateway.current(environment, lambda: _secrets(request, gateway).check(environment_id))
    await _change(request, key, lambda secrets: secrets.put(environment_id, name, value))
    # Somebody may have deleted the environment meanwhile: whoever comes later sees the other.
    await gateway.store.refresh([environment])
    await forget_orphans(gateway, environment_id, caller_of(request).token_id)
    found = gateway.catalog.find(SealedSecret, key.object_id)
    if found is None:
        raise not_found("environment", environment_id)
    return answer(_secrets(request, gateway).answer(found))


@delete("/api/v1/environments/{environment_id:str}/secrets/{name:str}")
async def delete_secret(request: Web, environment_id: str, name: str) -> None:
    """Delete a secret, with all that it was before."""
    key = secret_key(environment_id, read_name(name))
    await _change(request, key, lambda secrets: secrets.delete(environment_id, name))


@post("/api/v1/secrets/rotate", status_code=200)
async def rotate_secrets(request: Web) -> Answer:
    """Seal with the first key of the ring whatever another one sealed; after it the others may go."""
    gateway, count = gateway_of(request), 0
    while found := _secrets(request, gateway).reseal():
        await _change(request, found[0].key, lambda secrets: secrets.reseal())
        count += len(found)
    return answer({"resealed": count, "key_id": gateway.settings.ring.current})


async def forget_orphans(gateway: Gateway, environment_id: str, by: str) -> None:
    """The secrets of an environment that is gone. Nothing, where it is there."""

    def writes() -> Sequence[Write]:
        ring, now = gateway.settings.ring, gateway.now()
        return Secrets(gateway.catalog, ring, now, by).forget(environment_id)

    while found := writes():
        await gateway.change(found[0].key, writes, by)


async def _read(request: Web, gateway: Gateway) -> dict[str, Any]:
    try:
        return await read_object(request, gateway.settings.body_limit_bytes)
    except Problem as problem:
        if problem.word != "malformed-json":
            raise
        # What is wrong with it may be a piece of the secret.
        raise Problem("malformed-json", 'The body is not JSON of the form {"value": "..."}.') from None


async def _change(request: Web, key: Key, decide: Callable[[Secrets], Sequence[Write]]) -> None:
    gateway = gateway_of(request)
    await gateway.change(key, lambda: decide(_secrets(request, gateway)), caller_of(request).token_id)


def _secrets(request: Web, gateway: Gateway) -> Secrets:
    return Secrets(gateway.catalog, gateway.settings.ring, gateway.now(), caller_of(request).name)


HANDLERS = [list_secrets, put_secret, delete_secret, rotate_secrets]
