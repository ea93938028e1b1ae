"""The content of an answer: a document, or what comes bit by bit, as an event stream or as JSON a line. Bounded."""

import json
from collections.abc import AsyncIterator

import httpx2
from pydantic import JsonValue

from lamplighter_contracts.executors import Log, Progress, Result
from lamplighter_dispatcher.runners.answers import of_event
from lamplighter_outbound import TooLarge

MIB = 1 << 20
EVENT_LIMIT = 1 * MIB
STREAM_LIMIT = 10 * MIB

EVENT_STREAM = "text/event-stream"
LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)


def kind(response: httpx2.Response) -> str:
    """Its media type, without parameters."""
    said: str = response.headers.get("content-type", "")
    return said.partition(";")[0].strip().lower()


def streams(response: httpx2.Response) -> bool:
    return kind(response) in (EVENT_STREAM, *LINES)


def document(body: bytes) -> JsonValue:
    """None where it is no JSON."""
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


async def events(response: httpx2.Response) -> AsyncIterator[Progress | Log | Result]:
    """Raises `TooLarge`, `SSEError`, and what the connection raises."""
    taken = 0
    async for name, data in _event_stream(response) if kind(response) == EVENT_STREAM else _lines(response):
        taken += len(data)
        if taken > STREAM_LIMIT:
            raise TooLarge(
                f"The answer of {response.url.host!r} has more than the {STREAM_LIMIT:,} bytes that are read."
            )
        if data.strip() and data != "[DONE]":
            yield of_event(name, data)


async def _event_stream(response: httpx2.Response) -> AsyncIterator[tuple[str, str]]:
    async for event in httpx2.EventSource(response, max_event_size=EVENT_LIMIT):
        yield event.event, event.data


async def _lines(response: httpx2.Response) -> AsyncIterator[tuple[str, str]]:
    held = b""
    async for chunk in response.aiter_bytes():
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            yield "", line.decode(errors="replace")
        if len(held) > EVENT_LIMIT:
            raise TooLarge(
                f"A line of the answer of {response.url.host!r} has more than {EVENT_LIMIT:,} bytes."
            )
    yield "", held.decode(errors="replace")
