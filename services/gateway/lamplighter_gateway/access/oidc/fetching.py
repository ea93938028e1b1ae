"""The issuer's documents, over HTTP: bounded in size and in time, and from nowhere that it was not asked to be from."""

import asyncio
import json

import httpx2

from lamplighter_gateway.access.oidc.keys import BadKeys, KeySet, read_keys
from lamplighter_gateway.access.oidc.settings import OidcSettings, is_loopback, is_safe
from lamplighter_outbound import TooLarge, read_limited

SECONDS = 5.0
MOST_BYTES = 512 * 1024
DISCOVERY = "/.well-known/openid-configuration"
"""OpenID Connect Discovery 1.0, section 4."""


class CannotFetch(Exception):
    """The issuer did not say which keys it has. The message says why, for the log."""


async def fetch_keys(settings: OidcSettings) -> KeySet:
    """Raises `CannotFetch`."""
    try:
        async with asyncio.timeout(SECONDS):
            return read_keys(await _get(settings.jwks_url or await _discover(settings.issuer)))
    except TimeoutError as slow:
        raise CannotFetch(f"it took longer than {SECONDS:g} seconds") from slow
    except (httpx2.HTTPError, httpx2.InvalidURL, TooLarge, BadKeys, OSError) as wrong:
        raise CannotFetch(str(wrong) or repr(wrong)) from wrong


async def _discover(issuer: str) -> str:
    """Where the issuer publishes its keys. What speaks for another issuer is not believed (section 4.3)."""
    try:
        told = json.loads(await _get(issuer.rstrip("/") + DISCOVERY))
    except (ValueError, RecursionError) as wrong:
        raise CannotFetch("its discovery document is not JSON") from wrong
    if not isinstance(told, dict) or told.get("issuer") != issuer:
        raise CannotFetch("its discovery document is that of another issuer")
    url = told.get("jwks_uri")
    if not isinstance(url, str) or not is_safe(url) or (_is_local(url) and not _is_local(issuer)):
        raise CannotFetch("its discovery document has no jwks_uri that can be believed")
    return url


async def _get(url: str) -> bytes:
    # A server on this machine is never asked through a proxy.
    client = httpx2.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=not _is_local(url))
    async with client, client.stream("GET", url, headers={"accept": "application/json"}) as response:
        if response.status_code != httpx2.codes.OK:
            raise CannotFetch(f"{httpx2.URL(url).host!r} answered {response.status_code}")
        return await read_limited(response, MOST_BYTES)


def _is_local(url: str) -> bool:
    return is_loopback(httpx2.URL(url).host)
