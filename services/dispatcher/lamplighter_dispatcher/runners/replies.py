"""Reads what an agent behind an address replies: log and progress are told on the way, what is left is its end."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

import httpx2
from pydantic import JsonValue

from lamplighter_contracts.executions import LogStream
from lamplighter_contracts.executors import Log, Progress, Result
from lamplighter_contracts.reasons import Failed
from lamplighter_dispatcher.outcomes import Completed, Ended, Unsuccessful
from lamplighter_dispatcher.runners import answers, reading
from lamplighter_dispatcher.runners.contract import Session
from lamplighter_dispatcher.runners.telling import Teller, ending
from lamplighter_outbound import read_limited

DOCUMENT_LIMIT = 1 << 20
SHORTEST_WAIT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Later:
    """It is at work: ask there, after that time."""

    url: httpx2.URL
    seconds: float


class Replies:
    """Of one piece of work."""

    def __init__(self, session: Session, teller: Teller, poll_seconds: float) -> None:
        self._session = session
        self._teller = teller
        self._poll_seconds = poll_seconds
        self._step: Progress | None = None

    async def read(self, response: httpx2.Response, asked_again: bool) -> Ended | Later:
        """`asked_again`: of work that goes on, so that who says no other address means this one.

        Raises `LimitReached`, and what the connection raises.
        """
        status = response.status_code
        if status in (202, 303):
            return await self._later(response, asked_again)
        if 300 <= status < 400:
            target = self._session.mask(response.headers.get("location", "nowhere"))
            return Unsuccessful(
                Failed.REFUSED, f"{_agent(response)} is at {target!r} now. Give its runner that address."
            )
        if status >= 400:
            return answers.rejection(
                status, response.url.host, await self._start(response), _retry_after(response)
            )
        if reading.streams(response):
            return await self._stream(response)
        return await self._document(response, asked_again)

    async def _later(self, response: httpx2.Response, asked_again: bool) -> Ended | Later:
        document = reading.document(await read_limited(response, DOCUMENT_LIMIT))
        await self._tell_step(document)
        said = answers.of_document(document)
        target = response.headers.get("location") or (
            said.status_url if isinstance(said, answers.Pending) else ""
        )
        if target or asked_again:
            at_once = response.status_code == 303
            return Later(response.url.join(target), 0 if at_once else self._wait(response))
        how = "and does not say where to ask: by Location, or by status_url"
        return Unsuccessful(Failed.AGENT_ERROR, f"{_agent(response)} answered {response.status_code} {how}.")

    async def _stream(self, response: httpx2.Response) -> Ended:
        async for said in reading.events(response):
            match said:
                case Log(text=text, stream=stream):
                    line = text if text.endswith("\n") else f"{text}\n"
                    await self._session.write(LogStream(stream), line.encode(errors="replace"))
                case Progress():
                    await self._teller.progress(said)
                case Result():
                    return await self._end(said)
                case _:
                    assert_never(said)
        return Unsuccessful(Failed.UNAVAILABLE, f"{_agent(response)} ended its answer without a result.")

    async def _document(self, response: httpx2.Response, asked_again: bool) -> Ended | Later:
        kind, body = reading.kind(response), await read_limited(response, DOCUMENT_LIMIT)
        text = self._session.mask(body.decode(errors="replace"))
        if not kind.endswith("json"):
            if not body or kind.startswith("text/"):
                return Completed(text)
            return Unsuccessful(
                Failed.AGENT_ERROR, f"{_agent(response)} answered with {kind!r}, which is not read."
            )
        document = reading.document(body)
        said = None if document is None else answers.of_document(document)
        if isinstance(said, Result):
            return await self._end(said)
        if isinstance(said, answers.Pending) and (said.status_url or asked_again):
            await self._tell_step(document)
            return Later(response.url.join(said.status_url), self._wait(response))
        return Unsuccessful(
            Failed.AGENT_ERROR, f"{_agent(response)} answered what makes no sense: {answers.shown(text)}"
        )

    async def _end(self, result: Result) -> Ended:
        await self._teller.spend(result.usage)
        return ending(result, self._session.mask)

    async def _tell_step(self, document: JsonValue) -> None:
        """Once, however often it is answered."""
        step = answers.step_of(document)
        if step is not None and step != self._step:
            self._step = step
            await self._teller.progress(step)

    async def _start(self, response: httpx2.Response) -> str:
        """As much of a refusal's body as is worth telling."""
        start = b""
        async for chunk in response.aiter_bytes():
            start += chunk
            if len(start) > 4 * answers.BODY_SHOWN:
                break
        return self._session.mask(start.decode(errors="replace"))

    def _wait(self, response: httpx2.Response) -> float:
        asked = _retry_after(response)
        return self._poll_seconds if asked is None else max(SHORTEST_WAIT_SECONDS, asked)


def _retry_after(response: httpx2.Response) -> float | None:
    return answers.retry_after(response.headers, datetime.now(UTC))


def _agent(response: httpx2.Response) -> str:
    return f"The agent at {response.url.host!r}"
