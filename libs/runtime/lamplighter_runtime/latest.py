"""The last message on each of many subjects, in one round trip."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from lamplighter_runtime.messages import BusUnavailable

TIMEOUT_SECONDS = 3.0
AT_ONCE = 500
"""Subjects in one request; the server answers 1,024 at most."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last message on a subject: its sequence is what a compare-and-set expects."""

    subject: str
    sequence: int
    headers: dict[str, str]
    body: bytes


async def last_messages(client: Client, stream: str, subjects: Sequence[str]) -> dict[str, Last]:
    """By subject, for those that have one. Raises `BusUnavailable`."""
    found: dict[str, Last] = {}
    for start in range(0, len(subjects), AT_ONCE):
        for last in await _ask(client, stream, subjects[start : start + AT_ONCE]):
            found[last.subject] = last
    return found


async def last_message(client: Client, stream: str, subject: str) -> Last | None:
    return (await last_messages(client, stream, [subject])).get(subject)


async def _ask(client: Client, stream: str, subjects: Sequence[str]) -> list[Last]:
    request = json.dumps({"multi_last": list(subjects), "batch": len(subjects)}).encode()
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    try:
        await client.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=inbox)
        return await _collect(answers)
    except (TimeoutError, NatsError, ConnectionError) as error:
        raise BusUnavailable(f"NATS did not answer for the state in {stream}: {error!r}") from error
    finally:
        await _quietly_unsubscribe(answers)


async def _collect(answers: Subscription) -> list[Last]:
    found: list[Last] = []
    while True:
        answer = await answers.next_msg(timeout=TIMEOUT_SECONDS)
        headers = answer.headers or {}
        match headers.get("Status"):
            case None:
                found.append(_last(answer, headers))
            case "204" | "404":
                return found
            case status:
                raise BusUnavailable(f"NATS could not read the state: {status} {headers.get('Description')}")


def _last(answer: Msg, headers: dict[str, str]) -> Last:
    return Last(headers["Nats-Subject"], int(headers["Nats-Sequence"]), headers, answer.data)


async def _quietly_unsubscribe(answers: Subscription) -> None:
    try:
        await answers.unsubscribe()
    except NatsError:
        return
