"""Reading what a request carries: a body no larger than allowed, JSON no deeper than allowed."""

import asyncio
import json
import math
from typing import Any, NoReturn

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from lamplighter_contracts.problems import FieldError
from lamplighter_gateway.problems import Problem, invalid

MOST_DEPTH = 64
PASSED_OVER_BYTES = 4 << 20
"""How much of a body that is too large is read and thrown away: who still sends does not hear the answer."""
BODY_SECONDS = 30.0
"""How long a body may take: a webhook's is read before anybody knows who sends it."""
MOST_KEY = 200
"""Characters of an Idempotency-Key or a delivery id."""


async def read_body(request: Request[Any, Any, Any], limit: int) -> bytes:
    """The raw body. Raises a `Problem` for one that is too large or too slow, and keeps no more than `limit`."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > limit + PASSED_OVER_BYTES:
                    break
                if size <= limit:
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
        raise Problem(
            "body-too-large", f"A body may have {limit} bytes here.", headers={"Connection": "close"}
        )
    return b"".join(parts)


async def read_object(request: Request[Any, Any, Any], limit: int) -> dict[str, Any]:
    """The body as one JSON object; an absent body is an empty one."""
    raw = await read_body(request, limit)
    if not raw.strip():
        return {}
    value = parse_json(raw)
    if not isinstance(value, dict):
        raise invalid([FieldError(field="body", problem="must be a JSON object")])
    return value


def parse_json(raw: bytes) -> Any:
    """A JSON value (RFC 8259, UTF-8). Raises a `Problem` for anything else, whatever the bytes are."""
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_read_float)
        if b"\\u" in raw:
            # An escaped half of a surrogate pair is no character, and could not be written on.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Problem("malformed-json", f"The body is not JSON: {_reason(error)}.") from error
    if raw.count(b"{") + raw.count(b"[") > MOST_DEPTH and _depth_exceeds(value, MOST_DEPTH):
        raise Problem("malformed-json", f"The JSON is nested deeper than {MOST_DEPTH} levels.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _read_float(digits: str) -> float:
    """A number too large for a float would become infinite, and null where it is written on."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _reason(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return f"{error.msg} at line {error.lineno}, column {error.colno}"
        case UnicodeError():
            return "it is not UTF-8 text"
        case RecursionError():
            return "it is nested too deep"
        case _:
            return str(error)


def _depth_exceeds(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    match value:
        case dict():
            return [v for v in value.values() if isinstance(v, dict | list)]
        case list():
            return [v for v in value if isinstance(v, dict | list)]
        case _:
            return []


def read_key(request: Request[Any, Any, Any], header: str) -> str | None:
    """A key that the caller chose for its request, from `header`. Raises a `Problem` for one that is too long."""
    key = (request.headers.get(header) or "").strip()
    if len(key) > MOST_KEY:
        raise invalid([FieldError(field=header, problem=f"must have {MOST_KEY} characters at most")])
    return key or None
