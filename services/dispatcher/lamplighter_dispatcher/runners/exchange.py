"""One piece of work at an agent behind an address: asked once, and followed to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
from pydantic import JsonValue

from lamplighter_contracts import runners
from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Ended, Unsuccessful
from lamplighter_dispatcher.runners.contract import LimitReached, Session, Work
from lamplighter_dispatcher.runners.keys import work_key
from lamplighter_dispatcher.runners.replies import Later, Replies
from lamplighter_dispatcher.runners.telling import Teller
from lamplighter_outbound import NotAllowed, TooLarge

ASK_SECONDS = 30
MOST_FAILURES = 5
"""How often in a row its state may be asked for in vain."""

_REFUSED = (NotAllowed, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
_NONSENSE = (TooLarge, httpx2.SSEError, httpx2.DecodingError)
_GONE = (404, 405, 410)


class Exchange:
    def __init__(
        self,
        client: httpx2.AsyncClient,
        specification: runners.HttpRunner,
        headers: Mapping[str, str],
        work: Work,
        session: Session,
    ) -> None:
        """`headers` are for the agent's own address, and have secrets."""
        self._client = client
        self._specification = specification
        self._headers = headers
        self._work = work
        self._session = session
        self._teller = Teller(session)
        self._replies = Replies(session, self._teller, specification.poll_seconds)
        self._where: httpx2.URL | None = None
        """At which address its work is, while nobody knows that it is over."""

    async def go(self) -> Ended:
        """Whatever happens is an end. Cancelled, it closes its connection."""
        try:
            return await self._follow(await self._ask())
        except LimitReached as reached:
            return reached.unsuccessful()
        except httpx2.InvalidURL as invalid:
            return Unsuccessful(
                Failed.REFUSED, f"An address of the agent is none: {self._session.mask(str(invalid))}."
            )
        except httpx2.RequestError as error:
            return self._failed(error)
        finally:
            await self._teller.close()

    async def cancel(self, seconds: float) -> None:
        """Tell the agent to stop, where it said at which address its work is, and it may still be at it."""
        if self._where is None:
            return
        problem = ""
        try:
            async with asyncio.timeout(seconds), self._request("DELETE", self._where) as response:
                if response.status_code >= 400 and response.status_code not in _GONE:
                    problem = f"it answered {response.status_code}"
        except (httpx2.RequestError, TimeoutError) as error:
            problem = self._session.mask(str(error)) or "it did not answer in time"
        if problem:
            await self._session.write(
                LogStream.SYSTEM, f"The agent could not be told to stop: {problem}\n".encode()
            )

    async def _ask(self) -> Ended | Later:
        body = json.dumps(self._body(), ensure_ascii=False).encode(errors="replace")
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream, application/x-ndjson, application/json, text/plain",
            "idempotency-key": work_key(self._work),
        }
        url, given = httpx2.URL(self._specification.url), _merged(self._headers, headers)
        async with self._client.stream("POST", url, content=body, headers=given) as response:
            answer = await self._replies.read(response, asked_again=False)
            if isinstance(answer, Later):
                # Before the connection is given back, which is a moment in which a stop may come.
                self._where = answer.url
            return answer

    async def _follow(self, answer: Ended | Later) -> Ended:
        failures = 0
        while isinstance(answer, Later):
            self._where = answer.url
            await asyncio.sleep(answer.seconds)
            found = await self._look(answer.url)
            failures = failures + 1 if _is_unavailable(found) else 0
            if isinstance(found, Unsuccessful) and 0 < failures < MOST_FAILURES:
                found = Later(answer.url, found.retry_after_seconds or self._specification.poll_seconds)
            answer = found
        if not _is_unavailable(answer):
            self._where = None
        return answer

    async def _look(self, url: httpx2.URL) -> Ended | Later:
        try:
            async with self._request("GET", url) as response:
                return await self._replies.read(response, asked_again=True)
        except httpx2.RequestError as error:
            return self._failed(error)

    @asynccontextmanager
    async def _request(self, method: str, url: httpx2.URL) -> AsyncIterator[httpx2.Response]:
        """To an address that the agent named. What is for its own host goes to no other."""
        own = httpx2.URL(self._specification.url)
        is_own = (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port)
        headers = _merged(self._headers if is_own else {}, {"accept": "application/json, text/plain"})
        async with self._client.stream(method, url, headers=headers, timeout=ASK_SECONDS) as response:
            yield response

    def _failed(self, error: httpx2.RequestError) -> Unsuccessful:
        said = self._session.mask(str(error))
        if isinstance(error, _REFUSED):
            return Unsuccessful(Failed.REFUSED, said)
        if isinstance(error, _NONSENSE):
            return Unsuccessful(Failed.AGENT_ERROR, said)
        detail = f"The agent at {error.request.url.host!r} could not be reached, or broke off"
        return Unsuccessful(Failed.UNAVAILABLE, f"{detail}: {said or type(error).__name__}.")

    def _body(self) -> dict[str, JsonValue]:
        """Without secrets: they go in headers, where the runner says so."""
        work, mask = self._work, self._session.mask
        return {
            "execution_id": work.execution_id,
            "job_id": work.job_id,
            "attempt": work.attempt,
            "prompt": work.prompt,
            "payload": work.payload,
            "variables": {name: value for name, value in work.variables.items() if mask(value) == value},
            "done": list(work.done),
            "timeout_seconds": work.seconds,
        }


def _merged(given: Mapping[str, str], own: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Ours outweigh those that were given. As bytes, since a value need not be ASCII."""
    merged = {name.lower(): value for name, value in given.items()} | dict(own)
    return [(name.encode(), value.encode()) for name, value in merged.items()]


def _is_unavailable(ended: Ended | Later) -> bool:
    return isinstance(ended, Unsuccessful) and ended.reason == Failed.UNAVAILABLE
