"""A client for requests that somebody else chose the address of."""

import ssl
from collections.abc import Mapping

import httpx2

from lamplighter_outbound.errors import NotAllowed, TooLarge
from lamplighter_outbound.guard import Guard
from lamplighter_outbound.transport import GuardedTransport

MOST_REDIRECTS = 5
_LIMITS = httpx2.Limits(max_connections=20, max_keepalive_connections=5, keepalive_expiry=10)


def guarded_client(
    guard: Guard,
    *,
    timeout: float | httpx2.Timeout,
    headers: Mapping[str, str] | None = None,
    follow_redirects: bool = False,
    limits: httpx2.Limits = _LIMITS,
    tls: ssl.SSLContext | None = None,
    most_bytes: int | None = None,
) -> httpx2.AsyncClient:
    """Its requests raise `NotAllowed` where the guard does. Neither proxies nor passwords are taken from variables
    of this process. `headers` never leave the origin that was asked: a redirect from it to another is refused.
    With `most_bytes` no answer has more, unpacked: for libraries that read to the end, whatever comes."""
    return httpx2.AsyncClient(
        transport=GuardedTransport(guard, limits, tls, most_bytes),
        timeout=timeout,
        headers={"user-agent": "lamplighter", **(headers or {})},
        follow_redirects=follow_redirects,
        max_redirects=MOST_REDIRECTS,
        event_hooks={"response": [_stay] if headers else []},
        trust_env=False,
    )


async def read_limited(response: httpx2.Response, limit: int) -> bytes:
    """The body of a streamed response, decompressed. Raises `TooLarge` as soon as it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise TooLarge(
                f"The answer of {response.url.host!r} has more than the {limit:,} bytes that are read of it."
            )
    return bytes(body)


async def _stay(response: httpx2.Response) -> None:
    target = response.headers.get("location")
    if not response.has_redirect_location or target is None:
        return
    asked, there = response.request.url, response.request.url.join(target)
    if (asked.scheme, asked.host, asked.port) != (there.scheme, there.host, there.port):
        raise NotAllowed(
            f"A redirect from {asked.host!r} to {there.host!r} is not followed, for the request has headers that are "
            f"meant for {asked.host!r}. Ask the new address itself."
        )
