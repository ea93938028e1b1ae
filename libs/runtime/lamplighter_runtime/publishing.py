"""Publishing durably: one message, an atomic batch, or many callers' messages in shared batches."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.errors import Error as NatsError

from lamplighter_contracts.streams import stream_of
from lamplighter_runtime.latest import last_message
from lamplighter_runtime.logs import get_logger
from lamplighter_runtime.messages import (
    MESSAGE_ID,
    BusUnavailable,
    Conflict,
    Message,
    MessageTooLarge,
    Stored,
)
from lamplighter_runtime.metrics import CONFLICTS

log = get_logger()

Reply = dict[str, Any]

TIMEOUT_SECONDS = 3.0
TRIES = 3
BATCH_LIMIT = 1_000
"""The most messages the server takes in one atomic batch."""

_WRONG_SEQUENCE, _WRONG_SEQUENCE_CONSTANT, _DUPLICATE_IN_BATCH = 10071, 10164, 10201
_CONFLICTS = frozenset({_WRONG_SEQUENCE, _WRONG_SEQUENCE_CONSTANT, _DUPLICATE_IN_BATCH})


async def publish(client: Client, message: Message) -> Stored | Conflict:
    """Store one message. A publish that times out may have happened: it is repeated with the same id.

    A lost compare-and-set whose winner carries this message's own id was won by an earlier try: `Stored`.
    Raises `BusUnavailable` when no try was answered, `MessageTooLarge` before anything is sent.
    """
    headers = message.wire_headers()
    verdict = await _insist(client, message, lambda: _request(client, message.subject, message.body, headers))
    if isinstance(verdict, Conflict) and message.message_id is not None:
        winner = await last_message(client, stream_of(message.subject).name, message.subject)
        if winner is not None and winner.headers.get(MESSAGE_ID) == message.message_id:
            return Stored(winner.sequence, duplicate=True)
    return verdict


async def commit(client: Client, messages: Sequence[Message]) -> Stored | Conflict:
    """Store all messages or none, in order, in one stream. `Stored` carries the last one's sequence.

    At most `BATCH_LIMIT` messages. A try that was not answered may have happened; its repeat then ends in
    `Conflict`, and the caller, reading the state again, finds its own work done.
    """
    if len(messages) == 1:
        return await publish(client, messages[0])
    prepared = [(m.subject, m.body, m.wire_headers()) for m in messages]
    return await _insist(client, messages[-1], lambda: _send_batch(client, prepared))


async def _insist(
    client: Client, message: Message, attempt: Callable[[], Awaitable[Reply]]
) -> Stored | Conflict:
    for tried in range(1, TRIES + 1):
        try:
            reply = await attempt()
        except (NatsError, TimeoutError, ConnectionError) as error:
            if tried == TRIES or client.is_closed:
                raise BusUnavailable(
                    f"NATS did not confirm a message on {message.subject!r}: {error!r}"
                ) from error
            await asyncio.sleep(0.1 * tried)
            continue
        return _verdict(message, reply)
    raise AssertionError("unreachable")


def _verdict(message: Message, reply: Reply) -> Stored | Conflict:
    error = reply.get("error")
    if error is None:
        return Stored(int(reply["seq"]), bool(reply.get("duplicate", False)))
    detail = str(error.get("description"))
    if error.get("err_code") in _CONFLICTS or "duplicate" in detail:
        CONFLICTS.labels(message.subject.split(".", 1)[0]).inc()
        return Conflict(detail)
    raise BusUnavailable(f"NATS refused a message on {message.subject!r}: {detail}")


async def _request(client: Client, subject: str, body: bytes, headers: dict[str, str]) -> Reply:
    answer = await client.request(subject, body, timeout=TIMEOUT_SECONDS, headers=headers)
    reply: Reply = json.loads(answer.data)
    return reply


async def _send_batch(client: Client, prepared: list[tuple[str, bytes, dict[str, str]]]) -> Reply:
    """One round trip: all but the last message are plain publishes; the server answers the commit."""
    batch_id, numbers = uuid4().hex, count(1)
    for subject, body, headers in prepared[:-1]:
        marked = {**headers, "Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(next(numbers))}
        await client.publish(subject, body, headers=marked)
    subject, body, headers = prepared[-1]
    marked = {**headers, "Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(next(numbers))}
    return await _request(client, subject, body, {**marked, "Nats-Batch-Commit": "1"})


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Messages of one caller, which are stored together or not at all."""

    messages: tuple[Message, ...]
    verdict: asyncio.Future[Stored | Conflict]

    @property
    def size(self) -> int:
        return sum(len(message.body) for message in self.messages)

    def settle(self, value: Stored | Conflict) -> None:
        if not self.verdict.done():
            self.verdict.set_result(value)

    def fail(self, error: Exception) -> None:
        if not self.verdict.done():
            self.verdict.set_exception(error)


class GroupPublisher:
    """Stores what many concurrent callers hand in, a message or several that belong together, in shared batches: one
    fsync for all of them.

    What comes alone goes at once; what arrives while a batch is under way forms the next one. A batch in which
    something conflicts is halved until that stands alone: each caller gets its own verdict.
    """

    MOST_BYTES = 8 << 20
    """In one batch: the server holds it in memory until its last message is there."""
    SINGLY = 4
    """Up to so many, separate messages are faster than a batch (0.5 ms each against 3 ms, measured)."""

    def __init__(self, client: Client, limit: int = 500) -> None:
        self._client = client
        self._limit = limit
        self._waiting: deque[_Waiting] = deque()
        self._loop: asyncio.Task[None] | None = None

    async def publish(self, message: Message) -> Stored | Conflict:
        """As `publish` of this module. Messages of one group go to one stream: use a publisher a stream."""
        return await self.commit([message])

    async def commit(self, messages: Sequence[Message]) -> Stored | Conflict:
        """As `commit` of this module: all of them or none. `Stored` carries the last one's sequence."""
        waiting = _Waiting(tuple(messages), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._drain())
        return await waiting.verdict

    async def _drain(self) -> None:
        while self._waiting:
            await self._store(self._next_group())

    def _next_group(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        count, size = len(group[0].messages), group[0].size
        while self._waiting:
            count += len(self._waiting[0].messages)
            size += self._waiting[0].size
            if count > self._limit or size > self.MOST_BYTES:
                break
            group.append(self._waiting.popleft())
        return group

    async def _store(self, group: list[_Waiting]) -> None:
        if self._is_better_apart(group):
            await asyncio.gather(*(self._store_one(waiting) for waiting in group))
            return
        try:
            last = await commit(self._client, [message for waiting in group for message in waiting.messages])
        except MessageTooLarge:
            log.debug("group.too_large", callers=len(group))
        except Exception as failure:  # noqa: BLE001 - whatever went wrong, somebody waits for each verdict
            for waiting in group:
                waiting.fail(failure)
            return
        else:
            if isinstance(last, Stored):
                _settle(group, last)
                return
        middle = len(group) // 2
        await asyncio.gather(self._store(group[:middle]), self._store(group[middle:]))

    def _is_better_apart(self, group: list[_Waiting]) -> bool:
        single = all(len(waiting.messages) == 1 for waiting in group)
        return len(group) == 1 or (single and len(group) <= self.SINGLY)

    async def _store_one(self, waiting: _Waiting) -> None:
        try:
            waiting.settle(await commit(self._client, waiting.messages))
        except Exception as failure:  # noqa: BLE001
            waiting.fail(failure)


def _settle(group: Sequence[_Waiting], last: Stored) -> None:
    """The messages of a batch have the sequences up to that of the last one."""
    sequence = last.sequence
    for waiting in reversed(group):
        waiting.settle(Stored(sequence))
        sequence -= len(waiting.messages)
