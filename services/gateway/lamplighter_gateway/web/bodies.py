"""Reading what a request carries: a body no larger than allowed, JSON no deeper than allowed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from lamplighter_contracts import payloads
from lamplighter_contracts.payloads import MalformedBody
from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.web.problems import Problem, invalid

MOST_DEPTH = payloads.MOST_DEPTH
PASSED_OVER_BYTES = 4 << 20
"""How much of a body that is too large is read and thrown away: who still sends does not hear the answer."""
BODY_SECONDS = 30.0
"""How long a body may take: a webhook's is read before anybody knows who sends it."""
MOST_DIGITS = 19
MOST_KEY = 200
"""Characters of an Idempotency-Key or a delivery id."""


async def read_body(
    request: Request[Any, Any, Any], limit: int, grow: Callable[[int], None] = lambda size: None
) -> bytes:
    """The raw body. Raises a `Problem` for one that is too large or too slow, and keeps no more than `limit`.

    `grow` is told of each part before it is kept, and may raise one too.
    """
    _check_announced(request, limit)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit + PASSED_OVER_BYTES:
                    break
                if size <= limit:
                    grow(len(part))
                    parts.append(part)
    except RequestEntityTooLarge:
        # Its Content-Length says so: nothing of it was read.
        size = limit + 1
    except TimeoutError as slow:
        detail = f"The body did not arrive within {BODY_SECONDS:g} seconds."
        raise Problem("too-slow", detail, headers={"Connection": "close"}) from slow
    except HTTPException as gone:
        # Who broke off does not hear it; but it is no fault of ours, which the log would tell.
        raise Problem("bad-request", "The body did not arrive whole.") from gone
    if size > limit:
        raise _too_large(limit)
    return b"".join(parts)


def _check_announced(request: Request[Any, Any, Any], limit: int) -> None:
    """Of one that says itself that it is too large nothing is read: it need never come."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:MOST_DIGITS]) > limit + PASSED_OVER_BYTES:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return Problem("body-too-large", f"A body may have {limit} bytes here.", headers={"Connection": "close"})


async def read_object(request: Request[Any, Any, Any], limit: int) -> dict[str, Any]:
    """The body as one JSON object; an absent body is an empty one."""
    raw = await read_body(request, limit)
    if not raw.strip():
        return {}
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise invalid([FieldError(field="body", problem="must be a JSON object")])
    return value


async def read_secret(request: Request[Any, Any, Any], limit: int) -> dict[str, Any]:
    """As `read_object`, of a body that holds a secret: what is wrong with it may be a piece of that."""
    try:
        return await read_object(request, limit)
    except Problem as problem:
        if problem.word != "malformed-json":
            raise
        raise Problem("malformed-json", 'The body is not JSON of the form {"value": "..."}.') from None


def parse_json(raw: bytes) -> Any:
    """A JSON value (RFC 8259, UTF-8). Raises a `Problem` for anything else, whatever the bytes are."""
    try:
        return payloads.parse_json(raw)
    except MalformedBody as malformed:
        raise Problem("malformed-json", str(malformed)) from malformed


def read_key(request: Request[Any, Any, Any], header: str) -> str | None:
    """A key that the caller chose for its request, from `header`. Raises a `Problem` for one that is too long."""
    key = (request.headers.get(header) or "").strip()
    if len(key) > MOST_KEY:
        raise invalid([FieldError(field=header, problem=f"must have {MOST_KEY} characters at most")])
    return key or None


def check_same_id(body: Mapping[str, Any], field: str, object_id: str) -> None:
    """Of a PUT: its body may say the id, which is that of its path. Raises a `Problem`."""
    wrong = [name for name in ("id", field) if body.get(name) not in (None, object_id)]
    if wrong:
        problem = f"must be {object_id!r}, as the path says: an id is never changed"
        raise invalid([FieldError(field=name, problem=problem) for name in wrong])
