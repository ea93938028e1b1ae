"""HTTP that asks its guard before each request, and connects to the very address that was checked.

A name is looked up once: who answers first with a public address and then with a private one (DNS rebinding) is
connected to at the public one. TLS and the Host header keep the name.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from functools import cache

import httpcore2
import httpx2

from lamplighter_outbound.errors import TooLarge
from lamplighter_outbound.guard import Guard

_ALIVE: tuple[tuple[int, int, int], ...] = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
)
"""An answer may take hours, and whoever gives it may vanish without a word: that shows after a minute."""


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Raises `NotAllowed` instead of sending. Knows no proxies: a proxy would look the name up itself.

    With `most_bytes` no answer has more, unpacked: whoever reads on gets `TooLarge`.
    """

    def __init__(
        self,
        guard: Guard,
        limits: httpx2.Limits,
        tls: ssl.SSLContext | None = None,
        most_bytes: int | None = None,
    ) -> None:
        tls = tls or default_tls()
        super().__init__(verify=tls, trust_env=False, limits=limits)
        self._guard = guard
        self._most_bytes = most_bytes
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_GuardedBackend(guard),
            socket_options=_ALIVE,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._guard.check(request.url)
        answer = await super().handle_async_request(request)
        return answer if self._most_bytes is None else _bounded(answer, request.url.host, self._most_bytes)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: httpx2.Response, host: str, most_bytes: int) -> None:
        self._answer, self._host, self._most_bytes = answer, host, most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._answer.aiter_bytes():
            read += len(chunk)
            if read > self._most_bytes:
                raise TooLarge(
                    f"The answer of {self._host!r} has more than the {self._most_bytes:,} bytes that are read of it."
                )
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


_OF_THE_PACKED = (b"content-encoding", b"content-length")


def _bounded(answer: httpx2.Response, host: str, most_bytes: int) -> httpx2.Response:
    """The same answer, unpacked as it is read: a few kilobytes can hold gigabytes."""
    return httpx2.Response(
        answer.status_code,
        headers=[(name, value) for name, value in answer.headers.raw if name.lower() not in _OF_THE_PACKED],
        stream=_Body(answer, host, most_bytes),
        extensions=answer.extensions,
    )


@cache
def default_tls() -> ssl.SSLContext:
    """One for all: to read the certificates takes some 20 ms."""
    return httpx2.create_ssl_context()


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sockets = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """To the first of its addresses that answers; each is given its share of the time."""
        ends = None if timeout is None else time.monotonic() + timeout
        left = await self._addresses(host, port, timeout)
        while True:
            address = left.pop(0)
            share = None if ends is None else max(0.0, ends - time.monotonic()) / (len(left) + 1)
            try:
                return await self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not left:
                    raise

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                return await self._guard.addresses(host, port)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"the name {host!r} could not be looked up in time") from error
        except OSError as error:
            raise httpcore2.ConnectError(f"the name {host!r} could not be looked up: {error}") from error

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.UnsupportedProtocol("requests go to hosts, and not to sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
