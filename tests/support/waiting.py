"""Waiting for something to become true, with a deadline: what a test does instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nats.aio.client import Client

T = TypeVar("T")

SECONDS = 15.0
_BETWEEN = 0.02


async def until(ask: Callable[[], Awaitable[T | None]], *, seconds: float = SECONDS, what: str = "it") -> T:
    """The first truthy answer of `ask`. Fails the test, naming the last answer, when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await ask()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds:g} s; last answer: {answer!r}")
        await asyncio.sleep(_BETWEEN)


async def heard(client: Client) -> None:
    """What was sent on `client` until now, subscriptions above all, is known to the server."""
    for _ in range(2):
        # The client writes the ping of a flush before what is still pending: only the second one follows it.
        await client.flush()
