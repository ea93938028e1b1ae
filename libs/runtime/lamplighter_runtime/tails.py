"""An ordered reading of a stream from a sequence on, for one reader alone: a live view, a read model.

The reading survives reconnects and restarts of NATS, and never skips or repeats: it stands on a short-lived
consumer that is made anew after the last message seen, whenever the old one is gone, silent or has a hole.
Messages are asked for in bounded portions, so a slow reader holds back the server and not its own memory.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from lamplighter_runtime.jetstream import obtain
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import BusUnavailable

log = get_logger()

EXPIRES_SECONDS = 30.0
HEARTBEAT_SECONDS = 2.0
SILENCE_SECONDS = 2 * HEARTBEAT_SECONDS + 0.5
"""A portion that neither delivers nor beats for so long is dead: NATS was restarted, or the connection is half open."""

PAUSE_SECONDS = 0.25
"""Before trying again what NATS did not do."""

PORTION_BYTES = 1 << 20
"""The most that one request may bring: the bound of a tail's memory. No message of the bus is larger."""

ABANDONED_SECONDS = 60
"""After so long without a request the server drops the consumer by itself."""

_HEARTBEAT, _SPENT = "100", frozenset({"404", "408"})
_SPENT_WHY = ("exceeds maxbytes", "batch completed")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a stream. `behind` is how many of the reading came after it when it was sent."""

    subject: str
    sequence: int
    headers: dict[str, str]
    body: bytes
    behind: int
    stored_at: datetime
    """By the server's clock."""


class Tail:
    """Reads `filters` of `stream`: all messages after the sequence `after`, or (None) the last one on each
    subject first and then all that follow.

    `open`, then `take` again and again, then `close`.
    """

    def __init__(
        self,
        client: Client,
        stream: str,
        filters: Sequence[str],
        *,
        after: int | None = None,
        most: int = 256,
    ) -> None:
        self._client = client
        self._stream = stream
        self._filters = list(filters)
        self._seen = after
        self._most = most
        self._inbox = client.new_inbox()
        self._consumer = ""
        self._delivered = 0
        self._standing = 0
        self._intact = False
        self._gathered: deque[Entry] = deque()
        self._woken = asyncio.Event()
        self.behind = 0
        """How many messages were still to come after the last one taken."""
        self.first_sequence = 0
        self.last_sequence = 0
        """The first and last sequence that the whole stream had when the reading was (last) begun."""
        self.heard_at = 0.0
        """By the loop's clock: when the server last sent something of this reading, or said that it has all."""

    async def open(self) -> None:
        """Raises `BusUnavailable`, also where there is no such stream."""
        try:
            self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._on_message)
        except NatsError as error:
            raise BusUnavailable(f"NATS did not begin to read {self._stream}: {error!r}") from error
        await self._begin()

    async def close(self) -> None:
        try:
            await self._subscription.unsubscribe()
            await self._drop()
        except NatsError as error:
            log.debug("tail.close", stream=self._stream, error=repr(error))

    async def take(self) -> list[Entry]:
        """At least one message, in order. Waits for it as long as it takes, outages of NATS included."""
        while not self._gathered:
            if not self._intact:
                await self._begin_again()
            self._woken.clear()
            await self._ask()
            try:
                await asyncio.wait_for(self._woken.wait(), SILENCE_SECONDS)
            except TimeoutError:
                self._intact = False
        taken = list(self._gathered)
        self._gathered.clear()
        self.behind = taken[-1].behind
        return taken

    async def _begin_again(self) -> None:
        while True:
            try:
                await self._drop()
                await self._begin()
            except (BusUnavailable, NatsError) as error:
                if self._client.is_closed:
                    # For good, as after a refused log-in: only a new process gets a new connection.
                    raise
                log.debug("tail.waits", stream=self._stream, error=repr(error))
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                log.info("tail.resumed", stream=self._stream, after=self._seen)
                return

    async def _begin(self) -> None:
        self._consumer = f"tail-{uuid4().hex}"
        state = (await obtain(self._client, f"STREAM.INFO.{self._stream}"))["state"]
        self.first_sequence, self.last_sequence = int(state["first_seq"]), int(state["last_seq"])
        path = f"CONSUMER.CREATE.{self._stream}.{self._consumer}"
        made = await obtain(self._client, path, {"stream_name": self._stream, "config": self._config()})
        self._delivered = self._standing = 0
        self._intact = True
        self._heard()
        self.behind = int(made["num_pending"])

    def _config(self) -> dict[str, Any]:
        """The server's own words for the consumer (the JetStream API's ConsumerConfig)."""
        return {
            "name": self._consumer,
            "filter_subjects": self._filters,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": ABANDONED_SECONDS * 1_000_000_000,
            **self._start(),
        }

    def _start(self) -> dict[str, Any]:
        if self._seen is None:
            return {"deliver_policy": "last_per_subject"}
        # An asynchronous stream may have lost its last moments, and gives their sequences away once more.
        return {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": min(self._seen, self.last_sequence) + 1,
        }

    async def _ask(self) -> None:
        """One portion at a time: the next is asked for when the last one has been taken."""
        if self._standing:
            return
        request = {
            "batch": self._most,
            "max_bytes": PORTION_BYTES,
            "expires": int(EXPIRES_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        path = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        try:
            await self._client.publish(path, json.dumps(request).encode(), reply=self._reply())
        except NatsError:
            self._intact = False
            self._woken.set()
            await asyncio.sleep(PAUSE_SECONDS)
            return
        self._standing = self._most

    async def _on_message(self, message: Msg) -> None:
        headers = message.headers or {}
        status = headers.get("Status")
        if status is None:
            self._on_entry(message, headers)
        elif message.subject != self._reply():
            return
        elif status == _HEARTBEAT:
            self._intact = self._intact and self._agrees(headers)
            self._heard()
        else:
            self._on_ended(status, headers)
        self._woken.set()

    def _on_entry(self, message: Msg, headers: dict[str, str]) -> None:
        at = message.metadata
        if at.consumer != self._consumer or not self._intact:
            return
        if at.sequence.consumer != self._delivered + 1:
            self._intact = False
            return
        self._delivered += 1
        self._standing -= 1
        self._seen = at.sequence.stream
        self._gathered.append(
            Entry(message.subject, self._seen, headers, message.data, at.num_pending, at.timestamp)
        )
        self._heard()

    def _heard(self) -> None:
        if self._intact:
            self.heard_at = asyncio.get_running_loop().time()

    def _agrees(self, headers: dict[str, str]) -> bool:
        """A heartbeat says how many messages were sent: fewer arrived means that one was lost on the way."""
        sent = headers.get("Nats-Last-Consumer")
        return sent is None or int(sent) <= self._delivered

    def _on_ended(self, status: str, headers: dict[str, str]) -> None:
        """The standing request is over: spent, or its consumer is no more."""
        why = headers.get("Description", "").lower()
        self._standing = 0
        if status not in _SPENT and not any(words in why for words in _SPENT_WHY):
            self._intact = False

    def _reply(self) -> str:
        """What is still said of a consumer before this one comes to another address."""
        return f"{self._inbox}.{self._consumer}"

    async def _drop(self) -> None:
        """Nobody waits for the answer: an abandoned consumer goes by itself."""
        if self._consumer:
            await self._client.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._consumer}")
