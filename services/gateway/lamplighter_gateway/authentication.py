"""The guard before every route: a genuine token, of a role that reaches what the route needs."""

from datetime import datetime

from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from lamplighter_contracts.tokens import Role, Token
from lamplighter_gateway.access import Caller, needed
from lamplighter_gateway.catalog import Catalog
from lamplighter_gateway.gateway import Connection, gateway_of
from lamplighter_gateway.problems import Problem
from lamplighter_gateway.tokens import has_expired, is_genuine, token_id_of

SCHEME = "bearer"
CHALLENGE = 'Bearer realm="lamplighter"'


async def guard(connection: Connection, _: BaseRouteHandler) -> None:
    """Deny by default: only what `access.ACCESS` calls public passes without a token.

    A coroutine, because Litestar would send a plain function through a thread.
    """
    scope = connection.scope
    assert scope["type"] == ScopeType.HTTP
    access = needed(scope["method"], scope["path_template"])
    if isinstance(access, Role):
        require(connection, access)


def require(connection: Connection, role: Role) -> Caller:
    """The caller, noted in the connection's scope for the log. Raises `Problem`: unauthenticated, forbidden."""
    gateway = gateway_of(connection)
    caller = identify(connection.headers.get("authorization"), gateway.catalog, gateway.now())
    connection.scope["auth"] = caller
    if not caller.role.reaches(role):
        raise Problem(
            "forbidden", f"This needs the role {role.value!r}; your token has {caller.role.value!r}."
        )
    return caller


def caller_of(connection: Connection) -> Caller:
    """The caller that the guard let in."""
    caller = connection.scope["auth"]
    assert isinstance(caller, Caller)
    return caller


def is_good_still(connection: Connection) -> bool:
    """Whether the token that the caller came in with has been neither revoked nor outlived since."""
    gateway = gateway_of(connection)
    token = gateway.catalog.find(Token, caller_of(connection).token_id)
    return token is not None and not has_expired(token, gateway.now())


def identify(authorization: str | None, catalog: Catalog, now: datetime) -> Caller:
    """Whose token an Authorization header carries (RFC 6750). Raises `Problem`, alike for all that is wrong."""
    scheme, _, text = (authorization or "").partition(" ")
    text = text.strip()
    token_id = token_id_of(text) if scheme.lower() == SCHEME else None
    token = catalog.find(Token, token_id) if token_id else None
    if not is_genuine(token, text, now) or token is None:
        raise unauthenticated(given=bool(authorization))
    return Caller(token.token_id, token.name, token.role)


def unauthenticated(*, given: bool) -> Problem:
    challenge = f'{CHALLENGE}, error="invalid_token"' if given else CHALLENGE
    detail = (
        "The token is not known, has expired or was revoked."
        if given
        else "Send a token: `Authorization: Bearer lamp_...`."
    )
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})
