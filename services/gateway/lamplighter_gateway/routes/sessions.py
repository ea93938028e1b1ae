"""The session of a browser: begun with a token, shown to its pages, ended."""

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from lamplighter_contracts.fields import rfc3339
from lamplighter_contracts.problems import from_validation
from lamplighter_gateway.access.authentication import caller_of, log_in, site_of
from lamplighter_gateway.access.callers import Caller
from lamplighter_gateway.access.oidc.jwts import MOST_CHARACTERS
from lamplighter_gateway.access.sessions import PLAIN_NAME, SECURE_NAME
from lamplighter_gateway.answers import Wire
from lamplighter_gateway.gateway import Gateway, gateway_of
from lamplighter_gateway.web.bodies import read_object
from lamplighter_gateway.web.problems import Problem, invalid
from lamplighter_gateway.web.responses import Answer, answer

PATH = "/api/v1/session"


class LogIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_CHARACTERS)]


@post(PATH)
async def begin_session(request: Request[Any, Any, Any]) -> Answer:
    """Log a browser in: `{token}`, an API token or a JWT. The answer sets the cookie, and tells the `csrf_token` that
    a page sends as X-CSRF-Token with all that changes something."""
    gateway = gateway_of(request)
    given = _read(await read_object(request, gateway.settings.body_limit_bytes))
    session, caller, site = await log_in(request, given.token)
    await gateway.audit.done(caller, "session.begin", "sessions", session.session_id)
    cookie = _cookie(gateway.identities.keys.cookie(session), is_secure=site.is_secure)
    return answer(_told(gateway, caller), 201, {"Location": PATH, "Set-Cookie": cookie})


@get(PATH)
async def get_session(request: Request[Any, Any, Any]) -> Answer:
    """Who I am: the actor, its role and projects, and until when."""
    return answer(_told(gateway_of(request), caller_of(request)))


@delete(PATH, status_code=204)
async def end_session(request: Request[Any, Any, Any]) -> Response[None]:
    """Log the browser out. The cookie is good no more, nor is any copy of it."""
    gateway, caller = gateway_of(request), caller_of(request)
    if not caller.session_id or caller.expires_at is None:
        raise Problem("not-found", "You came with a token, which is no session: there is none to end.")
    await gateway.identities.endings.add(caller.session_id, caller.expires_at, caller)
    gone = _cookie("", is_secure=site_of(request).is_secure)
    return Response(None, status_code=204, headers={"Set-Cookie": gone})


def _told(gateway: Gateway, caller: Caller) -> Wire:
    csrf = gateway.identities.keys.csrf_token(caller.session_id) if caller.session_id else None
    return {
        "actor": caller.actor,
        "name": caller.name,
        "role": caller.role.value,
        "projects": list(caller.projects),
        "expires_at": rfc3339(caller.expires_at) if caller.expires_at else None,
        "csrf_token": csrf,
    }


def _cookie(value: str, *, is_secure: bool) -> str:
    """Set until the browser is closed, and no longer than the session; an empty one is taken away."""
    name = SECURE_NAME if is_secure else PLAIN_NAME
    secure, taken = "; Secure" if is_secure else "", "" if value else "; Max-Age=0"
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{taken}"


def _read(body: dict[str, Any]) -> LogIn:
    try:
        return LogIn.model_validate(body)
    except ValidationError as wrong:
        raise invalid(from_validation(wrong)) from wrong


HANDLERS = [begin_session, get_session, end_session]
