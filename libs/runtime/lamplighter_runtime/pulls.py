"""Reading a durable consumer without polling: a standing pull request whose messages gather until taken."""

import asyncio
import json
import time
from collections import deque
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from lamplighter_contracts.streams import Consumer
from lamplighter_runtime.logs import get_logger

log = get_logger()

EXPIRES_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
SILENCE_SECONDS = 2 * HEARTBEAT_SECONDS + 1
"""A pull that neither delivers nor beats for so long is dead: NATS was restarted, or the connection is half open."""

PORTION_BYTES = 2 << 20
"""The most that one request may bring: the bound of a batch in memory, and in the time that a store takes for it.
No message of the bus is larger."""

RECONNECT_CHECK_SECONDS = 1.0
"""How often, while nothing comes, to look whether the connection is a new one."""

DRAIN_SECONDS = 2.0
"""How long NATS may take to say that nothing more is on its way."""

_HEARTBEAT, _OVER = "100", ("404", "408")
"""Statuses of the server: it is still there; the request has had its number or its time."""
_FULL = ("exceeds maxbytes", "batch completed")
"""Or its bytes, which the server says in words only."""

PAUSE_SECONDS = 0.5
"""Before asking again when the server ended a pull for a reason of its own, such as a change of leader."""


class Pull:
    """One reader of a durable consumer.

    `take(n)` waits for the first message and gives what has gathered, `n` at most. The server is asked for no
    more than `n` at a time, so that a worker never holds what it has no room for.
    """

    def __init__(self, client: Client, consumer: Consumer) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream.name}.{consumer.durable}"
        self._name = consumer.durable
        self._inbox = client.new_inbox()
        self._numbers = count(1)
        self._asked = 0
        self._gathered: deque[Msg] = deque()
        self._woken = asyncio.Event()
        self._refused = False
        self._connections = client.stats["reconnects"]

    async def open(self) -> None:
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._on_message)

    async def close(self) -> None:
        """Stop asking. What was delivered and not taken goes back to the stream at once, also what is on its way."""
        try:
            drained = self._subscription.drain()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(drained, DRAIN_SECONDS)
            for message in self._gathered:
                await message.nak()
        except (NatsError, TimeoutError) as error:
            log.debug("pull.close", consumer=self._name, error=repr(error))

    async def take(self, most: int) -> list[Msg]:
        """At least one message and at most `most`. Raises `ConnectionClosedError` when there will never be any."""
        while True:
            await self._ask(most)
            if self._gathered:
                return [self._gathered.popleft() for _ in range(min(most, len(self._gathered)))]
            await self._wait()

    async def _wait(self) -> None:
        """Until something came, or until what was asked for must be asked for again."""
        self._woken.clear()
        silent_since = time.monotonic()
        while not self._woken.is_set():
            try:
                await asyncio.wait_for(self._woken.wait(), RECONNECT_CHECK_SECONDS)
            except TimeoutError:
                if self._reconnected() or time.monotonic() - silent_since > SILENCE_SECONDS:
                    self._asked = 0
                    return
        if self._refused:
            await asyncio.sleep(PAUSE_SECONDS)

    def _reconnected(self) -> bool:
        """Whether the connection is a new one: requests made over the old one are gone with it."""
        before, self._connections = self._connections, self._client.stats["reconnects"]
        return before != self._connections

    async def _ask(self, most: int) -> None:
        wanted = most - len(self._gathered) - self._asked
        # Asking again for each message would cost a request a message; asking at half keeps the stream flowing.
        if wanted < 1 or wanted * 2 < most:
            return
        self._refused = False
        request = {
            "batch": wanted,
            "max_bytes": PORTION_BYTES,
            "expires": int(EXPIRES_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        try:
            await self._client.publish(
                self._subject, json.dumps(request).encode(), reply=f"{self._inbox}.{next(self._numbers)}"
            )
        except ConnectionClosedError:
            # For good, as after a refused log-in: only a new process gets a new connection.
            raise
        except NatsError:
            # Disconnected: asked again when the silence is noticed.
            self._refused = True
            return
        self._asked += wanted

    async def _on_message(self, message: Msg) -> None:
        headers = message.headers or {}
        status = headers.get("Status")
        if status is None:
            self._gathered.append(message)
            self._asked = max(0, self._asked - 1)
        elif status != _HEARTBEAT:
            self._on_ended(status, headers)
        self._woken.set()

    def _on_ended(self, status: str, headers: dict[str, str]) -> None:
        """A request is over; the server says how much of it was left."""
        left = headers.get("Nats-Pending-Messages")
        self._asked = max(0, self._asked - int(left)) if left is not None else 0
        why = headers.get("Description", "").lower()
        if status not in _OVER and not any(words in why for words in _FULL):
            self._refused = True
            log.warning("pull.ended", consumer=self._name, status=status, why=why)
