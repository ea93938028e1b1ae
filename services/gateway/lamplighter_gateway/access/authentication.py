"""The guard before every route: somebody who is known, of a role that reaches what the route needs."""

from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler

from lamplighter_contracts.tokens import Role
from lamplighter_gateway.access.addresses import client_address
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.sessions import PLAIN_NAME, SECURE_NAME, Session
from lamplighter_gateway.access.table import PUBLIC, STREAMS, methods_of, needed
from lamplighter_gateway.auditing.attempts import attempt_of
from lamplighter_gateway.gateway import Connection, gateway_of
from lamplighter_gateway.web.edge import CLOSING, DENIED
from lamplighter_gateway.web.problems import Problem
from lamplighter_gateway.web.sites import Site, is_own, own_site

SCHEME = "bearer"
CHALLENGE = 'Bearer realm="lamplighter"'
CSRF = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD"})


async def guard(connection: Connection, _: BaseRouteHandler) -> None:
    """Deny by default: only what `access.table.ACCESS` calls public passes without a token.

    A coroutine, because Litestar would send a plain function through a thread.
    """
    scope = connection.scope
    assert scope["type"] == ScopeType.HTTP
    if scope["method"] == "OPTIONS":
        # No other site's page may ask for anything, so there is nothing to tell one beforehand.
        allow = ", ".join(methods_of(scope["path_template"]))
        raise Problem("method-not-allowed", "This route has other methods.", headers={"Allow": allow})
    method, template = scope["method"], scope["path_template"]
    access = needed(method, template)
    if access == PUBLIC:
        return
    if text := _bearer(connection):
        await gateway_of(connection).identities.prepare(text)
    if isinstance(access, Role):
        caller = require(connection, access)
        if f"{method} {template}" in STREAMS:
            _hold_stream(connection, caller)


def require(connection: Connection, role: Role) -> Caller:
    """The caller, noted in the connection's scope for the log.

    Raises `Problem`: unauthenticated, forbidden, cross-site, too-many-requests.
    """
    try:
        return _admitted(connection, role)
    except Problem as problem:
        raise denied(connection, problem) from None


async def log_in(connection: Connection, text: str) -> tuple[Session, Caller, Site]:
    """A session of whoever has this token or JWT, for the site whose page asked for it. Raises as `require`: another
    site's page must not log anybody in, not even as somebody else."""
    try:
        site = _own_page(connection)
        await gateway_of(connection).identities.prepare(text)
        session, caller = _begun(connection, text)
    except Problem as problem:
        raise denied(connection, problem) from None
    return session, caller, site


def denied(connection: Connection, problem: Problem) -> Problem:
    """Whoever is refused for who it is, or for how it asks, is refused through here; `problem` says how."""
    if problem.word != "unavailable" and DENIED not in connection.scope:
        connection.scope[DENIED] = problem.word  # type: ignore[literal-required]
        attempt = attempt_of(connection, problem.detail, address_of(connection))
        gateway_of(connection).audit.denied(attempt)
    return problem


def caller_of(connection: Connection) -> Caller:
    """The caller that the guard let in."""
    caller = connection.scope["auth"]
    assert isinstance(caller, Caller)
    return caller


def address_of(connection: Connection) -> str:
    """Where it came from, by its peer and by the proxies that are trusted."""
    client = connection.scope["client"]
    forwarded = ",".join(connection.headers.getall("x-forwarded-for", []))
    trusted = gateway_of(connection).settings.trusted_proxies
    return client_address(client[0] if client else "", forwarded, trusted)


def site_of(connection: Connection) -> Site:
    """The site of ours that the Host header names."""
    base_url = gateway_of(connection).settings.base_url
    site = own_site(connection.headers.get("host", ""), base_url)
    if site is None:
        detail = f"A browser has to call this gateway by its own name, {base_url} (LAMPLIGHTER_PUBLIC_URL)."
        raise Problem("cross-site", detail)
    return site


def is_good_still(connection: Connection) -> bool:
    """Whether what the caller came in with has been neither revoked nor narrowed, ended nor outlived since."""
    return gateway_of(connection).identities.is_good(caller_of(connection))


def unauthenticated(*, given: bool) -> Problem:
    challenge = f'{CHALLENGE}, error="invalid_token"' if given else CHALLENGE
    detail = (
        "The token is not known, has expired or was revoked."
        if given
        else "Send a token: `Authorization: Bearer lamp_...`."
    )
    return Problem("unauthenticated", detail, headers={"WWW-Authenticate": challenge})


def _admitted(connection: Connection, role: Role) -> Caller:
    caller = _identify(connection)
    connection.scope["auth"] = caller
    gateway_of(connection).limits.request(caller)
    if not caller.role.reaches(role):
        raise Problem(
            "forbidden", f"This needs the role {role.value!r}; your token has {caller.role.value!r}."
        )
    return caller


def _begun(connection: Connection, text: str) -> tuple[Session, Caller]:
    gateway, address = gateway_of(connection), address_of(connection)
    begun = gateway.identities.begin(text, address)
    if begun is None:
        gateway.limits.failure(address)
        raise unauthenticated(given=True)
    connection.scope["auth"] = begun[1]
    gateway.limits.request(begun[1])
    return begun


def _hold_stream(connection: Connection, caller: Caller) -> None:
    """Count it until it is over."""
    try:
        hold = gateway_of(connection).limits.stream(caller)
        connection.scope[CLOSING].enter_context(hold)  # type: ignore[literal-required]
    except Problem as problem:
        raise denied(connection, problem) from None


def _identify(connection: Connection) -> Caller:
    """Who sent it: by the Authorization header (RFC 6750), and where there is none by the cookie of a session.

    Raises `Problem`, alike for all that is wrong with a token.
    """
    if "authorization" not in connection.headers:
        return _by_cookie(connection)
    gateway, address = gateway_of(connection), address_of(connection)
    caller = gateway.identities.of_bearer(_bearer(connection), address)
    if caller is None:
        gateway.limits.failure(address)
        raise unauthenticated(given=True)
    return caller


def _bearer(connection: Connection) -> str:
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == SCHEME else ""


def _by_cookie(connection: Connection) -> Caller:
    if not connection.cookies.keys() & {SECURE_NAME, PLAIN_NAME}:
        raise unauthenticated(given=False)
    gateway, site = gateway_of(connection), site_of(connection)
    cookie = connection.cookies.get(SECURE_NAME if site.is_secure else PLAIN_NAME, "")
    caller = gateway.identities.of_session(cookie, address_of(connection))
    if caller is None:
        raise Problem(
            "unauthenticated", "The session is over: log in again.", headers={"WWW-Authenticate": CHALLENGE}
        )
    if connection.scope["method"] not in SAFE:  # type: ignore[typeddict-item]
        _own_page(connection)
        given = connection.headers.get(CSRF, "")
        if not gateway.identities.keys.is_csrf_token(caller.session_id, given):
            raise Problem("cross-site", "Send the session's `csrf_token` as X-CSRF-Token.")
    return caller


def _own_page(connection: Connection) -> Site:
    site, headers = site_of(connection), connection.headers
    if not is_own(site, headers.get("origin"), headers.get("sec-fetch-site")):
        raise Problem("cross-site", "Only pages of this gateway's own may do this.")
    return site
