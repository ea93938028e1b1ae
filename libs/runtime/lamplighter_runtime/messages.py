"""A message to be published, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from lamplighter_contracts.streams import MESSAGE_LIMIT

MESSAGE_ID = "Nats-Msg-Id"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"


class MessageTooLarge(ValueError):
    """Body and headers exceed what the bus carries in one message."""


@dataclass(frozen=True, slots=True)
class Message:
    """`expected` is the sequence of the last message on the subject (0: none), for compare-and-set.

    `message_id` makes a repeated publish harmless within the stream's duplicate window.
    """

    subject: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    message_id: str | None = None
    expected: int | None = None
    ttl: timedelta | None = None
    rollup: bool = False

    def wire_headers(self) -> dict[str, str]:
        """All headers as NATS wants them. Raises `MessageTooLarge`."""
        headers = dict(self.headers)
        if self.message_id is not None:
            headers[MESSAGE_ID] = self.message_id
        if self.expected is not None:
            headers[EXPECTED] = str(self.expected)
        if self.ttl is not None:
            headers["Nats-TTL"] = f"{max(1, int(self.ttl.total_seconds()))}s"
        if self.rollup:
            headers["Nats-Rollup"] = "sub"
        size = len(self.body) + sum(len(k) + len(v) + 4 for k, v in headers.items())
        if size > MESSAGE_LIMIT:
            raise MessageTooLarge(
                f"message on {self.subject!r} has {size} bytes, at most {MESSAGE_LIMIT} fit"
            )
        return headers


@dataclass(frozen=True, slots=True)
class Stored:
    """The message is durable at this sequence. `duplicate`: it already was, from an earlier try."""

    sequence: int
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """Compare-and-set lost, or a message of the batch was there before: read the state again and decide anew."""

    detail: str


class BusUnavailable(ConnectionError):
    """NATS did not answer, or could not store. Nothing is known of the message: repeat it with the same id."""
