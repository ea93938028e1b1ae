"""The last message on each of many subjects, in one round trip; and which subjects there are, page by page."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from lamplighter_contracts.fields import rfc3339
from lamplighter_runtime.jetstream import TIMEOUT_SECONDS, ask, obtain
from lamplighter_runtime.messages import BusUnavailable

AT_ONCE = 500
"""Subjects in one request; the server answers 1,024 at most."""

_NO_MESSAGE = 10037

ANSWER_BYTES = 16 << 20
"""The most in one answer. The server has a bound of its own, stops there, and says how many are left."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last message on a subject: its sequence is what a compare-and-set expects."""

    subject: str
    sequence: int
    headers: dict[str, str]
    body: bytes

    @property
    def stored_at(self) -> datetime:
        """When the server stored it, by the server's clock."""
        return datetime.fromisoformat(self.headers["Nats-Time-Stamp"])


async def last_messages(
    client: Client, stream: str, subjects: Sequence[str], *, up_to: int | None = None
) -> dict[str, Last]:
    """By subject, for those that have one; as they were when the stream's last sequence was `up_to`, where that is
    given. Raises `BusUnavailable`."""
    found: dict[str, Last] = {}
    for start in range(0, len(subjects), AT_ONCE):
        left = subjects[start : start + AT_ONCE]
        while left:
            answer, pending = await _ask(client, stream, left, up_to)
            found |= {last.subject: last for last in answer}
            # What did not fit into the answer is no subject without a message.
            left = [subject for subject in left if subject not in found] if pending else []
    return found


async def some_messages(
    client: Client, stream: str, subjects: Sequence[str], most_bytes: int
) -> dict[str, Last]:
    """As `last_messages`, of `AT_ONCE` subjects at most: what fits into `most_bytes`, in the order of the stream."""
    request = {"multi_last": list(subjects), "batch": len(subjects), "max_bytes": most_bytes}
    found, _ = await _get(client, stream, request)
    return {last.subject: last for last in found}


async def last_message(client: Client, stream: str, subject: str) -> Last | None:
    return (await last_messages(client, stream, [subject])).get(subject)


async def last_matching(client: Client, stream: str, patterns: Sequence[str], most: int) -> list[Last]:
    """The last message on each subject that matches, `most` at most (and never more than 1,024 subjects).

    Raises `BusUnavailable`.
    """
    request = {"multi_last": list(patterns), "batch": most, "max_bytes": ANSWER_BYTES}
    return (await _get(client, stream, request))[0]


async def newest(client: Client, stream: str, pattern: str) -> int:
    """The sequence of the newest message on any subject that matches, 0 where there is none.

    The stream's leader is asked, not any replica: what was acknowledged before this is seen by it. Raises
    `BusUnavailable`.
    """
    answer = await ask(client, f"STREAM.MSG.GET.{stream}", {"last_by_subj": pattern})
    if "error" not in answer:
        return int(answer["message"]["seq"])
    if answer["error"].get("err_code") != _NO_MESSAGE:
        raise BusUnavailable(f"NATS could not read {stream}: {answer['error'].get('description')}")
    return 0


async def messages_since(
    client: Client, stream: str, pattern: str, since: datetime, most: int, most_bytes: int
) -> list[Last]:
    """The first messages on subjects that match, of those stored at or after `since`. Raises `BusUnavailable`."""
    request = {
        "next_by_subj": pattern,
        "start_time": rfc3339(since),
        "batch": most,
        "max_bytes": most_bytes,
    }
    return (await _get(client, stream, request))[0]


async def _ask(
    client: Client, stream: str, subjects: Sequence[str], up_to: int | None
) -> tuple[list[Last], int]:
    request = {"multi_last": list(subjects), "batch": len(subjects), "max_bytes": ANSWER_BYTES}
    bound = {} if up_to is None else {"up_to_seq": up_to}
    return await _get(client, stream, {**request, **bound})


async def _get(client: Client, stream: str, request: dict[str, Any]) -> tuple[list[Last], int]:
    """The answer, and how many messages there are that did not fit into it."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    try:
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), reply=inbox)
        return await _collect(answers)
    except (TimeoutError, NatsError, ConnectionError) as error:
        raise BusUnavailable(f"NATS did not answer for the state in {stream}: {error!r}") from error
    finally:
        await _quietly_unsubscribe(answers)


async def _collect(answers: Subscription) -> tuple[list[Last], int]:
    found: list[Last] = []
    while True:
        answer = await answers.next_msg(timeout=TIMEOUT_SECONDS)
        headers = answer.headers or {}
        match headers.get("Status"):
            case None:
                found.append(_last(answer, headers))
            case "204" | "404":
                return found, int(headers.get("Nats-Num-Pending", 0))
            case status:
                raise BusUnavailable(f"NATS could not read the state: {status} {headers.get('Description')}")


def _last(answer: Msg, headers: dict[str, str]) -> Last:
    return Last(headers["Nats-Subject"], int(headers["Nats-Sequence"]), headers, answer.data)


async def subject_pages(
    client: Client, stream: str, pattern: str, size: int = AT_ONCE
) -> AsyncIterator[list[str]]:
    """The subjects that match and have a message, `size` at most at a time. Raises `BusUnavailable`.

    A subject written meanwhile may come twice. Bodies are not read: ask for the last messages of a page.
    """
    # A multi-get of a wildcard answers for 1,024 subjects at most, so a consumer of this walk's own goes from
    # subject to subject.
    name = f"walk-{uuid4().hex[:16]}"
    left = await _open_walk(client, stream, name, pattern)
    try:
        while left > 0:
            page, left = await _next_page(client, stream, name, min(size, left))
            yield page
    finally:
        await obtain(client, f"CONSUMER.DELETE.{stream}.{name}", {})


async def count_subjects(client: Client, stream: str, pattern: str) -> int:
    """How many subjects match and have a message. Raises `BusUnavailable`."""
    name = f"walk-{uuid4().hex[:16]}"
    count = await _open_walk(client, stream, name, pattern)
    await obtain(client, f"CONSUMER.DELETE.{stream}.{name}", {})
    return count


async def _open_walk(client: Client, stream: str, name: str, pattern: str) -> int:
    """How many subjects there are to walk."""
    config = {
        "name": name,
        "filter_subject": pattern,
        "deliver_policy": "last_per_subject",
        "ack_policy": "none",
        "headers_only": True,
        "mem_storage": True,
        # Should this process end in the middle, the server clears it away.
        "inactive_threshold": 30_000_000_000,
    }
    request = {"stream_name": stream, "config": config, "action": "create"}
    created = await obtain(client, f"CONSUMER.CREATE.{stream}.{name}.{pattern}", request)
    return int(created["num_pending"])


async def _next_page(client: Client, stream: str, name: str, size: int) -> tuple[list[str], int]:
    """A page, and how many subjects are left after it."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    page: list[str] = []
    left = 0
    try:
        request = {"batch": size, "no_wait": True}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        await client.publish(subject, json.dumps(request).encode(), reply=inbox)
        while len(page) < size:
            answer = await answers.next_msg(timeout=TIMEOUT_SECONDS)
            if (answer.headers or {}).get("Status"):
                # Fewer were left than counted: some were removed meanwhile.
                return page, 0
            page.append(answer.subject)
            left = answer.metadata.num_pending
    except (TimeoutError, NatsError, ConnectionError) as error:
        raise BusUnavailable(f"NATS did not answer for the subjects of {stream}: {error!r}") from error
    finally:
        await _quietly_unsubscribe(answers)
    return page, left


async def _quietly_unsubscribe(answers: Subscription) -> None:
    try:
        await answers.unsubscribe()
    except NatsError:
        return
