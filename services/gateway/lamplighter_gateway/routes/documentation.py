"""The API's document, and the page that shows it. Nothing is fetched from elsewhere."""

import asyncio
import json
from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, Response, get

from lamplighter_gateway.gateway import gateway_of
from lamplighter_gateway.viewer.files import POLICY, files, page, version
from lamplighter_gateway.web.problems import not_found
from lamplighter_gateway.web.responses import Answer

Web = Request[Any, Any, Any]

FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
NOW = {"Cache-Control": "no-cache"}


@get("/docs", sync_to_thread=False)
def get_page(request: Web) -> Answer:
    """The API's document, for people."""
    content = page(gateway_of(request).settings.path).encode()
    return Response(content, media_type="text/html", headers={**NOW, "Content-Security-Policy": POLICY})


@get("/docs/openapi.json")
async def get_document(request: Web) -> Answer:
    """The API's document (OpenAPI 3.1), for programs."""
    content = await asyncio.to_thread(_written, request.app, gateway_of(request).settings.path)
    return Response(content, media_type="application/json", headers=NOW)


@get("/docs/assets/{release:str}/{name:str}", sync_to_thread=False)
def get_asset(release: str, name: str) -> Answer:
    """A file of the page. Its address changes with it, so it may be kept for good."""
    file = files().get(name)
    if file is None or release != version():
        raise not_found("file", f"{release}/{name}")
    return Response(file.content, media_type=file.media_type, headers=FOR_GOOD)


@lru_cache(maxsize=1)
def _written(app: Litestar, path: str) -> bytes:
    # It takes as long as a fifth of a gateway's start: so it is made when somebody asks.
    from lamplighter_gateway.document.making import document

    return json.dumps(document(app, path), separators=(",", ":")).encode()


HANDLERS = [get_page, get_document, get_asset]
