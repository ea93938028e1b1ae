"""API tokens: made, listed, narrowed, revoked."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, patch, post

from lamplighter_contracts.requests import RequestMade
from lamplighter_contracts.tokens import Token
from lamplighter_gateway.access.authentication import caller_of, denied
from lamplighter_gateway.access.grants import excess, narrowed, read_request
from lamplighter_gateway.access.lists import SORTS, read_filters
from lamplighter_gateway.access.tokens import mint
from lamplighter_gateway.answers import Wire, token_answer
from lamplighter_gateway.catalog.contents import Write, key_of
from lamplighter_gateway.catalog.requests import Once
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.idempotency import answer_once
from lamplighter_gateway.web.lists import Listing, read_listing, take
from lamplighter_gateway.web.pages import Page, answer_listing
from lamplighter_gateway.web.parameters import Parameters
from lamplighter_gateway.web.preconditions import etag, match_revision, read_if_match
from lamplighter_gateway.web.problems import Problem, not_found
from lamplighter_gateway.web.responses import Answer, answer


@post("/api/v1/tokens")
async def create_token(request: Request[Any, Any, Any]) -> Answer:
    """Make a token: `{name, role, projects?, expires_in_days?}`, allowing no more than you may yourself. The answer is
    the only one that shows it."""
    gateway, caller = gateway_of(request), caller_of(request)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    grant = read_request(body, gateway.now())
    if beyond := excess(grant, caller):
        detail = "A token can allow no more than whoever makes it has."
        raise denied(request, Problem("forbidden", detail, errors=beyond))
    token, text = mint(grant, gateway.now(), gateway.entropy, caller.actor)
    key = key_of(Token, token.token_id)

    async def make(asked: Once | None) -> Answer:
        await gateway.change(key, lambda: [Write(key, token, 0)], caller, asked)
        made = _find(gateway, token.token_id)
        headers = {"Location": f"/api/v1/tokens/{token.token_id}", "ETag": etag(made.revision)}
        return answer({**_answer(gateway, made), "token": text}, 201, headers)

    return await answer_once(request, body, make, _again)


async def _again(made: RequestMade) -> Answer:
    name = ", ".join(made.object_ids)
    detail = (
        f"This key has made the token {name!r}, whose text is shown once: revoke it, and make another one."
    )
    raise Problem("conflict", detail)


@get("/api/v1/tokens")
async def list_tokens(request: Request[Any, Any, Any]) -> Answer:
    """The tokens all of whose projects you reach, the newest last where no other order is asked for: what they allow,
    never what they are."""
    gateway, query = gateway_of(request), Parameters(request.query_params)
    is_wanted, listing = read_filters(query), read_listing(query, SORTS)
    query.check()

    async def turn(at: Listing) -> Page:
        walk = gateway.catalog.walk(Token, at.by.name, at.by.key_of, at.after, backwards=at.backwards)
        found = take(at, walk, is_wanted, lambda token: token.token_id)
        return Page([_answer(gateway, token) for token in found.items], found.next_cursor)

    return await answer_listing(request, listing, turn)


@get("/api/v1/tokens/{token_id:str}")
async def get_token(request: Request[Any, Any, Any], token_id: str) -> Answer:
    """One token: what it allows, and when it was last used, to the minute."""
    gateway = gateway_of(request)
    token = await gateway.current(key_of(Token, token_id), lambda: _find(gateway, token_id))
    return answer(_answer(gateway, token), headers={"ETag": etag(token.revision)})


@patch("/api/v1/tokens/{token_id:str}")
async def change_token(request: Request[Any, Any, Any], token_id: str) -> Answer:
    """Call a token otherwise, or take from it: `{name?, role?, projects?, expires_in_days?}`. It can get no more than
    it has."""
    gateway, key = gateway_of(request), key_of(Token, token_id)
    body = await read_object(request, gateway.settings.body_limit_bytes)
    if_match = read_if_match(request.headers.get("if-match"))

    def change() -> Sequence[Write]:
        token = _find(gateway, token_id)
        match_revision(token_id, if_match, token.revision)
        return [gateway.catalog.following(key, narrowed(token, body, gateway.now()))]

    await gateway.change(key, change, caller_of(request))
    token = _find(gateway, token_id)
    return answer(_answer(gateway, token), headers={"ETag": etag(token.revision)})


@delete("/api/v1/tokens/{token_id:str}")
async def revoke_token(request: Request[Any, Any, Any], token_id: str) -> None:
    """Revoke a token: refused here at once, and by other gateways as soon as they hear of it."""
    gateway, key = gateway_of(request), key_of(Token, token_id)
    if_match = read_if_match(request.headers.get("if-match"))

    def revoke() -> Sequence[Write]:
        match_revision(token_id, if_match, _find(gateway, token_id).revision)
        return [gateway.catalog.following(key, None)]

    await gateway.change(key, revoke, caller_of(request))


def _find(gateway: Gateway, token_id: str) -> Token:
    """One whose projects are all within the caller's reach."""
    token = gateway.catalog.find(Token, token_id)
    if token is None:
        raise not_found("token", token_id)
    return token


def _answer(gateway: Gateway, token: Token) -> Wire:
    return token_answer(token, gateway.presences.use(token.token_id))


HANDLERS = [create_token, list_tokens, get_token, change_token, revoke_token]
