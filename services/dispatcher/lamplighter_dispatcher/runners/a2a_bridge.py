"""The guarded transport as the A2A library wants it, which speaks through httpx and knows its errors."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager

import httpx
import httpx2

from lamplighter_outbound import Guard, GuardedTransport

STREAM_LIMIT = 10 << 20
_LIMITS = httpx2.Limits(max_connections=10)


class Bridge(httpx.AsyncBaseTransport):
    """`headers` go to the host of `own` and to no other: a card may name any."""

    def __init__(self, guard: Guard, own: httpx2.URL, headers: Mapping[str, str]) -> None:
        self._transport = GuardedTransport(guard, _LIMITS, most_bytes=STREAM_LIMIT)
        self._own = own
        self._headers = headers

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with _translated():
            url = httpx2.URL(str(request.url))
            headers = httpx2.Headers(request.headers.raw)
            if (url.scheme, url.host, url.port) == (self._own.scheme, self._own.host, self._own.port):
                headers.update(self._headers)
            asked = httpx2.Request(
                request.method,
                url,
                headers=headers,
                content=await request.aread(),
                extensions=request.extensions,
            )
            answer = await self._transport.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=_Body(answer))

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            assert isinstance(self._response.stream, httpx2.AsyncByteStream)
            async for chunk in self._response.stream:
                yield chunk

    async def aclose(self) -> None:
        await self._response.aclose()


@contextmanager
def _translated() -> Iterator[None]:
    """The error of the same name; its cause is the one that was raised."""
    try:
        yield
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        alike = getattr(httpx, type(error).__name__, httpx.TransportError)
        kind = alike if issubclass(alike, httpx.TransportError) else httpx.TransportError
        raise kind(str(error)) from error
