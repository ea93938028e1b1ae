"""The document of the bus beneath, for programs that listen there themselves."""

import json
from functools import cache
from importlib.metadata import version

from litestar import Response, get

from lamplighter_contracts.asyncapi import asyncapi
from lamplighter_gateway.web.responses import Answer


@get("/docs/asyncapi.json", sync_to_thread=False)
def get_asyncapi() -> Answer:
    """The AsyncAPI 3.0 document of the bus: every subject, what is on it, who writes and who reads it."""
    return Response(_written(), media_type="application/json")


@cache
def _written() -> bytes:
    return json.dumps(asyncapi(version("lamplighter-gateway")), separators=(",", ":")).encode()


HANDLERS = [get_asyncapi]
